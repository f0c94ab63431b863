/** The answers for several texts: a tally, a histogram of scores, and a row for each. */

import { scaleOf } from "./answer.js";
import { button, byId, fill, make } from "./dom.js";
import { save, toCsv } from "./files.js";
import { counted, decimal, grouped } from "./numbers.js";

const PAGE = 50;
const BINS = 20;

const ORDERS = {
	"as sent": () => 0,
	"highest first": (a, b) => b.score - a.score,
	"lowest first": (a, b) => a.score - b.score,
};

/** The panels of several texts. */
export class TablePanel {
	#texts = [];
	#outcomes = [];
	#model = null;
	#truncation = "";
	#shown = PAGE;
	#actions;

	/** Takes what buttons do, and `rendered`, which follows every change. */
	constructor(actions) {
		this.#actions = actions;
		fill(byId("table-order"), Object.keys(ORDERS), "as sent");
		for (const id of ["table-label", "table-order"]) byId(id).addEventListener("change", () => this.render());
		byId("more-rows").addEventListener("click", () => {
			this.#shown += PAGE;
			this.render();
		});
		byId("save-csv").addEventListener("click", () => save("labels.csv", "text/csv", toCsv(this.#cells())));
		byId("save-jsonl").addEventListener("click", () => save("labels.jsonl", "application/jsonl", this.#jsonl()));
	}

	/** The texts of the rows on screen. */
	get onScreen() {
		return this.#rows().slice(0, this.#shown).map(({ text }) => text);
	}

	/** Begins a table, and returns the places of the texts that have no answer yet. */
	begin(model, truncation, texts) {
		const { labels } = model;
		const same = model === this.#model && truncation === this.#truncation;
		const known = new Map(same ? this.#texts.map((text, at) => [text, this.#outcomes[at]]) : []);
		if (!same) fill(byId("table-label"), labels, labels.find((label) => /^pos/i.test(label)) ?? labels[0]);
		[this.#model, this.#truncation, this.#texts, this.#shown] = [model, truncation, texts, PAGE];
		this.#outcomes = texts.map((text) => known.get(text) ?? null);
		this.render();
		return [...texts.keys()].filter((at) => !this.#outcomes[at]);
	}

	/** Takes the outcomes of the texts at some places. */
	add(places, outcomes) {
		for (const [at, place] of places.entries()) this.#outcomes[place] = outcomes[at];
		this.render();
	}

	/** Shows what there is. */
	render() {
		const rows = this.#rows();
		const done = this.#outcomes.filter(Boolean).length;
		byId("save-csv").disabled = byId("save-jsonl").disabled = done < rows.length;
		byId("progress").hidden = done === rows.length;
		[byId("progress").max, byId("progress").value] = [rows.length, done];
		byId("tally").replaceChildren(...this.#tally());
		byId("histogram").replaceChildren(...this.#histogram(rows));
		const heads = ["#", "Text", "Answer", byId("table-label").value].map((name) => make("th", { scope: "col" }, name));
		const shown = rows.slice(0, this.#shown).map((row) => this.#row(row));
		byId("rows").replaceChildren(make("table", make("thead", make("tr", ...heads)), make("tbody", ...shown)));
		byId("more-rows").hidden = rows.length <= this.#shown;
		this.#actions.rendered();
	}

	#rows() {
		const at = this.#model.labels.indexOf(byId("table-label").value);
		const rows = this.#texts.map((text, index) => {
			const outcome = this.#outcomes[index];
			return { index, text, outcome, score: outcome?.probs?.[at] ?? -Infinity };
		});
		return rows.sort((a, b) => ORDERS[byId("table-order").value](a, b) || a.index - b.index);
	}

	#tally() {
		const counts = new Map();
		const answered = this.#outcomes.filter(Boolean);
		for (const { label = "not answered" } of answered) counts.set(label, (counts.get(label) ?? 0) + 1);
		const parts = [...counts].sort((a, b) => b[1] - a[1]).map(([label, count]) => `${label} ${grouped(count)}`);
		const list = answered.find(({ model = this.#model.id }) => model !== this.#model.id);
		return [
			make("p", parts.join(" · ")),
			list && make("p.quiet", `The word list ${list.model} answered in place of the model.`),
			answered.some(({ refusal }) => refusal?.kind === "long") && button("Read long texts in windows", this.#actions.window),
		].filter(Boolean);
	}

	#histogram(rows) {
		const scores = rows.map(({ score }) => score).filter(Number.isFinite);
		if (!scores.length) return [];
		const plain = scaleOf(this.#model) === "value";
		const low = plain ? Math.min(...scores) : 0;
		const high = plain ? Math.max(...scores, low + 1e-6) : 1;
		const bins = new Array(BINS).fill(0);
		for (const score of scores) bins[Math.min(BINS - 1, Math.floor(((score - low) / (high - low)) * BINS))] += 1;
		const most = Math.max(...bins);
		const says = `Histogram from ${decimal(low)} to ${decimal(high)}: ${bins.join(", ")}`;
		const bars = bins.map((count, at) => {
			const height = count && Math.max(1, (50 * count) / most);
			return make("svg:rect", { x: at * 10 + 0.5, y: 50 - height, width: 9, height });
		});
		const axis = [decimal(low), `${counted(most, "text")} at most`, decimal(high)];
		return [
			make("svg:svg", { viewBox: "0 0 200 50", preserveAspectRatio: "none", role: "img", "aria-label": says }, ...bars),
			make("div.row.apart.quiet", ...axis.map((each) => make("span", each))),
		];
	}

	#row({ index, text, outcome, score }) {
		const finite = Number.isFinite(score);
		const why = outcome?.label && button("why?", () => this.#actions.explain(text, outcome), "button.link");
		why?.setAttribute("aria-label", `Why? Text ${index + 1}`);
		return make(
			"tr",
			make("td.quiet", index + 1),
			make("td", make("span.clip", text)),
			make("td", outcome?.refusal?.message ?? outcome?.label ?? "…", " ", why ?? ""),
			make("td", finite && decimal(score), finite && scaleOf(this.#model) !== "value" && make("span.bar", { "--share": score })),
		);
	}

	#cells() {
		const { labels } = this.#model;
		const rows = this.#rows().map(({ text, outcome: { label = "", probs, model = "", refusal } }) =>
			[text, label, ...labels.map((_, at) => probs?.[at] ?? ""), model, refusal?.message ?? ""]);
		return [["text", "label", ...labels, "model", "error"], ...rows];
	}

	#jsonl() {
		const lines = this.#rows().map(({ text, outcome: { label, probs, model, refusal } }) => {
			const scores = probs && Object.fromEntries(this.#model.labels.map((name, at) => [name, probs[at]]));
			return `${JSON.stringify({ text, label, scores, model, error: refusal?.message })}\n`;
		});
		return lines.join("");
	}
}
