/** Many texts, sent in requests of a size that leaves room for other callers. */

const TEXTS = 32;
const CHARACTERS = 16_000;
const PATIENCE = 8;

/**
 * Classifies many texts, one request after the other, and hands over answers and refusals.
 *
 * A request that is refused for one of its texts is halved until that text is found, so that the
 * others are answered.
 */
export async function inBatches(texts, send, done, signal) {
	const waiting = split(texts).reverse();
	let tries = 0;
	while (waiting.length) {
		const [from, to] = waiting.pop();
		try {
			const { content } = await send(texts.slice(from, to));
			const { route, model } = content;
			done(from, content.data.map((datum) => ({ ...datum, route, model })));
			tries = 0;
		} catch (refusal) {
			if (["refused", "long", "large"].includes(refusal.kind)) {
				const middle = Math.ceil((from + to) / 2);
				if (to - from > 1) waiting.push([middle, to], [from, middle]);
				else done(from, [{ refusal }]);
			} else if (["busy", "later"].includes(refusal.kind) && tries < PATIENCE) {
				waiting.push([from, to]);
				tries += 1;
				await pause(1000 * Math.max(refusal.wait, tries), signal);
			} else throw refusal;
		}
	}
}

/** Waits; rejects as soon as the signal aborts. @param {number} milliseconds */
export const pause = (milliseconds, signal) =>
	new Promise((resolve, reject) => {
		setTimeout(resolve, milliseconds);
		signal.addEventListener("abort", () => reject(signal.reason), { once: true });
	});

function split(texts) {
	const batches = [];
	let [from, characters] = [0, 0];
	for (const [index, { length }] of texts.entries()) {
		if (index > from && (index - from === TEXTS || characters + length > CHARACTERS)) {
			batches.push([from, index]);
			[from, characters] = [index, 0];
		}
		characters += length;
	}
	return [...batches, [from, texts.length]];
}
