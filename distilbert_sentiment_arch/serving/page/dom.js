/** Elements of the page, made without markup: all text enters as text nodes. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Finds an element of the page by its id.
 * @param {string} id
 * @returns {any}
 */
export const byId = (id) => document.getElementById(id);

/**
 * Makes an element.
 * @param {string} tag Name of the element, with classes after dots: `p.quiet`.
 * @param {Record<string, any>} [attributes] Attributes; `onclick` and the like add listeners,
 *   `true` gives an empty attribute, `false` and `null` give none.
 * @param {...(Node|string|number|null)} children Nodes, and texts.
 * @returns {any}
 */
export function element(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  return filled(document.createElement(name), classes, attributes, children);
}

/**
 * Makes an element of a drawing.
 * @param {string} tag
 * @param {Record<string, any>} attributes
 * @param {...(Node|string|null)} children
 * @returns {any}
 */
export function drawn(tag, attributes, ...children) {
  const [name, ...classes] = tag.split(".");
  return filled(document.createElementNS(SVG, name), classes, attributes, children);
}

/**
 * Makes a button.
 * @param {string} text
 * @param {() => void} action What a press does.
 * @param {string} [tag]
 */
export const button = (text, action, tag = "button") =>
  element(tag, { type: "button", onclick: action }, text);

/**
 * Makes an element whose class reads a custom property, such as the length of a bar. The
 * Content-Security-Policy allows no style attribute, but properties set one by one.
 * @param {string} tag
 * @param {Record<string, number|string>} properties
 * @param {...(Node|string)} children
 */
export function measured(tag, properties, ...children) {
  const made = element(tag, {}, ...children);
  for (const [name, value] of Object.entries(properties)) {
    made.style.setProperty(`--${name}`, String(value));
  }
  return made;
}

function filled(made, classes, attributes, children) {
  if (classes.length) made.classList.add(...classes);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null) made.setAttribute(name, String(value));
  }
  for (const child of children) if (child !== null) made.append(child);
  return made;
}
