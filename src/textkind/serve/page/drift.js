// The drift of each model: what is asked of it beside what its validation texts were.

import { percent } from "./answer.js";
import { element, tableElement, visible } from "./elements.js";
import { keyWanted } from "./key.js";
import { Refusal, readDrift } from "./service.js";

const FIGURES = { labels: "Labels", confidence: "Confidence", length: "Bytes of a text", novelty: "Novelty" };

const button = document.querySelector("#look");
const status = document.querySelector("#drift-status");
const place = document.querySelector("#drift");

async function look() {
  status.textContent = "Asking.";
  try {
    const { models } = await readDrift();
    place.replaceChildren(...models.map(modelElement));
    const drifting = models.filter((model) => Object.values(model.figures).some((one) => one.window.drift));
    status.textContent = drifting.length ? `Drift: ${drifting.map((model) => visible(model.name)).join(", ")}.` : "No drift.";
  } catch (error) {
    status.textContent = keyWanted(error) ? "" : error instanceof Refusal ? visible(String(error)) : "The service does not answer.";
  }
}

function modelElement({ name, figures }) {
  const found = Object.entries(figures);
  const told = found.length ? [summaryTable(found), ...found.map(cellsElement)] : [element("p", { className: "aside" }, "Trained without validation texts: there is nothing to compare with.")];
  return element("div", {}, element("h3", {}, visible(name)), ...told);
}

function number(value) {
  return value === null ? "-" : value.toFixed(3);
}

function namedRows(caption, heads, rows) {
  const body = rows.map(([name, ...cells]) =>
    element("tr", {}, element("th", { scope: "row" }, element("bdi", {}, name)), ...cells.map((one) => element("td", { className: one === "drift" ? "wrong" : "" }, one))),
  );
  return tableElement({}, caption, heads, body);
}

function summaryTable(found) {
  const rows = found.map(([figure, { window }]) => {
    const verdict = window.index === null ? "-" : window.drift ? "drift" : "no drift";
    return [FIGURES[figure] ?? figure, window.texts.toLocaleString("en"), number(window.index), number(window.limit), verdict];
  });
  return namedRows("The latest texts beside validation", ["Figure", "Texts", "Index", "Limit", ""], rows);
}

// A cell is a label, or what lies below its upper border; null is above them all, or no label.
function cellsElement([figure, { cells, validation, window }]) {
  const sum = (counts) => counts.reduce((one, other) => one + other, 0);
  const shares = (counts) => counts.map((count) => (sum(counts) ? percent(count / sum(counts)) : "-"));
  const [before, now] = [shares(validation), shares(window.counts)];
  const name = (cell) => (typeof cell === "number" ? `to ${Number(cell.toPrecision(4))}` : (cell ?? (figure === "labels" ? "none" : "above")));
  const rows = cells.map((cell, row) => [visible(name(cell)), before[row], now[row]]);
  return element("details", {}, element("summary", {}, FIGURES[figure] ?? figure), namedRows("Shares of texts", ["", "Validation", "Latest"], rows));
}

button.addEventListener("click", look);
