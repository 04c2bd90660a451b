// How the text became a label: the steps of its road, each with what it takes and gives, and its tables.

import { clipped, element, labelName, visible } from "./elements.js";
import { fill } from "./later.js";

const LONGEST = 200; // characters of a cell
const MOST_DIGITS = 1000; // from here on numbers have no decimals
const LEAST = 0.001; // below it they are written by powers of ten

const CELLS = {
  text: (value) => element("bdi", {}, clipped(withEdges(value), LONGEST)),
  whole: (value) => exact(value, value.toLocaleString("en")),
  number: (value) => exact(value, number(value)),
  signed: (value) => exact(value, (value < 0 ? "\u2212" : "+") + number(Math.abs(value))),
  share: (value) => exact(value, `${(100 * value).toFixed(1)} %`),
  mark: (value) => (value ? "yes" : "no"),
};

// A section that asks for the road of a text when it is opened.
export function traceElement(model, text, signal) {
  const told = element("div", { className: "told" });
  const road = element("details", { className: "road" }, element("summary", {}, "How the text became a label"), told);
  const show = () => fill(told, { text, model: model.name, trace: true }, signal, ({ trace }) => trace.steps.map((step, place) => stepElement(step, place + 1, trace.labels)));
  road.addEventListener("toggle", show, { once: true });
  return element("section", { className: "explanation" }, road);
}

function stepElement({ name, sentence, takes, gives, tables }, place, labels) {
  return element(
    "div",
    {},
    element("h3", {}, `${place}. ${name[0].toUpperCase()}${name.slice(1)}`),
    element("p", {}, visible(sentence), element("small", {}, `${quantity(takes)} \u2192 ${quantity(gives)}`)),
    ...tables.filter((table) => table.rows.length).map((table) => (table.name === "text" ? readText(table) : stepTable(table, labels))),
  );
}

// The shape and name, and the length where it is of numbers: 3 logits, of length 4.2.
function quantity({ name, shape, norm }) {
  const sizes = shape.map((size) => size.toLocaleString("en")).join(" \u00d7 ");
  const one = shape.length === 1 && shape[0] === 1;
  const told = name === "vector" ? `a vector of ${sizes}` : `${sizes} ${one ? name.replace(/s\b/, "") : name}`;
  return norm === null ? told : `${told}, of length ${number(norm)}`;
}

// The text as the model reads it.
function readText({ rows: [[text]] }) {
  return element("p", { className: "whole", dir: "auto", tabIndex: 0, role: "group", ariaLabel: "The text as it is read" }, visible(text));
}

function stepTable({ name, columns, rows, of, ends }, labels) {
  const side = columns.map(({ kind }) => (kind === "text" ? "" : "number"));
  const count = of > rows.length ? `, ${rows.length.toLocaleString("en")} of ${of.toLocaleString("en")} rows` : "";
  const head = columns.map((column, place) => element("th", { scope: "col", className: side[place] }, labels.includes(column.name) ? labelName(column.name) : visible(column.name)));
  const body = [...rows, ...ends].map((row, at) => {
    const cells = row.map((value, place) => element("td", { className: side[place] }, value === null ? "-" : CELLS[columns[place].kind](value)));
    return element("tr", { className: at < rows.length ? "" : "end" }, ...cells);
  });
  const told = `${name[0].toUpperCase()}${name.slice(1)}${count}`;
  const table = element("table", {}, element("caption", {}, told), element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body));
  return element("div", { className: "scroll", tabIndex: 0, role: "group", ariaLabel: `Table of ${name}` }, table);
}

function exact(value, told) {
  return element("data", { value }, told);
}

// As `textkind trace` writes it.
function number(value) {
  const size = Math.abs(value);
  if (size >= MOST_DIGITS) return Math.round(value).toLocaleString("en");
  return size >= LEAST || size === 0 ? value.toFixed(3) : value.toExponential(1);
}

// Spaces at the ends belong to n-grams of characters: they are made visible.
function withEdges(text) {
  return text.replace(/^ +| +$/g, (spaces) => "\u2423".repeat(spaces.length));
}
