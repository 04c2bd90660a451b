// Which words decided: the text with its words shaded by weight, and the heaviest with their numbers.

import { element, labelName, setOptions, visible } from "./elements.js";
import { fill } from "./later.js";

const HEAVIEST = 10; // words of the table
const LEVELS = 5; // shades of each side
const FAINT = 0.04; // of the heaviest: not shaded below it
const METHODS = { weights: "exact weights", gradients: "integrated gradients", "leave-one-out": "words left out one after the other" };

// A section that asks for the explanation of a text and shows it; its two menus ask for another one.
export function explanationElement(model, text, signal) {
  const label = element("select", { ariaLabel: "Label to explain" });
  const against = element("select", { ariaLabel: "Label to compare with" });
  const told = element("div", { className: "told" });
  const names = model.labels.map((name) => [name, visible(name)]);
  setOptions(label, [["", "the label given"], ...names]);
  setOptions(against, [["", "the rest"], ...names]);
  const section = element(
    "section",
    { className: "explanation" },
    element("h3", {}, "Why"),
    element("p", { className: "choices" }, element("span", {}, "Why ", label), element("span", {}, " rather than ", against)),
    told,
  );
  let asking = new AbortController();
  const show = () => {
    asking.abort();
    asking = new AbortController();
    against.disabled = label.value === "";
    if (against.disabled) against.value = "";
    const asked = label.value === "" ? true : { label: label.value, ...(against.value === "" ? {} : { against: against.value }) };
    const both = AbortSignal.any([signal, asking.signal]);
    fill(told, { text, model: model.name, explain: asked }, both, ({ explanations }) => explanations.flatMap((one) => explained(one, text)));
  };
  label.addEventListener("change", show);
  against.addEventListener("change", show);
  show();
  return section;
}

function explained(explanation, text) {
  const { label, against, method, difference, notes } = explanation;
  const head = element(
    "p",
    {},
    labelName(label),
    ...(against === null ? [] : [" rather than ", labelName(against)]),
    `: ${signed(difference)} logits, by ${METHODS[method]}`,
  );
  const told = notes.length ? [element("ul", { className: "notes" }, ...notes.map((note) => element("li", {}, visible(note))))] : [];
  return [head, shaded(explanation.pieces, text), heaviest(explanation.pieces), ...told];
}

function signed(weight) {
  return `${weight < 0 ? "−" : "+"}${Math.abs(weight).toPrecision(3)}`;
}

// Places of pieces count code points.
function shaded(pieces, text) {
  const points = [...text];
  const most = Math.max(...pieces.map((piece) => Math.abs(piece.weight)), 0);
  const shown = element("p", { className: "whole", dir: "auto", tabIndex: 0, role: "group", ariaLabel: "The text, its words shaded by weight" });
  let at = 0;
  for (const { start, end, weight } of pieces) {
    shown.append(visible(points.slice(at, start).join("")));
    const words = visible(points.slice(start, end).join(""));
    const share = most > 0 ? Math.abs(weight) / most : 0;
    if (share < FAINT) shown.append(words);
    else shown.append(element("span", { className: `${weight < 0 ? "wrong" : "right"}${Math.ceil(share * LEVELS)}`, title: signed(weight) }, words));
    at = end;
  }
  shown.append(visible(points.slice(at).join("")));
  return shown;
}

function heaviest(pieces) {
  const rows = pieces
    .filter((piece) => piece.weight !== 0)
    .toSorted((one, other) => Math.abs(other.weight) - Math.abs(one.weight))
    .slice(0, HEAVIEST)
    .map(({ text, weight }) =>
      element("li", { className: weight < 0 ? "against" : "for" }, element("bdi", {}, visible(text)), " ", element("data", { value: weight }, signed(weight))),
    );
  return rows.length ? element("ul", { className: "ngrams", ariaLabel: "The heaviest words" }, ...rows) : element("p", { className: "aside" }, "No word of the text weighs anything.");
}
