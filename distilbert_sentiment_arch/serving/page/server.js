/** Requests to the server that this page came from, and what it means when one fails. */

const KINDS = {
  401: "key",
  404: "absent",
  405: "absent",
  408: "later",
  413: "large",
  429: "busy",
  502: "gone",
  503: "later",
  504: "gone",
};

/**
 * A request that was not answered. `kind` is what can be done about it: `key` (send one), `busy`
 * and `later` (ask again), `gone` (start the server), `long` (choose a truncation), `large` (send
 * less), `absent` (no such route or model), `refused` (change the text), `broken` (read the log).
 */
export class Refusal extends Error {
  /**
   * @param {string} kind
   * @param {string} message What the server says.
   * @param {number} [wait] Seconds after which to ask again.
   * @param {string} [id] Id of the request in the server's log.
   */
  constructor(kind, message, wait = 0, id = "") {
    super(message);
    Object.assign(this, { kind, wait, id });
  }
}

/** The server. The API key is kept here, in memory, and nowhere else. */
export class Server {
  /** The API key; empty for none. */
  key = "";

  /**
   * Asks a route, and returns content and headers of the answer, and the milliseconds it took.
   * @param {string} path
   * @param {any} body What to POST; null for GET.
   * @param {AbortSignal} signal
   */
  async ask(path, body, signal) {
    const headers = { Accept: "application/json" };
    if (body) headers["Content-Type"] = "application/json";
    if (this.key) headers.Authorization = `Bearer ${this.key}`;
    const options = { method: body ? "POST" : "GET", headers, signal, cache: "no-store" };
    const started = performance.now();
    let response, text;
    try {
      response = await fetch(path, { ...options, body: body && JSON.stringify(body) });
      text = await response.text();
    } catch (error) {
      if (signal.aborted) throw error;
      throw new Refusal("gone", "No connection.");
    }
    const content = parsed(text);
    if (!response.ok) throw refusal(response, content);
    if (!content) throw new Refusal("broken", "The answer is not JSON.");
    return { content, headers: response.headers, ms: performance.now() - started };
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function refusal({ status, headers }, content) {
  const message = content?.error?.message ?? `The server answered with status ${status}.`;
  const other = status === 400 && /has \d+ tokens.* at most \d+/.test(message) ? "long" : status < 500 ? "refused" : "broken";
  const wait = Number(headers.get("retry-after")) || 0;
  return new Refusal(KINDS[status] ?? other, message, wait, headers.get("x-request-id") ?? "");
}
