/** The answers for several texts: a summary, a histogram of scores, and a row for each. */

import { scaleOf } from "./answer.js";
import { button, byId, drawn, element, measured } from "./dom.js";
import { save, toCsv } from "./files.js";
import { counted, decimal } from "./numbers.js";

const PAGE = 50;
const BINS = 20;

/** @type {Record<string, (a: any, b: any) => number>} */
const ORDERS = {
  "as sent": (a, b) => a.index - b.index,
  "highest score first": (a, b) => b.score - a.score || a.index - b.index,
  "lowest score first": (a, b) => a.score - b.score || a.index - b.index,
};

/** The table of texts. */
export class TablePanel {
  #texts = [];
  #outcomes = [];
  #model = null;
  #label = "";
  #order = "as sent";
  #shown = PAGE;
  #actions;

  /**
   * @param {{explain: (text: string) => void, truncate: (mode: string) => void,
   *   stop: () => void}} actions What the buttons of the table do.
   */
  constructor(actions) {
    this.#actions = actions;
    byId("save-csv").addEventListener("click", () => this.#save("csv"));
    byId("save-jsonl").addEventListener("click", () => this.#save("jsonl"));
  }

  /** The texts of the rows that are on screen. */
  get onScreen() {
    return this.#rows().slice(0, this.#shown).map(({ text }) => text);
  }

  /** Begins a table. @param {any} model @param {string[]} texts */
  begin(model, texts) {
    if (!model.labels.includes(this.#label)) {
      this.#label = model.labels.find((label) => /^pos/i.test(label)) ?? model.labels[0];
    }
    if (texts.length !== this.#texts.length) this.#shown = PAGE;
    this.#model = model;
    this.#texts = texts;
    this.#outcomes = new Array(texts.length).fill(null);
  }

  /** Takes outcomes of the texts from a place on. @param {number} from @param {any[]} outcomes */
  add(from, outcomes) {
    this.#outcomes.splice(from, outcomes.length, ...outcomes);
  }

  /** Shows what there is. */
  render() {
    const done = this.#outcomes.filter(Boolean).length;
    const rows = this.#rows();
    byId("save-csv").disabled = byId("save-jsonl").disabled = done < this.#texts.length;
    byId("table-body").replaceChildren(
      ...[
        done < this.#texts.length ? this.#progress(done) : null,
        this.#summary(),
        this.#histogram(),
        this.#grid(rows.slice(0, this.#shown)),
        rows.length > this.#shown
          ? button(`Show more of ${counted(rows.length, "text")}`, () => {
              this.#shown += PAGE;
              this.render();
            })
          : null,
      ].filter(Boolean),
    );
  }

  #rows() {
    const at = this.#model.labels.indexOf(this.#label);
    const rows = this.#texts.map((text, index) => {
      const outcome = this.#outcomes[index];
      return { index, text, outcome, score: outcome?.probs?.[at] ?? -Infinity };
    });
    return rows.sort(ORDERS[this.#order]);
  }

  #progress(done) {
    return element(
      "div.row",
      {},
      element("progress", { max: this.#texts.length, value: done, "aria-label": "Texts answered" }),
      element("span.quiet", {}, `${done.toLocaleString("en")} of ${counted(this.#texts.length, "text")}`),
      button("Stop", this.#actions.stop, "button.link"),
    );
  }

  #summary() {
    const counts = new Map();
    const lists = new Set();
    let [refused, long] = [0, 0];
    for (const outcome of this.#outcomes) {
      if (outcome?.refusal) refused += 1;
      else if (outcome) counts.set(outcome.label, (counts.get(outcome.label) ?? 0) + 1);
      if (outcome?.refusal?.kind === "long") long += 1;
      if (outcome?.route === "lexicon" && outcome.model !== this.#model.id) lists.add(outcome.model);
    }
    const parts = [...counts].sort((a, b) => b[1] - a[1]).map(([label, count]) => `${label} ${count.toLocaleString("en")}`);
    return element(
      "div",
      {},
      element("p.tally", {}, parts.join(" · ")),
      refused ? element("p.quiet", {}, `${counted(refused, "text")} not answered; the rows say why.`) : null,
      lists.size ? element("p.quiet", {}, `The word list ${[...lists].join(", ")} answered in place of the model.`) : null,
      long ? button("Read long texts in windows", () => this.#actions.truncate("window")) : null,
    );
  }

  #histogram() {
    const scores = this.#rows().map(({ score }) => score).filter(Number.isFinite);
    if (!scores.length) return null;
    const plain = scaleOf(this.#model) === "value";
    const low = plain ? Math.min(...scores) : 0;
    const high = plain ? Math.max(...scores, low + 1e-6) : 1;
    const bins = new Array(BINS).fill(0);
    for (const score of scores) bins[Math.min(BINS - 1, Math.floor(((score - low) / (high - low)) * BINS))] += 1;
    const most = Math.max(...bins);
    const drawing = drawn("svg.histogram", {
      viewBox: "0 0 200 60",
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": `Histogram of the score of ${this.#label}, from ${decimal(low)} to ${decimal(high)}: ${bins.join(", ")}`,
    });
    for (const [index, count] of bins.entries()) {
      const height = count ? Math.max(1.5, (58 * count) / most) : 0;
      const from = decimal(low + (index * (high - low)) / BINS);
      drawing.append(
        drawn("rect", { x: index * 10 + 0.6, y: 60 - height, width: 8.8, height, rx: 1 },
          drawn("title", {}, `from ${from}: ${counted(count, "text")}`)),
      );
    }
    return element(
      "figure",
      {},
      element("figcaption.row", {}, this.#select("Score of", this.#model.labels, this.#label, (value) => (this.#label = value)),
        this.#select("Order", Object.keys(ORDERS), this.#order, (value) => (this.#order = value))),
      drawing,
      element("div.axis.quiet", {}, element("span", {}, decimal(low)), element("span", {}, `at most ${counted(most, "text")} a bar`), element("span", {}, decimal(high))),
    );
  }

  #select(name, values, value, choose) {
    const id = `table-${name.split(" ")[0].toLowerCase()}`;
    const select = element("select", { id, onchange: () => {
      choose(select.value);
      this.render();
      byId(id).focus();
    } }, ...values.map((each) => element("option", {}, each)));
    select.value = value;
    return element("label.field", {}, `${name} `, select);
  }

  #grid(rows) {
    const heads = ["", "Text", "Answer", this.#label].map((name, index) =>
      element("th", { scope: "col" }, index ? name : element("span.unseen", {}, "Number")));
    return element(
      "div.scroll",
      { tabindex: 0, role: "region", "aria-label": "Answers" },
      element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows.map((each) => this.#row(each)))),
    );
  }

  #row({ index, text, outcome, score }) {
    const refused = outcome?.refusal;
    const why = button("why?", () => this.#actions.explain(text), "button.link");
    why.setAttribute("aria-label", `Why, text ${index + 1}`);
    const bar = Number.isFinite(score) && scaleOf(this.#model) !== "value"
      ? measured("span.bar", { share: score }) : null;
    return element(
      "tr",
      {},
      element("td.quiet", {}, index + 1),
      element("td", {}, element("span.clip", {}, text)),
      element("td", {}, refused ? refused.message : (outcome?.label ?? "…"), " ", outcome ? why : null),
      element("td", {}, element("span.number", {}, Number.isFinite(score) ? decimal(score) : ""), bar),
    );
  }

  #save(format) {
    const { labels } = this.#model;
    const rows = this.#rows();
    if (format === "csv") {
      const cells = rows.map(({ text, outcome }) => [
        text, outcome.label ?? "", ...labels.map((_, at) => outcome.probs?.[at] ?? ""), outcome.model ?? "", outcome.refusal?.message ?? "",
      ]);
      save("labels.csv", "text/csv;charset=utf-8", toCsv(["text", "label", ...labels, "model", "error"], cells));
      return;
    }
    const records = rows.map(({ text, outcome: { label, probs, model, refusal } }) =>
      JSON.stringify(refusal ? { text, error: refusal.message }
        : { text, label, scores: Object.fromEntries(labels.map((name, at) => [name, probs[at]])), model }));
    save("labels.jsonl", "application/jsonl", `${records.join("\n")}\n`);
  }
}
