/** Elements of the page. All text enters as text nodes, never as markup. */

/** @returns {any} An element of the page. */
export const byId = (id) => document.getElementById(id);

/**
 * Makes an element.
 * @param {string} tag Its name, with classes after dots; `svg:` before a part of a drawing.
 * @param {...any} parts Objects of attributes, listeners (`onclick`) and custom properties
 *   (`--share`), which CSP allows where it refuses style attributes; nodes and texts. What is null
 *   or false is left out.
 * @returns {any}
 */
export function make(tag, ...parts) {
	const [name, ...classes] = tag.replace("svg:", "").split(".");
	const made = tag.startsWith("svg:")
		? document.createElementNS("http://www.w3.org/2000/svg", name)
		: document.createElement(name);
	made.classList.add(...classes);
	for (const part of parts) {
		if (part === null || part === false) continue;
		if (part.constructor !== Object) made.append(part);
		else for (const [name, value] of Object.entries(part)) set(made, name, value);
	}
	return made;
}

/** Makes a button. */
export const button = (text, onclick, tag = "button") => make(tag, { type: "button", onclick }, text);

/** Fills a select. */
export function fill(select, names, value, values = names) {
	select.replaceChildren(...names.map((name, at) => make("option", { value: values[at] }, name)));
	select.value = String(value);
}

function set(made, name, value) {
	if (name.startsWith("--")) made.style.setProperty(name, String(value));
	else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
	else made.setAttribute(name, String(value));
}
