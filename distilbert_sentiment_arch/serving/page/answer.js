/** The answer for one text: label bars, what answered, what was read, and where the time went. */

import { byId, element, measured } from "./dom.js";
import { counted, decimal, milliseconds, percent } from "./numbers.js";

const SHOWN = 6;
const DRAWN_WINDOWS = 40;

const REASONS = {
  overloaded: "the queue to the model was full",
  deadline: "the model did not answer in time",
  non_finite: "the model put out no finite numbers",
  unavailable: "the model is not up",
  too_long: "the text is longer than the model reads at once",
};

const CUTS = { start: "the start was cut off", end: "the end was cut off" };

/**
 * What the scores of a model are: `share` (they exclude each other), `each` (a probability for
 * itself), `value` (a regression) or `valence` (of a word list, no probability).
 * @param {any} model
 * @param {any} [content] The answer, which a word list may have given in place of the model.
 */
export function scaleOf(model, content) {
  if ((content?.route ?? model.route) === "lexicon") return "valence";
  const scales = { regression: "value", multi_label_classification: "each" };
  return scales[model.problem_type] ?? "share";
}

/** The answer to one text, as the page shows it. */
export class AnswerPanel {
  #bars = new Map();
  #all = false;
  #last = null;

  constructor() {
    byId("all-labels").addEventListener("click", () => {
      this.#all = !this.#all;
      this.#showBars();
    });
  }

  /**
   * Shows an answer.
   * @param {any} model Entry of the model that was asked.
   * @param {any} reply Content and headers of the answer of `/classify`.
   * @param {string} truncation What the request asked for.
   * @returns {string} The answer in a line, to be read out.
   */
  show(model, { content, headers, ms }, truncation) {
    const datum = content.data[0];
    const scale = scaleOf(model, content);
    const scores = model.labels.map((label, index) => ({ label, score: datum.probs[index] }));
    this.#last = { scale, scores, best: datum.label };
    const headline = headlineOf(this.#last);
    byId("headline").replaceChildren(
      element("span", {}, headline.label),
      element("span.number", {}, headline.number),
    );
    this.#showBars();
    const read = {
      tokens: Number(headers.get("x-sentiment-tokens")),
      tokens_read: Number(headers.get("x-sentiment-tokens-read")),
      windows: Number(headers.get("x-sentiment-windows")),
      ...datum.truncation,
    };
    byId("facts").replaceChildren(
      ...[
        headline.note && element("p.quiet", {}, headline.note),
        routeLine(content, read, truncation),
        readLine(model, content, read),
        model.max_model_len && content.route === "model" && read.tokens > model.max_model_len
          ? strip(read, model.max_model_len, truncation)
          : null,
        timing(headers.get("server-timing"), ms),
      ].filter(Boolean),
    );
    return `${headline.label} ${headline.number}`;
  }

  #showBars() {
    const { scale, scores, best } = this.#last;
    const ordered = scores.length > 3 ? [...scores].sort((a, b) => b.score - a.score) : scores;
    const shown = this.#all ? ordered : ordered.slice(0, SHOWN);
    const largest = Math.max(...scores.map(({ score }) => Math.abs(score)), 1e-9);
    const rows = shown.map(({ label, score }) => {
      const row = this.#row(label);
      row.best.classList.toggle("best", label === best);
      row.number.textContent = decimal(score);
      const share = scale === "value" ? Math.abs(score) / largest : score;
      row.best.style.setProperty("--share", String(Math.min(1, Math.max(0, share))));
      row.best.classList.toggle("below", score < 0);
      return row.best;
    });
    byId("bars").replaceChildren(...rows);
    byId("bars").classList.toggle("single", scale === "value" && scores.length === 1);
    const more = byId("all-labels");
    more.hidden = scores.length <= SHOWN;
    more.textContent = this.#all ? `Show the top ${SHOWN}` : `Show all ${scores.length} labels`;
    more.setAttribute("aria-expanded", String(this.#all));
  }

  // Rows are kept, so that a bar moves from one answer to the next in place of jumping.
  #row(label) {
    if (!this.#bars.has(label)) {
      const number = element("span.number");
      const bar = element("span.bar", { "aria-hidden": "true" });
      this.#bars.set(label, {
        number,
        best: element("li", {}, element("span.name", {}, label), number, bar),
      });
    }
    return this.#bars.get(label);
  }
}

function headlineOf({ scale, scores, best }) {
  const score = scores.find(({ label }) => label === best)?.score;
  if (scale === "valence") {
    const note = "The bars are a picture of the mean valence of the words. They are no probabilities.";
    return { label: best, number: "", note };
  }
  if (scale === "value") return { label: best, number: decimal(score), note: "A value, no probability." };
  const likely = scores.filter((each) => each.score > 0.5).length;
  const note =
    scale === "each"
      ? `Each label has a probability of its own; ${likely || "none"} of them ${likely === 1 ? "is" : "are"} over 50 %.`
      : "";
  return { label: best, number: percent(score), note };
}

function routeLine(content, { windows, tokens, tokens_read: tokensRead }, truncation) {
  if (content.route === "lexicon") {
    const reason = REASONS[content.lexicon?.reason];
    return element(
      "p",
      {},
      element("span.tag", {}, "word list"),
      ` ${content.model} answered${reason ? `, because ${reason}` : ""}.`,
    );
  }
  const how =
    windows > 1
      ? ` read the text in ${windows} overlapping windows.`
      : tokensRead < tokens
        ? ` answered; ${CUTS[truncation] ?? "a part was cut off"}.`
        : " answered.";
  const tag = windows > 1 ? "model, windows" : "model";
  return element("p", {}, element("span.tag", {}, tag), ` ${content.model}${how}`);
}

function readLine(model, content, { tokens, tokens_read: tokensRead }) {
  const noun = content.route === "lexicon" ? "word" : "token";
  const limit =
    content.route === "model" && model.max_model_len
      ? ` The model reads ${model.max_model_len.toLocaleString("en")} at once.`
      : "";
  return element(
    "p.quiet",
    {},
    `Read ${tokensRead.toLocaleString("en")} of ${counted(tokens, noun)}.${limit}`,
  );
}

/** Draws which part of a long text each window has, or which part was cut off. */
function strip({ tokens, windows }, limit, truncation) {
  const starts = [];
  if (windows > 1) {
    // The windows overlap by a quarter, all are full, and the last one ends with the text.
    const step = limit - Math.floor(limit / 4);
    for (let index = 0; index < windows - 1; index += 1) starts.push(index * step);
    starts.push(tokens - limit);
  } else {
    starts.push(truncation === "start" ? tokens - limit : 0);
  }
  const label =
    windows > 1
      ? `${windows} windows of ${limit} tokens over a text of ${tokens}`
      : `the part of the text that was read: ${limit} of ${tokens} tokens`;
  const named = windows <= 12;
  const drawing = element("div.strip", { role: "img", "aria-label": label });
  for (const [index, start] of starts.slice(0, DRAWN_WINDOWS).entries()) {
    drawing.append(
      measured(
        index % 2 ? "span.low" : "span",
        { start: start / tokens, share: limit / tokens },
        windows > 1 && named ? String(index + 1) : "",
      ),
    );
  }
  return drawing;
}

/** Draws the stages of the server, and what is left of the time that the browser waited. */
function timing(header, total) {
  const stages = [...(header ?? "").matchAll(/([\w-]+);dur=([\d.]+)/g)].map(([, name, value]) => ({
    name,
    value: Number(value),
  }));
  if (!stages.length) return null;
  const rest = total - stages.reduce((sum, { value }) => sum + value, 0);
  if (rest > 0) stages.push({ name: "HTTP and network", value: rest });
  const bar = element("div.timing", { "aria-hidden": "true" });
  const legend = element("ul.legend", { "aria-label": "Where the time went" });
  for (const { name, value } of stages) {
    bar.append(measured("span", { share: value / total }));
    legend.append(element("li", {}, `${name} `, element("b", {}, milliseconds(value))));
  }
  return element("div", {}, bar, legend);
}
