/** Many texts, sent in requests of a size that leaves room for other callers. */

const TEXTS = 32;
const CHARACTERS = 16_000;
const PATIENCE = 8;

/**
 * Classifies many texts, one request after the other.
 *
 * A request that the server refuses for one of its texts is halved until the text is found, so
 * that the others are answered.
 * @param {string[]} texts
 * @param {(texts: string[]) => Promise<any>} send
 * @param {(from: number, outcomes: any[]) => void} done Receives answers, or refusals, in order.
 * @param {AbortSignal} signal
 */
export async function inBatches(texts, send, done, signal) {
  const waiting = split(texts).reverse();
  let tries = 0;
  while (waiting.length) {
    const [from, to] = waiting.pop();
    try {
      const { content } = await send(texts.slice(from, to));
      done(from, content.data.map((datum) => ({ ...datum, route: content.route, model: content.model })));
      tries = 0;
    } catch (refusal) {
      if (signal.aborted) throw refusal;
      if (["refused", "long", "large"].includes(refusal.kind)) {
        const middle = Math.ceil((from + to) / 2);
        if (to - from > 1) waiting.push([middle, to], [from, middle]);
        else done(from, [{ refusal }]);
      } else if (["busy", "later"].includes(refusal.kind) && tries < PATIENCE) {
        waiting.push([from, to]);
        tries += 1;
        await pause(Math.max(refusal.wait, tries / 2), signal);
      } else throw refusal;
    }
  }
}

function split(texts) {
  const batches = [];
  let from = 0;
  let characters = 0;
  for (const [index, { length }] of texts.entries()) {
    if (index > from && (index - from === TEXTS || characters + length > CHARACTERS)) {
      batches.push([from, index]);
      from = index;
      characters = 0;
    }
    characters += length;
  }
  return from < texts.length ? [...batches, [from, texts.length]] : batches;
}

const pause = (seconds, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
