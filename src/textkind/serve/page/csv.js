// Delimited text to records and back, by RFC 4180.

const DELIMITERS = [",", "\t", ";", "|"];
const HEAD = 200_000; // characters that the delimiter is told from

// {records: [{line, fields, flawed}], open}: line is where a record begins, from 1; flawed: text after a closing quote;
// open: the line of a quote that is never closed, or 0. Empty lines are no records.
export function parse(text, delimiter, quotes = true) {
  const records = [];
  let at = 0;
  let line = 1;
  let open = 0;
  while (at < text.length) {
    const record = { line, fields: [], flawed: false };
    const begin = at;
    let stop = at;
    for (let more = true; more; at = stop + 1) {
      let field = "";
      const isQuoted = quotes && text[at] === '"';
      if (isQuoted) {
        const [found, end] = unquote(text, at + 1);
        if (end > text.length) open ||= line;
        line += text.slice(at, end).match(/\r\n?|\n/g)?.length ?? 0;
        [field, at] = [found, end];
      }
      stop = at;
      while (stop < text.length && text[stop] !== delimiter && text[stop] !== "\n" && text[stop] !== "\r") stop++;
      record.flawed ||= isQuoted && stop > at;
      record.fields.push(field + text.slice(at, stop));
      more = text[stop] === delimiter;
    }
    if (text[stop] === "\r" && text[stop + 1] === "\n") at++;
    line++;
    if (stop > begin) records.push(record);
  }
  return { records, open };
}

// The field that begins behind a quote, and the place behind its end: beyond the text where it has none.
function unquote(text, at) {
  for (let field = ""; ; ) {
    const close = text.indexOf('"', at);
    if (close < 0) return [field + text.slice(at), text.length + 1];
    field += text.slice(at, close);
    if (text[close + 1] !== '"') return [field, close + 1];
    field += '"';
    at = close + 2;
  }
}

// The delimiter that parts a text into the most even rows, and of equal ones into the most fields.
export function sniff(text, isTabs) {
  const head = text.slice(0, HEAD);
  if (isTabs && head.includes("\t")) return "\t";
  let best = [",", 0, 1];
  for (const delimiter of DELIMITERS) {
    const { records } = parse(head, delimiter);
    if (head.length < text.length) records.pop(); // it may be cut
    const width = records[0]?.fields.length ?? 0;
    const even = records.filter((one) => one.fields.length === width).length / records.length;
    if (width > 1 && (even > best[1] || (even === best[1] && width > best[2]))) best = [delimiter, even, width];
  }
  return best[0];
}

// Rows of strings as CSV with commas; fields are quoted where they must be.
export function format(rows) {
  const field = (value, _, row) => (/[",\r\n]/.test(value) || (row.length === 1 && value === "") ? `"${value.replaceAll('"', '""')}"` : value);
  return rows.map((row) => row.map(field).join(",") + "\n").join("");
}
