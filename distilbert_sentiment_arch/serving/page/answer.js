/** The answer for one text: label bars, what answered, what was read, and where the time went. */

import { byId, make } from "./dom.js";
import { counted, decimal, milliseconds, percent } from "./numbers.js";

const SHOWN = 6;
const NUMBERED_WINDOWS = 12;
const DRAWN_WINDOWS = 48;

const SCALES = { regression: "value", multi_label_classification: "each" };

const REASONS = {
  overloaded: "the queue to the model was full",
  deadline: "the model did not answer in time",
  non_finite: "the model put out no finite numbers",
  unavailable: "the model is not up",
  too_long: "the text is longer than the model reads at once",
};

const CUTS = { start: "; the start was cut off", end: "; the end was cut off" };

/**
 * What scores are: `share` (labels exclude each other), `each` (a probability of its own), `value`
 * (a regression) or `valence` (of a word list, no probability).
 */
export const scaleOf = (model, route = model.route) =>
  route === "lexicon" ? "valence" : (SCALES[model.problem_type] ?? "share");

/** The panel of the answer. */
export class AnswerPanel {
  #rows = new Map();
  #all = false;
  #last = { scale: "", scores: [], best: "" };

  constructor() {
    byId("all-labels").addEventListener("click", () => {
      this.#all = !this.#all;
      this.#showBars();
    });
  }

  /**
   * Shows an answer, and returns it in a line to be read out.
   * @param {any} model Entry of the model that was asked.
   * @param {any} reply Content, headers and time of an answer of `/classify`.
   * @param {string} truncation What the request asked for.
   */
  show(model, { content, headers, ms }, truncation) {
    const [datum] = content.data;
    const scores = model.labels.map((label, index) => ({ label, score: datum.probs[index] }));
    this.#last = { scale: scaleOf(model, content.route), scores, best: datum.label };
    const { number, note } = told(this.#last);
    byId("headline").replaceChildren(datum.label, make("span.number", number));
    this.#showBars();
    const count = (name) => Number(headers.get(`x-sentiment-${name}`));
    const read = { tokens: count("tokens"), part: count("tokens-read"), windows: count("windows") };
    const long = content.route === "model" && read.tokens > (model.max_model_len ?? Infinity);
    const facts = [
      note && make("p.quiet", note),
      routeLine(content, read, truncation),
      readLine(model, content, read),
      long && strip(read, model.max_model_len, truncation),
      timing(headers.get("server-timing") ?? "", ms),
    ];
    byId("facts").replaceChildren(...facts.filter(Boolean));
    return `${datum.label} ${number}`;
  }

  #showBars() {
    const { scale, scores, best } = this.#last;
    const ordered = scores.length > 3 ? [...scores].sort((a, b) => b.score - a.score) : scores;
    const largest = Math.max(...scores.map(({ score }) => Math.abs(score)), 1e-9);
    const rows = ordered.slice(0, this.#all ? scores.length : SHOWN).map(({ label, score }) => {
      const row = this.#row(label);
      row.classList.toggle("best", label === best);
      row.classList.toggle("below", score < 0);
      row.querySelector(".number").textContent = decimal(score);
      row.style.setProperty("--share", String(Math.abs(scale === "value" ? score / largest : score)));
      return row;
    });
    byId("bars").replaceChildren(...rows);
    byId("bars").classList.toggle("single", scale === "value" && scores.length === 1);
    const more = byId("all-labels");
    more.hidden = scores.length <= SHOWN;
    more.textContent = this.#all ? `Show the top ${SHOWN}` : `Show all ${scores.length} labels`;
  }

  // Rows are kept, so that a bar moves from one answer to the next in place of jumping.
  #row(label) {
    const made = this.#rows.get(label) ?? make("li", make("span", label), make("span.number"), make("span.bar"));
    this.#rows.set(label, made);
    return made;
  }
}

/** Tells the score of the best label, and what it is not. */
function told({ scale, scores, best }) {
  const score = scores.find(({ label }) => label === best)?.score;
  if (scale === "valence") {
    return { number: "", note: "The bars draw the mean valence of the words. They are no probabilities." };
  }
  if (scale === "value") return { number: decimal(score), note: "A value, no probability." };
  const likely = scores.filter((each) => each.score > 0.5).length;
  const note = scale === "each" && `Each label has a probability of its own. Over 50%: ${likely} of ${scores.length}.`;
  return { number: percent(score), note };
}

function routeLine({ route, model, lexicon }, { windows, tokens, part }, truncation) {
  const why = REASONS[lexicon?.reason];
  const [tag, how] =
    route === "lexicon"
      ? ["word list", why ? `, because ${why}` : ""]
      : windows > 1
        ? ["windows", ` in ${windows} overlapping windows`]
        : ["model", part < tokens ? CUTS[truncation] : ""];
  return make("p", make("span.tag", tag), ` ${model} answered${how}.`);
}

function readLine({ max_model_len: limit }, { route }, { tokens, part }) {
  const noun = route === "lexicon" ? "word" : "token";
  const most = route === "model" && limit ? ` The model reads ${limit.toLocaleString("en")} at once.` : "";
  return make("p.quiet", `Read ${part.toLocaleString("en")} of ${counted(tokens, noun)}.${most}`);
}

/** Draws which part of a long text each window has, or which part was read. */
function strip({ tokens, windows }, limit, truncation) {
  // Windows are full and overlap by a quarter; the last one ends with the text.
  const step = limit - Math.floor(limit / 4);
  const starts = Array.from({ length: windows }, (_, index) => Math.min(index * step, tokens - limit));
  if (truncation === "start") starts[0] = tokens - limit;
  const says = `${windows > 1 ? `${windows} windows` : "A part"} of ${limit} tokens, of a text of ${tokens}`;
  const numbered = windows > 1 && windows <= NUMBERED_WINDOWS;
  const parts = starts.slice(0, DRAWN_WINDOWS).map((start, index) =>
    make("span", { "--start": start / tokens, "--share": limit / tokens }, numbered && String(index + 1)),
  );
  return make("div.strip", { role: "img", "aria-label": says }, ...parts);
}

/** Draws the stages of the server, and what is left of the time that the browser waited. */
function timing(header, total) {
  const stages = [...header.matchAll(/([\w-]+);dur=([\d.]+)/g)].map(([, name, ms]) => [name, Number(ms)]);
  const rest = total - stages.reduce((sum, [, ms]) => sum + ms, 0);
  stages.push(["HTTP and network", Math.max(0, rest)]);
  return make(
    "div",
    make("div.timing", ...stages.map(([, ms]) => make("span", { "--share": ms }))),
    make("ul.legend", { "aria-label": "Time" }, ...stages.map(([name, ms]) => make("li", `${name} `, make("b", milliseconds(ms))))),
  );
}
