// Results to the columns that textkind predict writes.

import { format } from "./csv.js";

const JOINTS = ["|", ";", ",", "/", "\n"]; // between several labels of a text: the first that no label holds

const MORE = { max_error: "answered", sets: "label_set", reject_novel: "novel" }; // what was asked: the column it brings

// CSV of the rows that have a result, with columns for the predictions behind their own.
export function predictionsCsv({ names, rows }, results, model, asked, marked) {
  const best = model.several ? ["labels", "probabilities"] : ["label", "probability"];
  const fields = [...best, ...Object.keys(MORE).filter((name) => name in asked).map((name) => MORE[name])];
  let prefix = "";
  while (fields.some((name) => names.includes(prefix + name))) prefix += "predicted_";
  const joint = JOINTS.find((one) => !model.labels.some((label) => label.includes(one))) ?? "\n";
  const cell = (value) => (value === null ? "" : Array.isArray(value) ? value.join(joint) : String(value));
  const lines = [[...names, ...fields.map((name) => prefix + name)]];
  rows.forEach((row, place) => {
    const result = results[place];
    if (result) lines.push([...row.fields, ...fields.map((name) => cell(result[name]))]);
  });
  return (marked ? "\ufeff" : "") + format(lines);
}

// [label, texts] of all labels given, the most frequent first; null stands for none.
export function labelCounts(results) {
  const counts = new Map();
  for (const result of results.filter(Boolean)) {
    const given = result.labels === undefined ? [result.label] : result.labels?.length ? result.labels : [null];
    for (const label of given) counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].sort((one, other) => other[1] - one[1]);
}
