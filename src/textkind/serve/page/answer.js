// What a model says of a text, as elements.

import { element, factList, failure, labelName, labelNames, visible } from "./elements.js";

const FIRST = 8; // labels that are shown at once
const MOST = 100; // labels that are asked for

// The fields to ask for beside the promises.
export function answerFields(model) {
  return { top: Math.max(2, Math.min(model.labels.length, MOST)), novelty: model.novelty, tokens: model.limited };
}

// The label or labels of a result, in words; where it is held back, why it is in flags().
function given(result) {
  if (result.labels) {
    return result.labels.length ? labelNames(result.labels) : ["No label"];
  }
  return result.label === undefined || result.label === null ? ["No label: held back"] : [labelName(result.label)];
}

function flags(result, asked) {
  const found = [];
  if (result.answered === false) {
    found.push(`Unsure: below the least confidence that keeps wrong answers to ${percent(asked.max_error)}.`);
  }
  if (result.novel === true) {
    found.push(`Out of scope: less like what was learned than ${percent(asked.reject_novel)} of known texts.`);
  }
  if (result.tokens_unread) {
    found.push(`${result.tokens_unread.toLocaleString("en")} of ${(result.tokens_read + result.tokens_unread).toLocaleString("en")} tokens are beyond the model's limit and were not read.`);
  }
  return found.length ? [element("ul", { className: "flags" }, ...found.map((one) => element("li", {}, one)))] : [];
}

export function percent(value) {
  if (value > 0 && value < 0.0005) return "< 0.1 %";
  return value < 1 && value >= 0.9995 ? "> 99.9 %" : `${Number((100 * value).toFixed(1))} %`;
}

function bar(value) {
  const fill = element("span", { className: "fill" });
  fill.style.width = `${100 * value}%`;
  return element("span", { className: "track", "aria-hidden": "true" }, fill);
}

function row({ label, probability }, isGiven) {
  return element(
    "tr",
    { className: isGiven ? "given" : "" },
    element("th", { scope: "row" }, labelName(label), ...(isGiven ? [element("small", {}, "given")] : [])),
    element("td", { className: "bar" }, bar(probability)),
    element("td", { className: "number" }, percent(probability), element("small", {}, element("data", { value: probability }, String(probability)))),
  );
}

function bars(result, model) {
  const chosen = new Set(result.labels ?? [result.label]);
  const rows = result.top.map((one) => row(one, chosen.has(one.label)));
  const table = (some, caption) => element("table", { className: "labels" }, element("caption", {}, caption), element("tbody", {}, ...some));
  const told = model.several ? "Probability of each label" : "Calibrated probabilities";
  if (rows.length <= FIRST) return [table(rows, told)];
  const rest = model.labels.length - rows.length;
  const more = `${rows.length - FIRST} more labels${rest ? `, and ${rest.toLocaleString("en")} less probable` : ""}`;
  return [
    table(rows.slice(0, FIRST), told),
    element("details", {}, element("summary", {}, more), table(rows.slice(FIRST), "Less probable labels")),
  ];
}

function facts(result, asked) {
  const found = [];
  if (result.label_set) {
    const names = result.label_set.length ? labelNames(result.label_set) : ["none"];
    found.push([`Labels that hold the true one for ${percent(asked.sets)} of texts`, names]);
  }
  if (result.novelty !== undefined) {
    found.push(["Novelty", [element("data", { value: result.novelty }, String(Number(result.novelty.toPrecision(4))))]]);
  }
  return found.length ? [factList(found)] : [];
}

// An article on the result of one text; asked are the fields of the request.
export function answerElement(model, version, result, asked) {
  if (result.error) return article(model, version, failure(result.error.problem));
  const value = element("p", { className: "value" }, ...given(result));
  return article(model, version, value, ...flags(result, asked), ...bars(result, model), ...facts(result, asked));
}

// The same place for what was refused.
export function refusalElement(model, refusal) {
  return article(model, model.version, failure(String(refusal)));
}

function article(model, version, ...children) {
  const head = element("h2", {}, visible(model.name), element("small", {}, `${model.kind}, version ${version}`));
  return element("article", { className: "answer" }, head, ...children);
}

// What all models say, as sentences; a result is null where one refuses.
export function summary(models, results) {
  const said = results.map((result) => result && !result.error && JSON.stringify(result.labels?.toSorted() ?? result.label));
  const told = results.map((result, place) => visible(`${models[place].name}: ${said[place] ? spoken(result) : "no answer"}.`));
  if (said.length > 1 && said.every(Boolean)) told.push(said[0] === said[1] ? "They agree." : "They disagree.");
  return told.join(" ");
}

function spoken(result) {
  if (result.labels) return result.labels.join(", ") || "no label";
  return result.label === null || result.label === undefined ? "held back" : `${result.label}, ${percent(result.probability)}`;
}
