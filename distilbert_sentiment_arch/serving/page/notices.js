/** What went wrong, and what to do about it. */

import { button, byId, make } from "./dom.js";

// For each kind: a title, what to do, the buttons that do it.
const NOTICES = {
	empty: ["Nothing to read yet", "Type a text, or take an example. The answer comes as you type."],
	reading: ["Reading …", "A moment."],
	busy: ["The server is busy", "Its queue is full. The page asks again by itself.", "retry", "list"],
	later: ["The model does not answer", "The page asks again by itself. If this lasts, see GET /ready.", "retry", "list"],
	gone: ["The server cannot be reached", "Is it running? ./scripts/serve starts it. The page asks again by itself.", "retry"],
	long: ["The text is longer than the model reads at once", "Nothing is cut without being asked for. Shorten the text, or choose:", "window", "end", "start"],
	large: ["This is over a limit of the server", "Split the text, or send it as a file with one text a line."],
	absent: ["The server does not have this", "It may have been started anew with another model.", "retry"],
	refused: ["The server does not take this text", "Change it as the server says:"],
	broken: ["The server failed", "The log of the server has the details.", "retry"],
	key: ["This server asks for an API key", "It stays in the memory of this page, and is gone when you leave it."],
};

const BUTTONS = {
	retry: "Ask again now",
	list: "Ask a word list instead",
	window: "Read all of it in windows",
	end: "Cut off the end",
	start: "Cut off the start",
};

/** Shows why there is no answer, with the buttons that have an action; returns the title. */
export function showNotice({ kind, message = null }, actions) {
	const [title, says, ...offered] = NOTICES[kind];
	const buttons = offered.filter((name) => actions[name]).map((name) => button(BUTTONS[name], actions[name]));
	byId("notice").replaceChildren(
		make("h2", title),
		make("p", says),
		make("p.quiet", message),
		kind === "key" ? keyForm(actions.useKey) : make("div.row", ...buttons),
		make("p.quiet", { id: "countdown" }),
	);
	return title;
}

/** Shows the seconds until the page asks again. */
export function showCountdown(seconds) {
	byId("countdown").textContent = `Asking again in ${seconds} s.`;
}

function keyForm(useKey) {
	// Other characters than these do not fit into a header.
	const input = make("input", { type: "password", id: "key", autocomplete: "off", required: "", pattern: "[!-~]+" });
	const onsubmit = (event) => {
		event.preventDefault();
		useKey(input.value);
	};
	return make("form.row", { onsubmit }, make("label.field", "API key ", input), make("button", "Use this key"));
}
