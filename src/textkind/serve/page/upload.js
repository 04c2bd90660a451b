// A file of rows: dropped or picked, labelled with progress, downloaded.

import { clipped, element, labelName, setOptions, tableElement, visible } from "./elements.js";
import { keyWanted } from "./key.js";
import { chosenModel, limits } from "./models.js";
import { labelCounts, predictionsCsv } from "./predictions.js";
import { promisesAsked } from "./promises.js";
import { labelRows } from "./rows.js";
import { Refusal } from "./service.js";
import { FileError, readRecords, tableOf, textColumn } from "./table.js";

const SHOWN = 500; // rows that failed, and labels that are counted
const LONGEST = 200; // characters of the example

const section = document.querySelector("#file-section");
const picker = document.querySelector("#file");
const form = document.querySelector("#rows-form");
const told = document.querySelector("#file-told");
const column = document.querySelector("#column");
const header = document.querySelector("#header");
const example = document.querySelector("#example");
const bar = document.querySelector("#progress");
const status = document.querySelector("#rows-status");
const cancel = document.querySelector("#cancel");
const outcome = document.querySelector("#outcome");

const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

let file = null; // {name, records, notes, marked}
let table = null;
let running = null; // an AbortController
let address = ""; // of what can be downloaded

async function take(found) {
  form.hidden = true;
  outcome.replaceChildren();
  status.textContent = `Reading ${visible(found.name)}.`;
  try {
    file = { name: found.name, ...(await readRecords(found)) };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    status.textContent = visible(error.message);
    return;
  }
  header.checked = file.records.length > 1;
  showTable();
  form.hidden = false;
  status.textContent = "";
}

function showTable() {
  table = tableOf(file.records, header.checked);
  const rejected = table.rejected.length ? ` ${count(table.rejected.length, "row")} cannot be read.` : "";
  told.textContent = visible(`${file.name}: ${count(table.rows.length, "row")}, ${count(table.names.length, "column")}; ${file.notes.join("; ")}.${rejected}`);
  setOptions(column, table.names.map((name, place) => [String(place), visible(name)]));
  column.value = String(textColumn(table));
  showExample();
}

function showExample() {
  const text = table.rows[0]?.fields[Number(column.value)] ?? "";
  example.textContent = clipped(text, LONGEST);
}

async function labelFile() {
  const model = chosenModel();
  const asked = promisesAsked();
  const { rows } = table;
  const place = Number(column.value);
  running = new AbortController();
  setRunning(true);
  const work = {
    signal: running.signal,
    tell: (words) => (status.textContent = words),
    progress: (done) => {
      bar.value = done;
      bar.textContent = `${done} of ${rows.length}`;
    },
  };
  bar.max = rows.length;
  bar.value = 0;
  try {
    const texts = rows.map((row) => row.fields[place]);
    showOutcome(await labelRows(texts, { model: model.name, ...asked }, limits, work), model, asked);
  } catch (error) {
    if (running.signal.aborted) status.textContent = "Cancelled: nothing was kept.";
    else if (keyWanted(error)) status.textContent = "The service asks for a key.";
    else if (error instanceof Refusal) status.textContent = visible(String(error));
    else throw error;
  } finally {
    running.abort(); // what is still asked
    setRunning(false);
  }
}

function setRunning(isRunning) {
  bar.hidden = cancel.hidden = !isRunning;
  for (const one of form.querySelectorAll("select, input, button.main")) one.disabled = isRunning;
  picker.disabled = isRunning;
  if (isRunning) {
    outcome.replaceChildren();
    status.textContent = "Labelling.";
    cancel.focus();
    addEventListener("beforeunload", warn);
  } else {
    removeEventListener("beforeunload", warn);
  }
}

function warn(event) {
  event.preventDefault();
}

function showOutcome({ results, failed, versions }, model, asked) {
  URL.revokeObjectURL(address);
  const csv = predictionsCsv(table, results, model, asked, file.marked);
  address = URL.createObjectURL(new Blob([csv], { type: "text/csv" }));
  const link = element("a", { href: address, download: file.name.replace(/(\.\w+)?$/, ".labelled.csv"), className: "button" }, "Download the predictions");
  const lost = [...table.rejected, ...[...failed].map(([place, why]) => ({ line: table.rows[place].line, why }))].sort((one, other) => one.line - other.line);
  const done = table.rows.length - failed.size;
  const summary = `${count(done, "row")} labelled by ${visible(model.name)}, ${count(lost.length, "row")} not.`;
  status.textContent = versions.size > 1 ? `${summary} The model was replaced meanwhile: ${[...versions].map(([version, texts]) => `${count(texts, "row")} by version ${version}`).join(", ")}.` : summary;
  outcome.replaceChildren(element("p", {}, link), countsTable(labelCounts(results)), ...(lost.length ? [lostTable(lost)] : []));
  link.focus();
}

function countsTable(counts) {
  const rows = counts.slice(0, SHOWN).map(([label, texts]) =>
    element("tr", {}, element("th", { scope: "row" }, label === null ? "no label" : labelName(label)), element("td", { className: "number" }, texts.toLocaleString("en"))),
  );
  return scrolledTable("Rows of each label", ["Label", "Rows"], rows, counts.length);
}

function lostTable(lost) {
  const rows = lost.slice(0, SHOWN).map(({ line, why }) => element("tr", {}, element("td", { className: "number" }, String(line)), element("td", {}, visible(why))));
  return scrolledTable("Rows that are not in the download", ["Line", "Why"], rows, lost.length);
}

// A table in a box that scrolls, with a word on how many rows it leaves out.
function scrolledTable(caption, heads, rows, all) {
  const left = all > rows.length ? `, the first ${rows.length} of ${all.toLocaleString("en")}` : "";
  const made = tableElement({ className: "counts" }, caption + left, heads, rows);
  return element("div", { className: "scroll tall", tabIndex: 0, role: "region", ariaLabel: caption }, made);
}

picker.addEventListener("change", () => picker.files[0] && take(picker.files[0]));
header.addEventListener("change", showTable);
column.addEventListener("change", showExample);
cancel.addEventListener("click", () => running.abort());
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (document.querySelector("#label-form").reportValidity()) labelFile();
});
addEventListener("dragover", (event) => {
  event.preventDefault(); // else the browser would open the file
  section.classList.toggle("over", event.dataTransfer.types.includes("Files"));
});
addEventListener("dragleave", () => section.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  section.classList.remove("over");
  if (event.dataTransfer.files[0] && bar.hidden) take(event.dataTransfer.files[0]);
});
