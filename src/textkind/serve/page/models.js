// The models of the service: read, shown, chosen from.

import { percent } from "./answer.js";
import { element, factList, labelNames, setOptions, visible } from "./elements.js";
import { allowPromises } from "./promises.js";
import { readModels } from "./service.js";

const HEADLINES = { accuracy: "accuracy", macro_f1: "macro F1", micro_f1: "micro F1" };
const LABELS = 30; // shown of each model

const chosen = document.querySelector("#model");
const other = document.querySelector("#other");
let models = new Map();

export let limits = null;

// Ask the service for its models, and show them.
export async function loadModels() {
  const told = await readModels();
  limits = told.limits;
  models = new Map(told.models.map((model) => [model.name, model]));
  const names = [...models.keys()].map((name) => [name, visible(name)]);
  setOptions(chosen, names);
  setOptions(other, [["", "none"], ...names]);
  other.closest("p").hidden = models.size < 2;
  allowPromises(chosenModel());
  document.querySelector("#models").replaceChildren(...told.models.map(modelElement));
}

export function chosenModel() {
  return models.get(chosen.value);
}

// The models to ask: the chosen one, and the one to compare it with.
export function modelsAsked() {
  const both = [chosenModel(), models.get(other.value)];
  return both.filter((model, place) => model !== undefined && both.indexOf(model) === place);
}

function modelElement(model) {
  const names = labelNames(model.labels.slice(0, LABELS));
  const rest = model.labels.length - LABELS;
  const created = model.trained.created?.slice(0, 10) ?? "an unknown day";
  const facts = [
    ["Model", [`${model.kind}, version ${model.version}`]],
    ["Trained", [`${created}, on ${model.trained.rows.toLocaleString("en")} texts of `, visible(model.trained.source)]],
    ["Test", [testFigures(model.test)]],
    [`${model.labels.length.toLocaleString("en")} labels, ${model.several ? "several" : "one"} a text`, [...names, rest > 0 ? `, and ${rest.toLocaleString("en")} more` : ""]],
  ];
  return element("div", {}, element("h3", {}, visible(model.name)), factList(facts));
}

function testFigures(test) {
  const found = Object.entries(HEADLINES).filter(([name]) => typeof test?.[name] === "number");
  if (!found.length) return "-";
  const rows = test.rows ? ` on ${test.rows.toLocaleString("en")} texts` : "";
  return found.map(([name, told]) => `${told} ${percent(test[name])}`).join(", ") + rows;
}

chosen.addEventListener("change", () => allowPromises(chosenModel()));
