"use strict";
// Sorting, searching and choosing in tables that ask for it by data-tools. Without it the page is complete.

function sortKey(row, column, kind) {
  const cell = row.cells[column];
  if (kind === "text") return cell.textContent.trim();
  const exact = cell.querySelector("data");
  return exact ? Number(exact.value) : null;
}

function compare(one, other, way) {
  if (one === null || other === null) return (one === null) - (other === null); // n/a comes last
  return way * (typeof one === "number" ? one - other : one.localeCompare(other, undefined, { numeric: true }));
}

function addSorting(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const kind = head.dataset.kind;
    if (!kind) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      const first = kind === "text" ? "ascending" : "descending";
      const second = kind === "text" ? "descending" : "ascending";
      const now = before === first ? second : first;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", now);
      const way = now === "ascending" ? 1 : -1;
      const keyed = [...table.tBodies[0].rows].map((row) => [sortKey(row, column, kind), row]);
      keyed.sort((one, other) => compare(one[0], other[0], way));
      table.tBodies[0].append(...keyed.map((pair) => pair[1]));
    });
  });
}

// What a row may be chosen by: the name of the list, and the entries of the list that the row is under.
const BANDS = [[0.99, "99 % and more"], [0.9, "90 to 99 %"], [0.7, "70 to 90 %"], [0.5, "50 to 70 %"], [0, "under 50 %"]];
const CHOICES = {
  pair: ["Gold and predicted", (row) => [row.dataset.pair]],
  group: ["Group", (row) => row.dataset.groups.split("\n").filter(Boolean)],
  confidence: ["Confidence", (row) => {
    const exact = row.querySelector("[data-head=Confidence] data");
    return exact ? [BANDS.find(([least]) => Number(exact.value) >= least)[1]] : [];
  }],
};

// A search field: the rows that have all its words.
function search(things, rows) {
  const input = document.createElement("input");
  input.type = "search";
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const wanted = () => input.value.toLowerCase().split(/\s+/).filter(Boolean);
  return [`Search ${things}`, input, (i) => wanted().every((word) => texts[i].includes(word))];
}

// A list of what rows may be chosen by, with their numbers; none where all rows are alike.
function choice(kind, rows) {
  const [name, entriesOf] = CHOICES[kind];
  const entries = rows.map(entriesOf);
  const counts = new Map(kind === "confidence" ? BANDS.map(([, band]) => [band, 0]) : []);
  for (const entry of entries.flat()) counts.set(entry, (counts.get(entry) ?? 0) + 1);
  const found = [...counts].filter(([, count]) => count);
  if (!found.some(([, count]) => count < rows.length)) return null;
  if (kind !== "confidence") found.sort((one, other) => other[1] - one[1] || compare(one[0], other[0], 1));
  const select = document.createElement("select");
  select.add(new Option("all", ""));
  for (const [entry, count] of found) select.add(new Option(`${entry} (${count})`, entry));
  return [name, select, (i) => !select.value || entries[i].includes(select.value)];
}

function addTools(table, kinds) {
  const things = table.dataset.things;
  const rows = [...table.tBodies[0].rows];
  const made = kinds.map((kind) => (kind === "search" ? search(things, rows) : choice(kind, rows)));
  const tools = document.createElement("div");
  tools.className = "tools";
  tools.setAttribute("role", "search");
  tools.setAttribute("aria-label", `Choose ${things}`);
  const shown = document.createElement("output");
  const used = made.filter(Boolean);
  for (const [name, input] of used) {
    const label = document.createElement("label");
    label.append(`${name} `, input);
    tools.append(label);
    input.addEventListener("input", () => {
      rows.forEach((row, i) => { row.hidden = !used.every(([, , keeps]) => keeps(i)); });
      const count = rows.filter((row) => !row.hidden).length;
      shown.textContent = count < rows.length ? `${count} of ${rows.length} shown` : "";
    });
  }
  tools.append(shown);
  (table.closest(".scroll") ?? table).before(tools);
}

for (const table of document.querySelectorAll("table[data-tools]")) {
  const kinds = table.dataset.tools.split(" ");
  if (kinds.includes("sort")) addSorting(table);
  const others = kinds.filter((kind) => kind !== "sort");
  if (others.length) addTools(table, others);
}

// What is folded away is printed as well.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const one of folded) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of folded) one.open = false;
});
