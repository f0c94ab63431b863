/** Requests to the server, and what it means when one fails. */

const TOO_LONG = /has (\d+) tokens.* at most (\d+)/;

/**
 * A request that was not answered.
 *
 * `kind` is what can be done about it: `key` (send a key), `busy` and `later` (ask again),
 * `gone` (start the server), `long` (choose a truncation), `large` (send less), `absent` (no such
 * route or model), `refused` (change the input), `broken` (read the server's log).
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
    this.kind = kind;
    this.wait = wait;
    this.id = id;
  }
}

/** The server that this page came from. The API key is kept here and nowhere else. */
export class Server {
  #key = "";

  /** Whether requests are sent with an API key. */
  get keyed() {
    return this.#key !== "";
  }

  /** Sets the API key; an empty one forgets it. @param {string} key */
  useKey(key) {
    this.#key = key;
  }

  /** The models and word lists. @param {AbortSignal} signal */
  async models(signal) {
    return (await this.#ask("v1/models", null, signal)).content.data;
  }

  /**
   * Classifies texts.
   * @param {string} model
   * @param {string|string[]} input
   * @param {string} truncation Empty for none.
   * @param {AbortSignal} signal
   */
  classify(model, input, truncation, signal) {
    return this.#ask("classify", requestBody(model, input, truncation), signal);
  }

  /**
   * Explains the label of a text.
   * @param {string} model
   * @param {string} input
   * @param {string} truncation
   * @param {string} method
   * @param {AbortSignal} signal
   */
  async explain(model, input, truncation, method, signal) {
    const body = { ...requestBody(model, input, truncation), method };
    return (await this.#ask("v1/explain", body, signal)).content;
  }

  /**
   * Asks a word list for everything it has to say about a text.
   * @param {string} model
   * @param {string} input
   * @param {AbortSignal} signal
   */
  async lexicon(model, input, signal) {
    return (await this.#ask("v1/lexicon/classify", { model, input }, signal)).content.data[0];
  }

  async #ask(path, body, signal) {
    const headers = { Accept: "application/json" };
    if (body) headers["Content-Type"] = "application/json";
    if (this.#key) headers.Authorization = `Bearer ${this.#key}`;
    const started = performance.now();
    let response, content;
    try {
      response = await fetch(path, {
        method: body ? "POST" : "GET",
        headers,
        body: body && JSON.stringify(body),
        signal,
        cache: "no-store",
      });
      content = await response.json().catch((error) => {
        if (signal.aborted) throw error;
        return null;
      });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new Refusal("gone", "No connection.");
    }
    if (!response.ok) throw refusal(response, content);
    if (!content) throw new Refusal("broken", "The answer is not JSON.");
    return { content, headers: response.headers, ms: performance.now() - started };
  }
}

/** The fields that requests of all routes share. */
function requestBody(model, input, truncation) {
  return truncation ? { model, input, truncation } : { model, input };
}

function refusal(response, content) {
  const { status, headers } = response;
  const message =
    content?.error?.message ?? `The server answered with status ${status} and no message.`;
  const wait = Number(headers.get("retry-after")) || 0;
  return new Refusal(kindOf(status, message), message, wait, headers.get("x-request-id") ?? "");
}

function kindOf(status, message) {
  if (status === 400 && TOO_LONG.test(message)) return "long";
  const kinds = {
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
  return kinds[status] ?? (status < 500 ? "refused" : "broken");
}
