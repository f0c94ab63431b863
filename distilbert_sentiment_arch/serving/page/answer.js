/** The answer for one text: label bars, what answered, what was read, and where the time went. */

import { byId, make } from "./dom.js";
import { counted, decimal, grouped, percent } from "./numbers.js";

const SHOWN = 6;

// Why a word list answered: the model ...
const REASONS = {
	overloaded: "is overloaded",
	deadline: "was too slow",
	non_finite: "put out no finite numbers",
	unavailable: "is not up",
	too_long: "does not read so much at once",
};

/** What scores are: shares of one, each a probability, values, or valences of a word list. */
export function scaleOf(model, route = model.route) {
	if (route === "lexicon") return "valence";
	return { regression: "value", multi_label_classification: "each" }[model.problem_type] ?? "share";
}

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

	/** Shows an answer of `/classify`, and returns it in a line to be read out. */
	show(model, { content, headers, ms }, truncation) {
		const [datum] = content.data;
		const scores = model.labels.map((label, at) => ({ label, score: datum.probs[at] }));
		this.#last = { scale: scaleOf(model, content.route), scores, best: datum.label };
		const [number, note] = told(this.#last);
		byId("headline").replaceChildren(datum.label, make("span.number", number));
		this.#showBars();
		const [tokens, part, windows] = ["tokens", "tokens-read", "windows"].map((name) => Number(headers.get(`x-sentiment-${name}`)));
		const limit = content.route === "model" ? model.max_model_len : null;
		const facts = [
			note && make("p.quiet", note),
			routeLine(content, windows, part < tokens && truncation),
			make(
				"p.quiet",
				`Read ${grouped(part)} of ${counted(tokens, limit ? "token" : "word")}.`,
				limit && ` The model reads ${grouped(limit)} at once.`,
			),
			limit && tokens > limit && strip(tokens, windows, limit, truncation),
			timing(headers.get("server-timing") ?? "", ms),
		];
		byId("facts").replaceChildren(...facts.filter(Boolean));
		return `${datum.label} ${number}`;
	}

	#showBars() {
		const { scale, scores, best } = this.#last;
		const ordered = scores.length > 3 ? [...scores].sort((a, b) => b.score - a.score) : scores;
		const most = scale === "value" ? Math.max(1e-9, ...scores.map(({ score }) => Math.abs(score))) : 1;
		const rows = ordered.slice(0, this.#all ? scores.length : SHOWN).map(({ label, score }) => {
			const row = this.#row(label);
			row.classList.toggle("best", label === best);
			row.classList.toggle("below", score < 0);
			row.querySelector(".number").textContent = decimal(score);
			row.style.setProperty("--share", String(Math.abs(score) / most));
			return row;
		});
		byId("bars").replaceChildren(...rows);
		byId("bars").classList.toggle("single", scale === "value" && scores.length === 1);
		byId("all-labels").hidden = scores.length <= SHOWN;
		byId("all-labels").textContent = this.#all ? `Show the top ${SHOWN}` : `Show all ${scores.length} labels`;
	}

	// Rows are kept, so that bars move from one answer to the next.
	#row(label) {
		const row = this.#rows.get(label) ?? make("li", make("span", label), make("span.number"), make("span.bar"));
		this.#rows.set(label, row);
		return row;
	}
}

/** Tells the score of the best label, and what scores are where that is not plain. */
function told({ scale, scores, best }) {
	if (scale === "valence") return ["", "The bars draw the mean valence of the words, no probabilities."];
	const score = scores.find(({ label }) => label === best).score;
	if (scale === "value") return [decimal(score), "A value, no probability."];
	const likely = scores.filter((each) => each.score > 0.5).length;
	return [percent(score), scale === "each" && `Each label has its own probability. Over 50%: ${likely} of ${scores.length}.`];
}

function routeLine({ route, model, lexicon }, windows, cut) {
	const reason = REASONS[lexicon?.reason];
	let [tag, how] = ["model", cut ? `; the ${cut} was cut off` : ""];
	if (windows > 1) [tag, how] = ["windows", ` in ${windows} overlapping windows`];
	if (route === "lexicon") [tag, how] = ["word list", reason ? `, because the model ${reason}` : ""];
	return make("p", make("span.tag", tag), ` ${model} answered${how}.`);
}

/** Draws which part of a long text each window has, or which part was read. */
function strip(tokens, windows, limit, truncation) {
	// Windows are full and overlap by a quarter; the last one ends with the text.
	const step = limit - Math.floor(limit / 4);
	const starts = Array.from({ length: windows }, (_, at) => Math.min(at * step, tokens - limit));
	if (truncation === "start") starts[0] = tokens - limit;
	const says = `${counted(windows, "window")} of ${limit} tokens over a text of ${tokens}`;
	const parts = starts.map((start, at) =>
		make("span", { "--start": start / tokens, "--share": limit / tokens }, at + 1),
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
		make("ul.chips", ...stages.map(([name, ms]) => make("li", `${name} `, make("b", `${ms.toFixed(ms < 10 ? 2 : 0)} ms`)))),
	);
}
