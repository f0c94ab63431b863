/** The explanation of a label: the words of a text, marked by how they speak for or against it. */

import { byId, fill, make } from "./dom.js";
import { counted, decimal, digitsFor, signed } from "./numbers.js";

const LEVELS = 4;
const NUMBERED = 0.1; // Share of the largest change from which a word shows its number.
const SHORT = 20;
const DETAILS = 6;

const METHODS = { leave_one_out: "each left out in turn", owen: "Owen values", sums: "their own scores" };
const KEYS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

/** The panel of the explanation. */
export class WordsPanel {
  #text = "";
  #found = null;
  #measures = [];

  /** @param {() => void} changed Called when another method is chosen. */
  constructor(changed) {
    byId("why-label").addEventListener("change", () => this.#render());
    byId("why-measure").addEventListener("change", () => this.#render());
    byId("why-method").addEventListener("change", changed);
  }

  /**
   * Shows an explanation.
   * @param {string} text The text that was sent.
   * @param {any} content Answer of `/v1/explain`.
   */
  show(text, content) {
    this.#text = text;
    this.#found = content.data[0];
    const { labels, label } = this.#found;
    const measure = byId("why-measure").value;
    this.#measures = content.route === "lexicon" ? [["logits", "mean valence"]] : [["logits", "logit"], ["probs", "score"]];
        fill(byId("why-label"), labels.map((each) => [each, each]), labels.includes(label) ? label : labels[0]);
    fill(byId("why-measure"), this.#measures, this.#measures.some(([key]) => key === measure) ? measure : "logits");
    byId("why-options").hidden = false;
    this.#render();
  }

  /** Shows something in place of an explanation. @param {...any} parts */
  say(...parts) {
    byId("why-options").hidden = true;
    byId("why-body").replaceChildren(make("p.quiet", ...parts));
  }

  #render() {
    const { units, labels, base, unit, method, passes, tokens } = this.#found;
    const label = byId("why-label").value;
    const measure = byId("why-measure").value;
    const at = labels.indexOf(label);
    const details = make("div", make("p.quiet", "Point at a word, or go there with Tab and the arrow keys, for its exact numbers."));
    const point = (index) => details.replaceChildren(this.#details(units[index], label));
    const spent = `${counted(units.length, unit)}, ${METHODS[method] ?? method}: ${counted(passes, "pass")}, ${counted(tokens, "token")}.`;
    byId("why-body").replaceChildren(
      marked(this.#text, units, units.map((each) => each[measure][at]), label, point),
      make(
        "div.row.quiet",
        make("span.unit.for.level2", make("span.word", `for ${label}`)),
        make("span.unit.against.level2", make("span.word", `against ${label}`)),
        `${spent} With no text at all, ${label} is at ${decimal(base[measure][at])}.`,
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
    const row = (tag, ...cells) => make("tr", ...cells.map((cell) => make(tag, cell)));
    return make(
      "table",
      make("caption", unit.text.trim()),
      make("thead", row("th", "label", ...this.#measures.map(([, name]) => `change of ${name}`))),
      make("tbody", ...rows.map((each) => row("td", each.name, ...this.#measures.map(([key]) => signed(each[key], 6))))),
    );
  }
}

/** Makes the text with its units marked: one stop for the Tab key, arrow keys within. */
function marked(text, units, changes, label, onPoint) {
  const largest = Math.max(1e-9, ...changes.map(Math.abs));
  const digits = digitsFor(largest);
  const box = make("div.words", { role: "listbox", "aria-label": `Words for and against ${label}` });
  const places = offsets(text, units);
  let end = 0;
  const marks = places.map(([from, to], index) => {
    const strength = Math.abs(changes[index]) / largest;
    const level = Math.ceil(strength * LEVELS - 0.1);
    const side = level > 0 ? `.${changes[index] > 0 ? "for" : "against"}.level${level}` : "";
    const number = signed(changes[index], digits);
    // A number goes under a word, and behind a sentence, which has to wrap.
    const short = to - from <= SHORT;
    const mark = make(
      `${short ? "ruby" : "span"}.unit${side}`,
      { role: "option", tabindex: index ? -1 : 0, "aria-selected": false, "aria-label": `${units[index].text.trim()}, ${number}` },
      make("span.word", text.slice(from, to)),
      strength >= NUMBERED && make(short ? "rt" : "small", number),
    );
    box.append(text.slice(end, from), mark);
    end = to;
    return mark;
  });
  box.append(text.slice(end));
  let here = 0;
  const point = ({ target, type }) => {
    const mark = target.closest(".unit");
    if (!mark) return;
    marks[here].setAttribute("aria-selected", "false");
    if (type === "focusin") marks[here].tabIndex = -1;
    here = marks.indexOf(mark);
    mark.setAttribute("aria-selected", "true");
    if (type === "focusin") mark.tabIndex = 0;
    onPoint(here);
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
  const wanted = new Map(units.flatMap(({ start, end }) => [[start, 0], [end, 0]]));
  let [points, place] = [0, 0];
  for (const character of [...text, ""]) {
    if (wanted.has(points)) wanted.set(points, place);
    points += 1;
    place += character.length;
  }
  return units.map(({ start, end }) => [wanted.get(start), wanted.get(end)]);
}
