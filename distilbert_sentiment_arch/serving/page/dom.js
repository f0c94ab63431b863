/** Elements of the page. All text enters as text nodes, never as markup. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Finds an element of the page.
 * @param {string} id
 * @returns {any}
 */
export const byId = (id) => document.getElementById(id);

/**
 * Makes an element.
 *
 * The Content-Security-Policy allows no style attribute, but custom properties set one by one.
 * @param {string} tag Its name, with classes after dots; `svg:` before a part of a drawing.
 * @param {...any} parts Objects with attributes, listeners (`onclick`) and custom properties
 *   (`--share`); nodes and texts for what is in it. What is null or false is left out.
 * @returns {any}
 */
export function make(tag, ...parts) {
  const [name, ...classes] = tag.replace("svg:", "").split(".");
  const made = tag.startsWith("svg:")
    ? document.createElementNS(SVG, name)
    : document.createElement(name);
  made.classList.add(...classes);
  for (const part of parts) {
    if (part === null || part === false) continue;
    if (part.constructor === Object) set(made, part);
    else made.append(part);
  }
  return made;
}

/** Makes a button. @param {string} text @param {() => void} onclick */
export const button = (text, onclick, tag = "button") => make(tag, { type: "button", onclick }, text);

/** Makes a labelled choice. @param {[any, string][]} entries Values, and what they are called. */
export function choice(name, entries, value, onchange) {
  const select = make("select", { onchange: () => onchange(select.value) });
  fill(select, entries, value);
  return make("label.field", name, " ", select);
}

/** Fills a choice anew. @param {HTMLSelectElement} select @param {[any, string][]} entries */
export function fill(select, entries, value) {
  select.replaceChildren(...entries.map(([key, name]) => make("option", { value: key }, name)));
  select.value = String(value);
}

function set(made, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("--")) made.style.setProperty(name, String(value));
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, String(value));
  }
}
