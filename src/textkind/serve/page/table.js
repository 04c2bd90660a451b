// A file to a table: its encoding, delimiter and quotes settled, and told.

import { parse, sniff } from "./csv.js";

const MOST = 200_000_000; // bytes
const SAMPLE = 200; // rows that the text column is chosen by
const FOREIGN = { "PK\x03\x04": "an Excel workbook or a zip archive", "\xd0\xcf\x11\xe0": "an old Excel file", "PAR1": "a Parquet file", "\x1f\x8b": "a gzip archive" };
const NAMES = { ",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars" };

// What is wrong with a file, in words for its owner.
export class FileError extends Error {}

// {records, notes, marked}: the records of a dropped file; marked: it begins with a byte-order mark.
export async function readRecords(file) {
  if (file.size > MOST) throw new FileError(`${file.name} has more than 200 MB. textkind predict reads files of any size.`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { text, marked } = decoded(bytes, file.name);
  if (text.trim() === "") throw new FileError(`${file.name} is empty.`);
  const delimiter = sniff(text, /\.(tsv|tab)$/i.test(file.name));
  const notes = [`fields are separated by ${NAMES[delimiter]}`];
  let { records, open } = parse(text, delimiter);
  if (open || records.some((one) => one.flawed)) {
    const plain = parse(text, delimiter, false).records;
    if (plain.every((one) => one.fields.length === plain[0].fields.length)) {
      notes.push("quotes are read as plain characters, since every line has the right number of fields without them");
      return { records: plain, notes, marked };
    }
  }
  if (open) throw new FileError(`Line ${open.toLocaleString("en")} of ${file.name} opens a quote that is never closed.`);
  return { records, notes, marked };
}

function decoded(bytes, name) {
  const head = String.fromCharCode(...bytes.slice(0, 4));
  for (const [magic, what] of Object.entries(FOREIGN)) {
    if (head.startsWith(magic)) throw new FileError(`${name} is ${what}. Save the table as CSV.`);
  }
  const wide = head.startsWith("\xff\xfe") ? "utf-16le" : head.startsWith("\xfe\xff") ? "utf-16be" : "";
  try {
    const text = new TextDecoder(wide || "utf-8", { fatal: true }).decode(bytes);
    return { text, marked: wide !== "" || head.startsWith("\xef\xbb\xbf") };
  } catch {
    throw new FileError(`${name} is not UTF-8. Save it as "CSV UTF-8", or use textkind predict with --encoding.`);
  }
}

// {names, rows: [{line, fields}], rejected: [{line, why}]} of records, whose first may hold the names.
export function tableOf(records, hasHeader) {
  const width = records[0].fields.length;
  const names = records[0].fields.map((name, place) => (hasHeader && name.trim()) || `column ${place + 1}`);
  const rows = [];
  const rejected = [];
  for (const record of hasHeader ? records.slice(1) : records) {
    const found = record.fields.length;
    if (record.flawed) rejected.push({ line: record.line, why: "text after a closing quote: a quote within quotes is written twice" });
    else if (found !== width) rejected.push({ line: record.line, why: `wrong number of fields: ${found} where the first line has ${width}` });
    else rows.push(record);
  }
  return { names, rows, rejected };
}

// The place of the column called text, else of the one with the most characters.
export function textColumn({ names, rows }) {
  const named = names.findIndex((name) => name.toLowerCase() === "text");
  if (named >= 0) return named;
  const sums = names.map((_, place) => rows.slice(0, SAMPLE).reduce((sum, row) => sum + row.fields[place].length, 0));
  return sums.indexOf(Math.max(...sums));
}
