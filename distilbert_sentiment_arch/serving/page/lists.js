/** What the word lists say about the same text, beside the model. */

import { byId, make } from "./dom.js";
import { counted, signed } from "./numbers.js";

const MATCHES = 12;
const HIGHEST = 5;
const SIGNS = ["NEGATIVE", "NEUTRAL", "POSITIVE"];

/** Shows what the lists found, beside what a model said. */
export function showLists(model, said, found) {
	const comparable = model.labels.every((label) => SIGNS.includes(label.toUpperCase()));
	byId("lists-body").replaceChildren(
		...found.map(({ name, label, sum, mean, words, matches }) => {
			const verdict = label === said.label.toUpperCase() ? "agrees" : "disagrees";
			return make(
				"article",
				make("h3", name),
				make("p", make("span.tag", label), comparable && said.model !== name && ` ${verdict} with ${said.model}`),
				drawing(mean),
				make("p.quiet", `Sum ${signed(sum, 1)} over ${counted(words, "word")}: mean ${signed(mean, 3)} of ±${HIGHEST}.`),
				chips(matches),
			);
		}),
	);
}

/** Draws a mean on the scale from -5 to 5. */
function drawing(mean) {
	const share = Math.abs(mean) / HIGHEST / 2;
	const bar = make(mean < 0 ? "span.below" : "span", { "--share": share, "--start": mean < 0 ? 0.5 - share : 0.5 });
	return make("div.mean", bar);
}

function chips(matches) {
	if (!matches.length) return make("p.quiet", "No word of the text is in the list.");
	const terms = [...new Map(matches.map((match) => [match.term.toLowerCase(), match])).values()];
	const more = terms.length - MATCHES;
	return make(
		"ul.chips",
		...terms.slice(0, MATCHES).map(({ term, score }) =>
			make(`li.${score < 0 ? "against" : "for"}`, make("span.word", term), make("small", ` ${signed(score, 1)}`)),
		),
		more > 0 && make("li.quiet", `and ${more} more`),
	);
}
