/** The page: reads the text box, asks the server as one types, and shows what it answers. */

import { AnswerPanel } from "./answer.js";
import { inBatches, pause } from "./batches.js";
import { FORMATS, snippet } from "./copy_as.js";
import { button, byId, fill, make } from "./dom.js";
import { EXAMPLES } from "./examples.js";
import { lines, readTable } from "./files.js";
import { showLists } from "./lists.js";
import { showCountdown, showNotice } from "./notices.js";
import { counted } from "./numbers.js";
import { Server } from "./server.js";
import { TablePanel } from "./table.js";
import { WordsPanel } from "./words.js";

const TYPING = 180; // Milliseconds after the last key until the text is sent.
const THINKING = 250; // Further ones until it is explained, a pass for each word.
const READING = 900; // Until the answer is read out.

const box = byId("text");
const server = new Server();
const answer = new AnswerPanel();
const words = new WordsPanel();
const table = new TablePanel({
	explain: explainRow,
	window: () => truncate("window"),
	rendered: showSnippet,
});

let models = [];
let file = null; // What was read of the opened file.
let explained = []; // What was explained last.
let [asked, pondered] = [new AbortController(), new AbortController()];
let [failures, timer, speaking] = [0, 0, 0];

const model = () => models.find(({ id }) => id === byId("model").value);
const lists = () => models.slice(1).filter(({ route }) => route === "lexicon");
const several = () => file !== null || byId("many").checked;
const truncation = () => byId("truncation").value;

function texts() {
	if (file) return file.rows.map((row) => row[file.column] ?? "").filter((text) => text.trim());
	if (several()) return lines(box.value);
	return box.value.trim() ? [box.value] : [];
}

const request = (input) => ({ model: model().id, input, truncation: truncation() || undefined });

function stop() {
	asked.abort();
	pondered.abort();
	clearTimeout(timer);
	document.body.ariaBusy = "false";
}

/** Asks for what is on screen, and shows it. */
async function refresh() {
	stop();
	asked = new AbortController();
	const { signal } = asked;
	document.body.ariaBusy = "true";
	try {
		if (!models.length) await connect(signal);
		const found = texts();
		byId("text-size").textContent = several() ? counted(found.length, "text") : "";
		if (!found.length) {
			show("notice");
			say("");
			showNotice({ kind: "empty", message: "Several texts, one a line or in a file, become a table." }, {});
		} else {
			if (!failures && !byId("notice").hidden) showNotice({ kind: "reading" }, {});
			await (several() ? answerAll(found, signal) : answerOne(found[0], signal));
		}
		failures = 0;
	} catch (error) {
		if (signal.aborted) return;
		if (!error.kind) throw error;
		fail(error);
	}
	document.body.ariaBusy = "false";
}

async function connect(signal) {
	const chosen = byId("model").value;
	models = (await server.ask("v1/models", null, signal)).content.data;
	const kept = models.some(({ id }) => id === chosen) ? chosen : models[0].id;
	fill(byId("model"), models.map(({ id }) => id), kept);
	byId("model-field").hidden = false;
	byId("lexicon-server").hidden = models.some(({ route }) => route === "model");
}

function show(...panels) {
	for (const each of document.querySelectorAll("section + section")) each.hidden = !panels.includes(each.id);
}

async function answerOne(text, signal) {
	const reply = await server.ask("classify", request(text), signal);
	say(answer.show(model(), reply, truncation()));
	if (byId("answer").hidden) words.say("…");
	show("answer", "why", "lists", "copy");
	showSnippet();
	const { data, ...origin } = reply.content;
	explain(text, { ...data[0], ...origin });
}

async function answerAll(found, signal) {
	show("summary", "table", "copy");
	const places = table.begin(model(), truncation(), found);
	const send = (batch) => server.ask("classify", request(batch), signal);
	const add = (from, outcomes) => table.add(places.slice(from, from + outcomes.length), outcomes);
	if (places.length) await inBatches(places.map((place) => found[place]), send, add, signal);
	say(`${counted(found.length, "text")} answered`);
}

/** Explains a text of the table, above its rows. */
function explainRow(text, outcome) {
	words.say("…");
	show("summary", "why", "lists", "table", "copy");
	byId("why-title").focus();
	explain(text, outcome);
}

/** Explains a label, and compares it with the word lists. */
function explain(text, outcome, agreed = false) {
	explained = [text, outcome, agreed];
	pondered.abort();
	pondered = new AbortController();
	byId("lists").hidden = !lists().length;
	compare(text, outcome, pondered.signal);
	findWords(text, outcome, agreed, pondered.signal);
}

async function compare(text, outcome, signal) {
	const ask = async ({ id }) => {
		const { content } = await server.ask("v1/lexicon/classify", { model: id, input: text }, signal);
		return { name: id, ...content.data[0] };
	};
	try {
		showLists(model(), outcome, await Promise.all(lists().map(ask)));
	} catch (error) {
		if (!signal.aborted) byId("lists-body").replaceChildren(make("p.quiet", error.message));
	}
}

async function findWords(text, outcome, agreed, signal) {
	const again = () => explain(text, outcome, true);
	byId("why").ariaBusy = "false";
	if (outcome.truncation?.windows > 1 && !agreed) {
		words.say("To explain it, the server reads all of it once for each sentence. ", button("Explain this text", again));
		return;
	}
	byId("why").ariaBusy = "true";
	if (agreed) words.say("…");
	try {
		await pause(THINKING, signal);
		const { content } = await server.ask("v1/explain", { ...request(text), method: byId("why-method").value }, signal);
		words.show(text, content);
	} catch (error) {
		if (signal.aborted) return;
		if (error.kind === "absent") words.say("This server is too old to explain its answers. Update it.");
		else words.say(`${error.message} `, button("Explain again", again));
	}
	byId("why").ariaBusy = "false";
}

function fail(refusal) {
	show("notice");
	failures += 1;
	const list = model()?.route === "model" && lists()[0];
	if (["gone", "absent", "key"].includes(refusal.kind)) models = [];
	const cuts = Object.fromEntries(["window", "end", "start"].map((mode) => [mode, () => truncate(mode)]));
	say(showNotice(refusal, { ...cuts, useKey, retry: refresh, list: list && (() => choose("model", list.id)) }));
	if (refusal.kind === "key" && document.activeElement !== box) byId("key").focus();
	if (!["busy", "later", "gone"].includes(refusal.kind)) return;
	let seconds = Math.max(refusal.wait, Math.min(30, 2 ** failures));
	const tick = () => {
		showCountdown(seconds);
		timer = seconds > 0 ? setTimeout(tick, 1000) : setTimeout(refresh);
		seconds -= 1;
	};
	tick();
}

function say(text) {
	clearTimeout(speaking);
	speaking = setTimeout(() => (byId("status").textContent = text), READING);
}

function choose(id, value) {
	byId(id).value = value;
	refresh();
}

const truncate = (mode) => choose("truncation", mode);

function useKey(key) {
	server.key = key;
	refresh();
}

async function openFile(chosen) {
	if (!chosen) return;
	closeFile();
	stop();
	asked = new AbortController();
	const { signal } = asked;
	const read = await readTable(chosen).catch((error) => error);
	if (signal.aborted) return;
	if (read instanceof Error) {
		refresh();
		byId("file-line").append(make("span", { role: "alert" }, read.message));
		return;
	}
	file = read;
	box.hidden = true;
	const select = make("select", { onchange: () => {
		file.column = select.value;
		refresh();
	} });
	fill(select, file.columns, file.column, [...file.columns.keys()]);
	const close = () => {
		closeFile();
		refresh();
		box.focus();
	};
	byId("file-line").append(make("b", chosen.name), make("label.field", "Texts in ", select), button("Close the file", close));
	refresh();
}

function closeFile() {
	file = null;
	box.hidden = false;
	byId("file").value = "";
	byId("file-line").replaceChildren();
}

function showSnippet() {
	const all = texts();
	const shown = several() ? table.onScreen : all;
	if (byId("copy").hidden || !shown.length) return;
	byId("snippet").textContent = snippet(byId("formats").querySelector(":checked").value, {
		base: new URL("./", document.baseURI).href,
		model: model(),
		texts: shown,
		truncation: truncation(),
		keyed: server.key !== "",
	});
	byId("copy-note").textContent = shown.length < all.length ? `With the ${shown.length} texts on screen.` : "";
}

async function copySnippet() {
	const label = byId("copy-button");
	try {
		await navigator.clipboard.writeText(byId("snippet").textContent);
		label.textContent = "Copied";
	} catch {
		// Browsers lend the clipboard over HTTPS and to localhost only.
		getSelection().selectAllChildren(byId("snippet"));
		label.textContent = "Selected: press Ctrl+C";
	}
	say(label.textContent);
	setTimeout(() => (label.textContent = "Copy"), 2000);
}

for (const [name, text] of Object.entries(EXAMPLES)) {
	const use = () => {
		closeFile();
		byId("many").checked = name === "Several";
		choose("text", text);
	};
	byId("examples").append(button(name, use, "button.pill"));
}
for (const value of FORMATS) {
	const radio = make("input", { type: "radio", name: "format", value, onchange: showSnippet });
	radio.checked = value === FORMATS[0];
	byId("formats").append(make("label", radio, make("span", value)));
}
box.addEventListener("input", () => {
	stop();
	timer = setTimeout(refresh, TYPING);
});
for (const id of ["many", "truncation", "model"]) byId(id).addEventListener("change", refresh);
byId("why-method").addEventListener("change", () => explain(...explained));
byId("choose-file").addEventListener("click", () => byId("file").click());
byId("file").addEventListener("change", () => openFile(byId("file").files[0]));
byId("copy-button").addEventListener("click", copySnippet);
for (const kind of ["dragover", "dragleave", "drop"]) {
	addEventListener(kind, (event) => {
		const { dataTransfer } = /** @type {any} */ (event);
		if (!dataTransfer?.types.includes("Files")) return;
		event.preventDefault();
		document.body.classList.toggle("drop", kind === "dragover");
		if (kind === "drop") openFile(dataTransfer.files[0]);
	});
}
refresh();
