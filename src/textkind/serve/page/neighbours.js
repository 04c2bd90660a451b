// The training texts nearest to a text: which taught the model this.

import { clipped, element, labelNames, visible } from "./elements.js";
import { fill } from "./later.js";

const NEAREST = 5;
const LONGEST = 300; // characters of a text at first

// A section that asks for the nearest training texts and shows them.
export function neighboursElement(model, text, signal) {
  const told = element("div", { className: "told" });
  fill(told, { text, model: model.name, similar: NEAREST }, signal, ({ similar }) =>
    similar === null ? [element("p", { className: "aside" }, "Nothing in the text is known, so that no text is near.")] : [element("ol", { className: "near" }, ...similar.map(neighbour))],
  );
  return element("section", { className: "explanation" }, element("h3", {}, "Nearest training texts"), told);
}

function neighbour({ row, text, labels, similarity, differs }) {
  const names = labelNames(labels ?? []);
  return element(
    "li",
    {},
    ...(names.length ? names : ["no label"]),
    ...(differs ? [" ", element("span", { className: "wrong" }, "(another label)")] : []),
    element("small", {}, `similarity ${similarity.toFixed(3)}, row ${row}`),
    wholeText(text),
  );
}

function wholeText(text) {
  const whole = element("p", { className: "whole", dir: "auto" }, visible(text));
  return text.length <= LONGEST ? whole : element("details", {}, element("summary", {}, clipped(text, LONGEST)), whole);
}
