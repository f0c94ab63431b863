/** The page: reads the text box, asks the server as one types, and shows what it answers. */

import { AnswerPanel } from "./answer.js";
import { inBatches } from "./batches.js";
import { FORMATS, snippet } from "./copy_as.js";
import { button, byId, element } from "./dom.js";
import { EXAMPLES } from "./examples.js";
import { lines, readTable } from "./files.js";
import { showLists } from "./lists.js";
import { showCountdown, showNotice } from "./notices.js";
import { counted } from "./numbers.js";
import { Server } from "./server.js";
import { TablePanel } from "./table.js";
import { WordsPanel } from "./words.js";

const TYPING = 180; // Milliseconds without a key after which the text is sent.
const THINKING = 250; // Further ones until it is explained, which costs a pass for each word.
const READING = 900; // Until the answer is read out to those who listen.
const LONGEST_WAIT = 30;
const PANELS = ["notice", "answer", "why", "lists", "table", "copy"];

const box = byId("text");
const server = new Server();
const answer = new AnswerPanel();
const words = new WordsPanel(refresh);
const table = new TablePanel({
  explain: (text) => useText(text, false),
  truncate,
  stop: () => asked.abort(),
});

let models = [];
let file = null; // The opened file: its name, columns, rows, and the column of texts.
let asked = new AbortController();
let failures = 0;
let timer = 0;
let speaking = 0;

const model = () => models.find(({ id }) => id === byId("model").value);
const lists = () => models.filter(({ id, route }) => route === "lexicon" && id !== models[0].id);
const many = () => file !== null || byId("many").checked;

function texts() {
  if (file) return file.rows.map((row) => row[file.column] ?? "").filter((text) => text.trim());
  if (many()) return lines(box.value);
  return box.value.trim() ? [box.value] : [];
}

/** Asks anew once nothing has changed for a while. */
function changed(delay = TYPING) {
  asked.abort();
  clearTimeout(timer);
  timer = setTimeout(refresh, delay);
}

/** Asks for what is on screen, and shows it. */
async function refresh() {
  asked.abort();
  clearTimeout(timer);
  asked = new AbortController();
  const { signal } = asked;
  document.body.setAttribute("aria-busy", "true");
  try {
    if (!models.length) await connect(signal);
    const found = texts();
    byId("text-size").textContent = many() && found.length ? counted(found.length, "text") : "";
    if (!found.length) empty();
    else if (many()) await answerAll(found, signal);
    else await answerOne(found[0], signal);
    failures = 0;
  } catch (error) {
    if (signal.aborted) return;
    if (!error.kind) throw error;
    fail(error);
  } finally {
    if (!signal.aborted) document.body.removeAttribute("aria-busy");
  }
}

async function connect(signal) {
  const chosen = byId("model").value;
  models = await server.models(signal);
  byId("model").replaceChildren(...models.map(({ id }) => element("option", { value: id }, id)));
  byId("model").value = models.some(({ id }) => id === chosen) ? chosen : models[0].id;
  byId("model-field").hidden = false;
  byId("forget-key").hidden = !server.keyed;
  byId("server-line").textContent = models.some(({ route }) => route === "model")
    ? "Which label a text gets, and which words decide it."
    : `A server of word lists, in place of the model ${models[0].id}.`;
}

function show(...panels) {
  for (const id of PANELS) byId(id).hidden = !panels.includes(id);
}

function empty() {
  show();
  say("");
}

async function answerOne(text, signal) {
  const asking = model();
  const truncation = byId("truncation").value;
  const reply = await server.classify(asking.id, text, truncation, signal);
  say(answer.show(asking, reply, truncation));
  const first = byId("answer").hidden;
  if (first) words.say(element("p.quiet", {}, "Leaving out one word after the other…"));
  show("answer", "why", "copy", ...(lists().length ? ["lists"] : []));
  showSnippet();
  document.body.removeAttribute("aria-busy");
  const windows = Number(reply.headers.get("x-sentiment-windows"));
  await Promise.all([compare(asking, reply.content, text, signal), explain(asking, text, truncation, windows, signal)]);
}

async function compare(asking, content, text, signal) {
  const answers = lists().map(async ({ id }) => ({ name: id, datum: await server.lexicon(id, text, signal) }));
  try {
    showLists(asking, content, await Promise.all(answers));
  } catch (error) {
    if (signal.aborted) throw error;
    byId("lists-body").replaceChildren(element("p.quiet", {}, error.message));
  }
}

async function explain(asking, text, truncation, windows, signal) {
  byId("why").setAttribute("aria-busy", "true");
  try {
    await pause(THINKING, signal);
    if (windows > 1 && !(await agreed(signal))) return;
    words.show(text, await server.explain(asking.id, text, truncation, words.method, signal));
  } catch (error) {
    if (signal.aborted) return;
    if (!error.kind) throw error;
    const says = error.kind === "absent" ? "This server does not explain its answers." : error.message;
    words.say(
      element("p.quiet", {}, says),
      ...(["busy", "later", "gone"].includes(error.kind) ? [button("Explain again", refresh)] : []),
    );
  } finally {
    if (!signal.aborted) byId("why").removeAttribute("aria-busy");
  }
}

/** Asks before a long text is read once for each of its sentences. */
function agreed(signal) {
  return new Promise((resolve) => {
    words.say(
      element("p.quiet", {}, "To explain a text of several windows, the server reads all of it once for each sentence."),
      button("Explain this text", () => {
        words.say(element("p.quiet", {}, "Leaving out one sentence after the other…"));
        resolve(true);
      }),
    );
    byId("why").removeAttribute("aria-busy");
    signal.addEventListener("abort", () => resolve(false), { once: true });
  });
}

async function answerAll(found, signal) {
  const asking = model();
  const truncation = byId("truncation").value;
  table.begin(asking, found);
  table.render();
  show("table", "copy");
  showSnippet();
  const send = (batch) => server.classify(asking.id, batch, truncation, signal);
  await inBatches(found, send, (from, outcomes) => {
    table.add(from, outcomes);
    table.render();
  }, signal);
  say(`${counted(found.length, "text")} answered`);
}

function fail(refusal) {
  show("notice");
  failures += 1;
  // The server may have been restarted with another model.
  if (["gone", "absent", "key"].includes(refusal.kind)) models = [];
  const list = models.length && model().route === "model" ? lists()[0] : null;
  say(
    showNotice(refusal, {
      retry: refresh,
      truncate,
      useKey: (key) => {
        server.useKey(key);
        refresh();
      },
      askList: list ? () => choose(list.id) : null,
      keyed: server.keyed,
    }),
  );
  if (refusal.kind === "key") byId("key").focus();
  if (!["busy", "later", "gone"].includes(refusal.kind)) return;
  let seconds = Math.max(refusal.wait, Math.min(LONGEST_WAIT, 2 ** failures));
  const tick = () => {
    showCountdown(seconds);
    timer = setTimeout(seconds > 0 ? tick : refresh, seconds > 0 ? 1000 : 0);
    seconds -= 1;
  };
  tick();
}

function say(text) {
  clearTimeout(speaking);
  speaking = setTimeout(() => (byId("status").textContent = text), READING);
}

function choose(id) {
  byId("model").value = id;
  words.reset();
  refresh();
}

function truncate(mode) {
  byId("truncation").value = mode;
  refresh();
}

function useText(text, several) {
  closeFile();
  byId("many").checked = several;
  box.value = text;
  box.focus();
  refresh();
}

async function openFile(chosen) {
  if (!chosen) return;
  try {
    file = { name: chosen.name, ...(await readTable(chosen)) };
    showFile();
    refresh();
  } catch (error) {
    closeFile();
    fileLine(element("span", { role: "alert" }, error.message));
  }
}

function showFile() {
  const select = element("select", { onchange: () => {
    file.column = Number(select.value);
    refresh();
  } }, ...file.columns.map((name, index) => element("option", { value: index }, name)));
  select.value = String(file.column);
  box.hidden = true;
  fileLine(
    element("b", {}, file.name),
    element("label.field", {}, "Texts in ", select),
    button("Close the file", () => {
      closeFile();
      box.focus();
      refresh();
    }, "button.link"),
  );
}

function closeFile() {
  file = null;
  box.hidden = false;
  byId("file").value = "";
  fileLine();
}

function fileLine(...nodes) {
  byId("file-line").replaceChildren(...nodes);
  byId("file-line").hidden = !nodes.length;
}

function showSnippet() {
  if (byId("copy").hidden) return;
  const all = texts();
  const shown = many() ? table.onScreen : all;
  const { note, code } = snippet(document.querySelector("#formats :checked").value, {
    base: new URL("./", document.baseURI).href,
    model: model(),
    texts: shown,
    truncation: byId("truncation").value,
    keyed: server.keyed,
  });
  const part = shown.length < all.length ? ` The ${shown.length} texts on screen, of ${all.length}.` : "";
  byId("copy-note").textContent = note + part;
  byId("snippet").textContent = code;
}

async function copySnippet() {
  const code = byId("snippet");
  try {
    await navigator.clipboard.writeText(code.textContent);
    byId("copy-button").textContent = "Copied";
  } catch {
    // The clipboard needs HTTPS or localhost.
    getSelection().selectAllChildren(code);
    byId("copy-button").textContent = "Selected: press Ctrl+C";
  }
  say(byId("copy-button").textContent);
  setTimeout(() => (byId("copy-button").textContent = "Copy"), 2000);
}

const pause = (milliseconds, signal) =>
  new Promise((resolve, reject) => {
    setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

for (const [name, text] of Object.entries(EXAMPLES)) {
  byId("examples").append(button(name, () => useText(text, name === "Several"), "button.pill"));
}
for (const [index, name] of FORMATS.entries()) {
  const radio = element("input", { type: "radio", name: "format", value: name, checked: index === 0, onchange: showSnippet });
  byId("formats").append(element("label", {}, radio, element("span", {}, name)));
}
box.addEventListener("input", () => changed());
for (const id of ["many", "truncation"]) byId(id).addEventListener("change", refresh);
byId("model").addEventListener("change", () => choose(byId("model").value));
byId("choose-file").addEventListener("click", () => byId("file").click());
byId("file").addEventListener("change", () => openFile(byId("file").files[0]));
byId("copy-button").addEventListener("click", copySnippet);
byId("forget-key").addEventListener("click", () => {
  server.useKey("");
  models = [];
  refresh();
});
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    byId("drop").hidden = kind === "drop" || (kind === "dragleave" && !event.relatedTarget);
    if (kind === "drop") openFile(event.dataTransfer.files[0]);
  });
}
refresh();
