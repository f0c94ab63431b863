/** Texts out of files, and tables into files. */

const TEXT_NAMES = /^\s*(text|sentence|review|comment|content|body|message|input)s?\s*$/i;
const MAX_MIB = 20;
const MAX_ROWS = 20_000;

/** Reads a file, .csv, .tsv, .jsonl or one text a line: cells, and the column of the texts. */
export async function readTable(file) {
	if (file.size > MAX_MIB * 2 ** 20) throw new Error(`${file.name} is over ${MAX_MIB} MiB. Split it.`);
	const bytes = await file.arrayBuffer();
	let text;
	try {
		text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
	} catch {
		throw new Error(`${file.name} is not text in UTF-8. Save it as UTF-8.`);
	}
	const read = { csv: fromCsv, tsv: fromCsv, jsonl: fromJsonl }[file.name.split(".").at(-1).toLowerCase()] ?? fromLines;
	const table = read(text);
	if (table.rows.length > MAX_ROWS) throw new Error(`${file.name} has over ${MAX_ROWS} rows. Split it.`);
	return table;
}

/** The lines of a text that are not blank. */
export const lines = (text) => text.split(/\r\n|\n|\r/).filter((line) => line.trim());

const fromLines = (text) => tableOf(["text"], lines(text).map((line) => [line]));

function fromJsonl(text) {
	const records = lines(text).map((line, at) => {
		try {
			const value = JSON.parse(line);
			return value instanceof Object ? value : { text: value };
		} catch {
			throw new Error(`Line ${at + 1} is not JSON. A .jsonl file has one JSON value a line.`);
		}
	});
	const columns = [...new Set(records.flatMap(Object.keys))];
	const cell = (value) => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
	return tableOf(columns, records.map((record) => columns.map((name) => cell(record[name]))));
}

function fromCsv(text) {
	const rows = parseCsv(text).filter((row) => row.some((cell) => cell.trim()));
	const first = rows[0] ?? [];
	// Else the first row may be a text.
	const headed = first.some((cell) => TEXT_NAMES.test(cell));
	const columns = headed ? first : first.map((_, at) => `column ${at + 1}`);
	return tableOf(columns, headed ? rows.slice(1) : rows);
}

/** Finds the column of the texts: by its name, or else the one with the longest cells. */
function tableOf(columns, rows) {
	const named = columns.findIndex((name) => TEXT_NAMES.test(name));
	const sizes = columns.map((_, at) => rows.reduce((sum, row) => sum + (row[at] ?? "").length, 0));
	return { columns, rows, column: named < 0 ? sizes.indexOf(Math.max(...sizes)) : named };
}

/** Splits CSV (RFC 4180) at the separator that its first line has most of. */
function parseCsv(text) {
	const [head] = text.split(/[\r\n]/, 1);
	const [separator] = [...",;\t"].sort((a, b) => head.split(b).length - head.split(a).length);
	const plain = new RegExp(`[^${separator}\r\n]*`, "y");
	const rows = [[]];
	for (let at = 0; at < text.length; at += 1) {
		let cell = "";
		while (text[at] === '"') {
			const found = text.indexOf('"', at + 1);
			const end = found < 0 ? text.length : found;
			cell += text.slice(at + 1, end);
			at = end + 1;
			if (text[at] === '"') cell += '"';
		}
		plain.lastIndex = at;
		const [rest] = plain.exec(text) ?? [""];
		rows.at(-1).push(cell + rest);
		at += rest.length;
		if (text[at] !== separator) rows.push([]);
		if (text.startsWith("\r\n", at)) at += 1;
	}
	return rows;
}

/**
 * Writes a table as CSV. A text that a spreadsheet would run as a formula gets an apostrophe
 * before it; numbers stay numbers.
 */
export function toCsv(rows) {
	const guarded = (cell) => (typeof cell === "string" && /^[=+\-@\t\r\n＝＋－＠]/.test(cell) ? `'${cell}` : cell);
	const quoted = (cell) => `"${String(guarded(cell)).replaceAll('"', '""')}"`;
	return rows.map((row) => `${row.map(quoted).join(",")}\r\n`).join("");
}

/** Hands a file to the browser to save. */
export function save(name, type, content) {
	const link = document.createElement("a");
	link.href = URL.createObjectURL(new Blob([content], { type }));
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
