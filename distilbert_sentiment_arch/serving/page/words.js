/** The explanation of a label: the words of a text, marked by how they speak for or against it. */

import { byId, fill, make } from "./dom.js";
import { counted, decimal, digitsFor, signed } from "./numbers.js";

const LEVELS = 4;
const NUMBERED = 0.1; // Share of the largest change from which a word shows its number.
const SHORT = 20; // Characters of a word that has its number below.
const DETAILS = 6;

const METHODS = { leave_one_out: "each left out in turn", owen: "Owen values", sums: "their own scores" };
const KEYS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

/** The panel of the explanation. */
export class WordsPanel {
	#text = "";
	#found = null;
	#measures = {};

	constructor() {
		for (const id of ["why-label", "why-measure"]) byId(id).addEventListener("change", () => this.#render());
	}

	/** Shows an answer of `/v1/explain` to a text. */
	show(text, { route, data: [found] }) {
		[this.#text, this.#found] = [text, found];
		this.#measures = route === "lexicon" ? { logits: "mean valence" } : { logits: "logit", probs: "score" };
		const { labels, label } = found;
		const measure = byId("why-measure").value;
		fill(byId("why-label"), labels, labels.includes(label) ? label : labels[0]);
		const keys = Object.keys(this.#measures);
		fill(byId("why-measure"), Object.values(this.#measures), keys.includes(measure) ? measure : "logits", keys);
		byId("why-options").hidden = false;
		this.#render();
	}

	/** Shows something in place of an explanation. */
	say(...parts) {
		byId("why-options").hidden = true;
		byId("why-body").replaceChildren(make("p.quiet", ...parts));
	}

	#render() {
		const { units, labels, base, unit, method, passes, tokens } = this.#found;
		const [label, measure] = [byId("why-label").value, byId("why-measure").value];
		const at = labels.indexOf(label);
		const details = make("div", make("p.quiet", "Point at a word, or use Tab and the arrow keys, for exact numbers."));
		const point = (index) => details.replaceChildren(this.#details(units[index], label));
		const changes = units.map((each) => each[measure][at]);
		byId("why-body").replaceChildren(
			marked(this.#text, units, changes, label, point),
			make(
				"div.row.quiet",
				make("span.for", make("span.word", `for ${label}`)),
				make("span.against", make("span.word", `against ${label}`)),
				`${counted(units.length, unit)}, ${METHODS[method]}: ${counted(passes, "pass")}, ${counted(tokens, "token")}. `,
				`With no text at all, ${label} is at ${decimal(base[measure][at])}.`,
			),
			details,
		);
	}

	#details(unit, label) {
		const weight = ({ name, probs }) => (name === label ? Infinity : Math.abs(probs));
		const rows = this.#found.labels
			.map((name, at) => ({ name, probs: unit.probs[at], logits: unit.logits[at] }))
			.sort((a, b) => weight(b) - weight(a))
			.slice(0, DETAILS);
		const keys = Object.keys(this.#measures);
		const line = (tag, first, cell) => make("tr", make(tag, first), ...keys.map((key) => make(tag, cell(key))));
		return make(
			"table",
			make("caption", unit.text.trim()),
			make("thead", line("th", "label", (key) => `change of ${this.#measures[key]}`)),
			make("tbody", ...rows.map((row) => line("td", row.name, (key) => signed(row[key], 6)))),
		);
	}
}

/** Makes the text with its units marked: one stop for the Tab key, arrow keys within. */
function marked(text, units, changes, label, onPoint) {
	const largest = Math.max(1e-9, ...changes.map(Math.abs));
	const box = make("div.words", { role: "listbox", "aria-label": `Words for and against ${label}` });
	let end = 0;
	const marks = offsets(text, units).map(([from, to], index) => {
		const strength = Math.abs(changes[index]) / largest;
		const level = Math.ceil(strength * LEVELS - 0.1);
		const side = level > 0 ? `.${changes[index] > 0 ? "for" : "against"}.level${level}` : "";
		const number = signed(changes[index], digitsFor(largest));
		const [tag, under] = to - from > SHORT ? ["span", "small"] : ["ruby", "rt"];
		const name = `${units[index].text.trim()}, ${number}`;
		const mark = make(
			`${tag}.unit${side}`,
			{ role: "option", tabindex: index ? -1 : 0, "aria-selected": false, "aria-label": name },
			make("span.word", text.slice(from, to)),
			strength >= NUMBERED && make(under, number),
		);
		box.append(text.slice(end, from), mark);
		end = to;
		return mark;
	});
	box.append(text.slice(end));
	const point = ({ target, type }) => {
		const mark = target.closest(".unit");
		if (!mark) return;
		for (const each of marks) {
			each.ariaSelected = String(each === mark);
			if (type === "focusin") each.tabIndex = each === mark ? 0 : -1;
		}
		onPoint(marks.indexOf(mark));
	};
	box.addEventListener("pointerover", point);
	box.addEventListener("focusin", point);
	box.addEventListener("keydown", (event) => {
		if (!(event.key in KEYS)) return;
		event.preventDefault();
		const next = marks.indexOf(event.target) + KEYS[event.key];
		marks[Math.min(marks.length - 1, Math.max(0, next))].focus();
	});
	return box;
}

/** Turns spans in Unicode code points, as the server counts, to offsets in a text of JavaScript. */
function offsets(text, units) {
	const places = [0];
	for (const character of text) places.push(places.at(-1) + character.length);
	return units.map(({ start, end }) => [places[start], places[end]]);
}
