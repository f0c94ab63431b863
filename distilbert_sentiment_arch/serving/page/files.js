/** Texts out of files, and tables into files. */

const TEXT_NAMES = /^(text|sentence|review|comment|content|body|message|input|title)s?$/i;
const MAX_BYTES = 20 * 2 ** 20;

/**
 * Reads the texts of a file.
 * @param {File} file A .txt (one text a line), .jsonl, .csv or .tsv file in UTF-8.
 * @returns {Promise<{columns: string[], rows: string[][], column: number}>} Its cells, and which
 *   column has the texts.
 */
export async function readTable(file) {
  if (file.size > MAX_BYTES) throw new Error(`${file.name} is larger than 20 MiB. Split it.`);
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Error(`${file.name} is not UTF-8. Save it as UTF-8.`);
  }
  if (/\.(jsonl|ndjson)$/i.test(file.name)) return fromJsonl(text);
  if (/\.(csv|tsv)$/i.test(file.name)) return fromCsv(text);
  return { columns: ["text"], rows: lines(text).map((line) => [line]), column: 0 };
}

/** The lines of a text that are not blank. @param {string} text */
export const lines = (text) => text.split(/\r\n|\n|\r/).filter((line) => line.trim());

function fromJsonl(text) {
  const records = lines(text).map((line, index) => {
    let value;
    try {
      value = JSON.parse(line);
    } catch {
      throw new Error(`Line ${index + 1} is not JSON. A .jsonl file has one JSON value a line.`);
    }
    return value !== null && typeof value === "object" ? value : { text: value };
  });
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const cell = (value) => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
  return table(columns, records.map((record) => columns.map((name) => cell(record[name]))));
}

function fromCsv(text) {
  const records = parseCsv(text).filter((record) => record.some((cell) => cell.trim()));
  const first = records[0] ?? [];
  // A header names its columns in few characters, and no two alike.
  const headed =
    first.some((cell) => TEXT_NAMES.test(cell.trim())) ||
    (records.length > 1 && first.length > 1 && new Set(first).size === first.length &&
      first.every((cell) => cell.length < 30 && cell.trim() && Number.isNaN(Number(cell))));
  const columns = first.map((cell, index) => (headed ? cell : `column ${index + 1}`));
  return table(columns, headed ? records.slice(1) : records);
}

/** Chooses the column of texts: by its name, or else the one with the longest cells. */
function table(columns, rows) {
  const named = columns.findIndex((name) => TEXT_NAMES.test(name.trim()));
  const lengths = columns.map((_, at) =>
    rows.slice(0, 200).reduce((sum, row) => sum + (row[at] ?? "").length, 0),
  );
  return { columns, rows, column: named < 0 ? lengths.indexOf(Math.max(...lengths)) : named };
}

/** Splits CSV (RFC 4180) at the separator that its first line has most of. */
function parseCsv(text) {
  const head = text.slice(0, text.search(/[\r\n]|$/)).replace(/"[^"]*"/g, "");
  const counts = [",", ";", "\t"].map((mark) => [head.split(mark).length, mark]);
  const separator = counts.reduce((best, each) => (each[0] > best[0] ? each : best))[1];
  const token = new RegExp(`("(?:[^"]|"")*"?|[^"${separator}\r\n][^${separator}\r\n]*|)(${separator}|\r\n|\n|\r|$)`, "g");
  const records = [];
  let record = [];
  for (const [all, cell, end] of text.matchAll(token)) {
    if (!all && !record.length) break;
    record.push(cell.startsWith('"') ? cell.slice(1).replace(/"$/, "").replaceAll('""', '"') : cell);
    if (end !== separator) {
      records.push(record);
      record = [];
    }
  }
  return records;
}

/**
 * Writes a table as CSV. A text that a spreadsheet would run as a formula gets an apostrophe
 * before it; numbers stay numbers.
 * @param {string[]} columns
 * @param {(string|number)[][]} rows
 */
export function toCsv(columns, rows) {
  const guarded = (cell) => (typeof cell === "string" && /^[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/.test(cell) ? `'${cell}` : cell);
  const line = (cells) => cells.map((cell) => `"${String(guarded(cell)).replaceAll('"', '""')}"`).join(",");
  return `${[columns, ...rows].map(line).join("\r\n")}\r\n`;
}

/**
 * Hands a file to the browser to save.
 * @param {string} name
 * @param {string} type
 * @param {string} content
 */
export function save(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
