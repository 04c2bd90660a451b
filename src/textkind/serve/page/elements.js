// Elements from names and texts. Texts become text nodes, never markup.

const DIRECTION_MARKS = {
  "\u061c": "ALM", "\u200e": "LRM", "\u200f": "RLM", "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF", "\u202d": "LRO",
  "\u202e": "RLO", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI",
};

// The text with every control character and direction override made visible, as in the report.
export function visible(text) {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029]/g, "\n")
    .replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (mark) => `\u2039${DIRECTION_MARKS[mark]}\u203a`)
    .replace(/[\0-\x08\x0b-\x1f\x7f]/g, (mark) => `\u2039${mark.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}\u203a`)
    .replace(/[\x80-\x9f\ufffe\uffff]/g, "\ufffd");
}

// The beginning of a text that is longer than so many characters.
export function clipped(text, most) {
  return visible(text.length > most ? `${text.slice(0, most)}\u2026` : text);
}

// An element with properties, attributes where there is no such property, and children.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// The name of a label: isolated in its writing direction.
export function labelName(label) {
  return element("bdi", { className: "name" }, visible(label).trim() === "" ? "(blank)" : visible(label));
}

// The names of several labels with commas between them; none for no label.
export function labelNames(labels) {
  return labels.flatMap((label, place) => (place ? [", ", labelName(label)] : [labelName(label)]));
}

// Terms with what is told of each: [term, children] pairs.
export function factList(pairs) {
  return element("dl", { className: "facts" }, ...pairs.flatMap(([term, told]) => [element("dt", {}, term), element("dd", {}, ...told)]));
}

// A table of named columns; rows are its `tr`.
export function tableElement(properties, caption, heads, rows) {
  const head = element("thead", {}, element("tr", {}, ...heads.map((one) => element("th", { scope: "col" }, one))));
  return element("table", properties, element("caption", {}, caption), head, element("tbody", {}, ...rows));
}

// Words that tell what went wrong.
export function failure(words) {
  return element("p", { className: "wrong" }, visible(words));
}

// Put these options into a select, and keep what was chosen where it is still there.
export function setOptions(select, pairs) {
  const before = select.value;
  select.replaceChildren(...pairs.map(([value, told]) => element("option", { value }, told)));
  if (pairs.some(([value]) => value === before)) select.value = before;
}
