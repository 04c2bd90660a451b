// The page: starts it, and labels the text that is typed.

import { answerElement, answerFields, refusalElement, summary } from "./answer.js";
import { explanationElement } from "./explanation.js";
import { keyWanted } from "./key.js";
import { loadModels, modelsAsked } from "./models.js";
import { neighboursElement } from "./neighbours.js";
import { patiently } from "./patience.js";
import { promisesAsked } from "./promises.js";
import { Refusal, predict } from "./service.js";
import { traceElement } from "./trace.js";

const form = document.querySelector("#label-form");
const text = document.querySelector("#text");
const why = document.querySelector("#why");
const status = document.querySelector("#status");
const answers = document.querySelector("#answers");

let asking = new AbortController();
let toldModels;
let areKnown = false;
const knownModels = new Promise((resolve) => (toldModels = resolve));

async function start() {
  const signal = new AbortController().signal;
  try {
    await patiently(loadModels, signal, (words) => (status.textContent = words));
  } catch (error) {
    if (keyWanted(error)) return;
    status.textContent = String(error);
    throw error;
  }
  for (const one of document.querySelectorAll("[data-waits]")) one.disabled = false;
  areKnown = true;
  toldModels();
}

async function label() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  answers.setAttribute("aria-busy", "true");
  if (areKnown || !status.textContent) status.textContent = "Asking."; // else why they are not stays
  await knownModels; // the keyboard does not wait for the button
  if (signal.aborted) return;
  status.textContent = "Asking.";
  const models = modelsAsked();
  try {
    const found = await Promise.all(models.map((model) => ask(model, signal)));
    signal.throwIfAborted();
    answers.replaceChildren(...found.map((one) => one.element));
    status.textContent = summary(models, found.map((one) => one.result));
  } catch (error) {
    if (signal.aborted) return;
    if (!keyWanted(error)) throw error;
    status.textContent = "";
  }
  answers.removeAttribute("aria-busy");
}

// {element, result} of one model: its answer, or why it refuses.
async function ask(model, signal) {
  const asked = { ...answerFields(model), ...promisesAsked() };
  const body = { text: text.value, model: model.name, ...asked };
  try {
    const answer = await patiently(() => predict(body, signal), signal, (words) => words && (status.textContent = words));
    const result = answer.results[0];
    const made = answerElement(model, answer.version, result, asked);
    if (!result.error) {
      if (why.checked) made.append(explanationElement(model, body.text, signal));
      if (model.similar) made.append(neighboursElement(model, body.text, signal));
      made.append(traceElement(model, body.text, signal));
    }
    return { element: made, result };
  } catch (error) {
    if (!(error instanceof Refusal) || error.status === 401) throw error;
    return { element: refusalElement(model, error), result: null };
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  label();
});
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
document.addEventListener("service-back", start);
document.addEventListener("key-given", start);
start();
