/** What the word lists say about the same text, beside the model. */

import { byId, element, measured } from "./dom.js";
import { counted, signed } from "./numbers.js";

const MATCHES = 12;
const HIGHEST = 5;
const SIGNS = new Set(["NEGATIVE", "NEUTRAL", "POSITIVE"]);

/**
 * Shows the answers of the word lists.
 * @param {any} model Entry of the model that was asked.
 * @param {any} content Its answer.
 * @param {{name: string, datum: any}[]} found Answers of the lists.
 */
export function showLists(model, content, found) {
  const comparable = model.labels.every((label) => SIGNS.has(label.toUpperCase()));
  const said = content.data[0].label.toUpperCase();
  byId("lists-body").replaceChildren(
    ...found.map(({ name, datum }) => {
      const verdict =
        !comparable || content.model === name
          ? ""
          : datum.label === said
            ? "agrees"
            : "disagrees";
      return element(
        "article",
        {},
        element(
          "h3",
          {},
          name,
          " ",
          element("span.tag", {}, datum.label),
          verdict && element("span.quiet", {}, ` ${verdict} with ${content.model}`),
        ),
        scaleOfMean(datum.mean),
        element(
          "p.quiet",
          {},
          `Sum ${signed(datum.sum, 1)} over ${counted(datum.words, "word")}: mean ${signed(datum.mean, 3)} of ±${HIGHEST}.`,
        ),
        matches(datum.matches),
      );
    }),
  );
}

/** Draws a mean on the scale from -5 to 5. */
function scaleOfMean(mean) {
  const share = Math.min(1, Math.abs(mean) / HIGHEST) / 2;
  const bar = measured("span", { share, start: mean < 0 ? 0.5 - share : 0.5 });
  bar.className = mean < 0 ? "below" : "above";
  return element("div.mean", { "aria-hidden": "true" }, bar);
}

function matches(found) {
  if (!found.length) return element("p.quiet", {}, "No word of the text is in the list.");
  const list = element("ul.chips");
  for (const { term, score } of found.slice(0, MATCHES)) {
    const side = score < 0 ? "against" : "for";
    list.append(
      element(`li.${side}`, {}, element("span.word", {}, term), " ", element("b", {}, signed(score, 1))),
    );
  }
  const rest = found.length - MATCHES;
  if (rest > 0) list.append(element("li", {}, `and ${rest.toLocaleString("en")} more`));
  return list;
}
