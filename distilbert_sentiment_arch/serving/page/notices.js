/** What went wrong, and what to do about it. */

import { button, byId, element } from "./dom.js";

/**
 * Shows why there is no answer.
 * @param {any} refusal
 * @param {{retry: () => void, truncate: (mode: string) => void, useKey: (key: string) => void,
 *   askList: (() => void)|null, keyed: boolean}} actions What the person can do.
 * @returns {string} The title, to be read out.
 */
export function showNotice(refusal, actions) {
  const { title, says, does } = describe(refusal, actions);
  const told = ["key", "gone"].includes(refusal.kind) ? null : element("p.quiet", {}, refusal.message);
  byId("notice").replaceChildren(
    element("h2", {}, title),
    element("p", {}, ...says),
    told,
    element("div.row", {}, ...does),
    element("p.quiet", { id: "countdown" }),
  );
  return title;
}

/** Shows the seconds until the page asks again. @param {number} seconds */
export function showCountdown(seconds) {
  const line = byId("countdown");
  if (line) line.textContent = seconds > 0 ? `Asking again in ${seconds} s.` : "Asking again…";
}

function describe(refusal, { retry, truncate, useKey, askList, keyed }) {
  const again = button("Ask again now", retry);
  const list = askList ? [button("Ask a word list instead", askList)] : [];
  switch (refusal.kind) {
    case "key":
      return {
        title: keyed ? "The server does not know this API key" : "This server asks for an API key",
        says: ["Enter one. It stays in the memory of this page and is gone when the page is closed."],
        does: [keyForm(useKey)],
      };
    case "busy":
      return {
        title: "The server is busy",
        says: ["Its queue is full. The page asks again by itself."],
        does: [again, ...list],
      };
    case "later":
      return {
        title: "The model does not answer",
        says: ["The page asks again by itself. If this lasts, see ", element("code", {}, "GET /ready"), " and the log of the server."],
        does: [again, ...list],
      };
    case "gone":
      return {
        title: "The server cannot be reached",
        says: ["Is it running? Start it with ", element("code", {}, "./scripts/serve"), ". The page asks again by itself, and your text stays here."],
        does: [again],
      };
    case "long":
      return {
        title: "The text is longer than the model reads at once",
        says: ["Nothing is cut without being asked for. Shorten the text, or choose:"],
        does: [
          button("Read all of it in windows", () => truncate("window")),
          button("Cut off the end", () => truncate("end")),
          button("Cut off the start", () => truncate("start")),
        ],
      };
    case "large":
      return {
        title: "The request is over a limit of this server",
        says: ["Send less text at once: split it, or send it as a file with one text a line."],
        does: [],
      };
    case "absent":
      return {
        title: "The server does not have this",
        says: ["It may have been restarted with another model. Ask again to see what it serves now."],
        does: [again],
      };
    case "refused":
      return {
        title: "The server does not take this text",
        says: ["Change it as the server says:"],
        does: [],
      };
    default:
      return {
        title: "The server failed",
        says: [
          "The log of the server has the details",
          refusal.id ? ", under the request id " : ".",
          refusal.id ? element("code", {}, refusal.id) : "",
        ],
        does: [again],
      };
  }
}

function keyForm(useKey) {
  const input = element("input", { type: "password", id: "key", autocomplete: "off", spellcheck: "false", required: true });
  const form = element(
    "form.row",
    {
      onsubmit: (event) => {
        event.preventDefault();
        useKey(input.value.trim());
      },
    },
    element("label.field", { for: "key" }, "API key "),
    input,
    element("button", { type: "submit" }, "Use this key"),
  );
  return form;
}
