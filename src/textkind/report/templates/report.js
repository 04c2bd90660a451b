"use strict";
// Sorting and searching of tables that ask for it by data-tools. Without it the page is complete.

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

function addSearch(table) {
  const things = table.dataset.things;
  const rows = [...table.tBodies[0].rows];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const tools = document.createElement("div");
  tools.className = "tools";
  const label = document.createElement("label");
  label.append(`Search ${things} `);
  const input = document.createElement("input");
  input.type = "search";
  label.append(input);
  const shown = document.createElement("output");
  tools.append(label, shown);
  (table.closest(".scroll") ?? table).before(tools);
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, i) => {
      row.hidden = !wanted.every((word) => texts[i].includes(word));
      count += !row.hidden;
    });
    shown.textContent = wanted.length ? `${count} of ${rows.length} shown` : "";
  });
}

for (const table of document.querySelectorAll("table[data-tools]")) {
  const tools = table.dataset.tools.split(" ");
  if (tools.includes("sort")) addSorting(table);
  if (tools.includes("search")) addSearch(table);
}
