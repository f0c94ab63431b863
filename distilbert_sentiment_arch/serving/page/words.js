/** The explanation of a label: the words of a text, marked by how they speak for or against it. */

import { byId, element } from "./dom.js";
import { counted, decimal, digitsFor, signed } from "./numbers.js";

const LEVELS = 4;
const NUMBERED = 0.15; // Share of the largest change from which a word shows its number.
const SATURATED = 0.02; // Changes of probability below this are told by the logits instead.
const DETAILS = 6;

const METHODS = { leave_one_out: "each left out in turn", owen: "Owen values, which add up" };

/** The explanation of one text. */
export class WordsPanel {
  #text = "";
  #explanation = null;
  #valence = false;
  #chosen = { label: "", measure: "" };

  /** @param {() => void} changed Called when another method is chosen. */
  constructor(changed) {
    byId("why-label").addEventListener("change", () => this.#choose());
    byId("why-measure").addEventListener("change", () => this.#choose());
    byId("why-method").addEventListener("change", changed);
  }

  /** The chosen method. */
  get method() {
    return byId("why-method").value;
  }

  /** Forgets which label and measure were chosen, for another model. */
  reset() {
    this.#chosen = { label: "", measure: "" };
  }

  /**
   * Shows an explanation.
   * @param {string} text The text that was sent.
   * @param {any} content Answer of `/v1/explain`.
   */
  show(text, content) {
    this.#text = text;
    this.#explanation = content.data[0];
    this.#valence = content.route === "lexicon";
    this.#fillOptions();
    this.#render();
  }

  /** Shows something in place of an explanation. @param {...Node} nodes */
  say(...nodes) {
    byId("why-options").hidden = true;
    byId("why-body").replaceChildren(...nodes);
  }

  #choose() {
    this.#chosen = { label: byId("why-label").value, measure: byId("why-measure").value };
    this.#render();
  }

  #fillOptions() {
    const { label, labels, units } = this.#explanation;
    const known = labels.includes(this.#chosen.label) ? this.#chosen.label : "";
    const target = known || (labels.includes(label) ? label : labels[0]);
    options(byId("why-label"), labels.map((name) => [name, name]), target);
    const index = labels.indexOf(target);
    const largest = Math.max(0, ...units.map((unit) => Math.abs(unit.probs[index])));
    const wanted = this.#valence || largest < SATURATED ? "logits" : "probs";
    const names = this.#valence
      ? [["logits", "mean valence"]]
      : [["probs", "score"], ["logits", "logit"]];
    options(byId("why-measure"), names, this.#valence ? "logits" : this.#chosen.measure || wanted);
    byId("why-options").hidden = false;
  }

  #render() {
    const explanation = this.#explanation;
    const label = byId("why-label").value;
    const measure = byId("why-measure").value;
    const index = explanation.labels.indexOf(label);
    const changes = explanation.units.map((unit) => unit[measure][index]);
    const details = element("div.details", { id: "details" });
    byId("why-body").replaceChildren(
      summary(explanation, changes, label),
      markedText(this.#text, explanation, changes, label, (unit) =>
        details.replaceChildren(this.#detailOf(unit, label)),
      ),
      details,
      legend(explanation, label, measure, index),
    );
    details.append(element("p.quiet", {}, "Point at a word, or use the arrow keys, for its exact numbers."));
  }

  #detailOf(unit, label) {
    const { labels } = this.#explanation;
    const ordered = labels
      .map((name, index) => ({ name, probs: unit.probs[index], logits: unit.logits[index] }))
      .sort((a, b) => Number(b.name === label) - Number(a.name === label) || Math.abs(b.probs) - Math.abs(a.probs))
      .slice(0, DETAILS);
    const heads = this.#valence ? ["mean valence"] : ["score", "logit"];
    const cells = ({ probs, logits }) => (this.#valence ? [logits] : [probs, logits]);
    return element(
      "table",
      {},
      element("caption", {}, unit.text.trim()),
      element("thead", {}, row("th", "label", ...heads.map((head) => `change of ${head}`))),
      element("tbody", {}, ...ordered.map((each) => row("td", each.name, ...cells(each).map((value) => signed(value, 6))))),
    );
  }
}

const row = (tag, ...cells) => element("tr", {}, ...cells.map((cell) => element(tag, {}, cell)));

function options(select, entries, value) {
  select.replaceChildren(...entries.map(([key, name]) => element("option", { value: key }, name)));
  select.value = value;
}

/** Says which words speak most for and against the label. */
function summary({ units }, changes, label) {
  const digits = digitsFor(Math.max(0, ...changes.map(Math.abs)));
  const most = (sign) =>
    units
      .map((unit, index) => ({ text: unit.text.trim(), change: changes[index] }))
      .filter(({ text, change }) => change * sign > 0 && text.length <= 30 && Number(signed(change, digits)) !== 0)
      .sort((a, b) => sign * (b.change - a.change))
      .slice(0, 3)
      .map(({ text, change }) => `${text} ${signed(change, digits)}`)
      .join(", ");
  const parts = [
    [1, "for"],
    [-1, "against"],
  ]
    .map(([sign, word]) => [most(sign), word])
    .filter(([found]) => found)
    .map(([found, word]) => `${word} ${label}: ${found}`);
  return parts.length ? element("p.quiet", {}, `Most ${parts.join(". Most ")}.`) : null;
}

/** Makes the text with its units marked; one stop for the Tab key, arrow keys within. */
function markedText(text, { units }, changes, label, onPoint) {
  const largest = Math.max(0, ...changes.map(Math.abs));
  const digits = digitsFor(largest);
  const box = element("div.words", { role: "listbox", "aria-label": `Words for and against ${label}`, "aria-orientation": "horizontal" });
  const places = offsets(text, units);
  const marks = [];
  let end = 0;
  for (const [index, unit] of units.entries()) {
    const [from, to] = places[index];
    const strength = largest ? Math.abs(changes[index]) / largest : 0;
    const level = Math.ceil(strength * LEVELS - 0.08);
    const side = level < 1 ? "" : changes[index] > 0 ? ".for" : ".against";
    const number = signed(changes[index], digits);
    const mark = element(
      `span.unit${side}.level${Math.max(0, level)}`,
      { role: "option", tabindex: -1, "aria-selected": "false", "aria-label": `${unit.text.trim()}, ${number}` },
      element("span.word", {}, text.slice(from, to)),
      strength >= NUMBERED ? element("span.number", {}, number) : null,
    );
    marks.push(mark);
    box.append(text.slice(end, from), mark);
    end = to;
  }
  box.append(text.slice(end));
  const point = (mark) => {
    box.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
    mark.setAttribute("aria-selected", "true");
    onPoint(units[marks.indexOf(mark)]);
  };
  if (marks.length) marks[0].tabIndex = 0;
  box.addEventListener("pointerover", (event) => {
    const mark = event.target.closest(".unit");
    if (mark) point(mark);
  });
  box.addEventListener("focusin", (event) => {
    const mark = event.target.closest(".unit");
    if (!mark) return;
    for (const each of marks) each.tabIndex = each === mark ? 0 : -1;
    point(mark);
  });
  box.addEventListener("keydown", (event) => {
    const here = marks.indexOf(event.target);
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -here, End: marks.length };
    if (here < 0 || !(event.key in steps)) return;
    event.preventDefault();
    marks[Math.min(marks.length - 1, Math.max(0, here + steps[event.key]))].focus();
  });
  return box;
}

/** Turns spans in Unicode code points, as the server counts, to offsets in a text of JavaScript. */
function offsets(text, units) {
  const wanted = new Map(units.flatMap(({ start, end }) => [[start, 0], [end, 0]]));
  let points = 0;
  let place = 0;
  for (const character of text) {
    if (wanted.has(points)) wanted.set(points, place);
    points += 1;
    place += character.length;
  }
  wanted.set(points, place);
  return units.map(({ start, end }) => [wanted.get(start), wanted.get(end)]);
}

function legend(explanation, label, measure, index) {
  const { base, unit, method, passes, tokens } = explanation;
  const spent = `${counted(explanation.units.length, unit)}, ${METHODS[method] ?? method}: ${counted(passes, "pass").replace("passs", "passes")}, ${counted(tokens, "token")}. `;
  return element(
    "div.row.quiet",
    {},
    element("span.unit.for.level3", {}, element("span.word", {}, "for")),
    element("span.unit.against.level3", {}, element("span.word", {}, "against")),
    element("span", {}, `${spent}Without any text ${label} has ${decimal(base[measure][index])}.`),
  );
}
