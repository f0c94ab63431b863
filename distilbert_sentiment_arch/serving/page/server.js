/** Requests to the server that this page came from, and what it means when one fails. */

const KINDS = { 401: "key", 404: "absent", 408: "later", 413: "large", 429: "busy", 502: "gone", 503: "later" };

/** A request that was not answered: the kind of its notice, and seconds to wait. */
class Refusal extends Error {
	constructor(kind, message, wait = 0) {
		super(message);
		Object.assign(this, { kind, wait });
	}
}

/** The server. The API key is kept here, in memory, and nowhere else. */
export class Server {
	key = "";

	/** Asks a route, by POST if there is a body; returns content, headers and milliseconds. */
	async ask(path, body, signal) {
		const headers = body ? { "Content-Type": "application/json" } : {};
		if (this.key) headers.Authorization = `Bearer ${this.key}`;
		const started = performance.now();
		let response, content;
		try {
			response = await fetch(path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal });
			content = await response.json().catch(otherwise);
		} catch (error) {
			throw signal.aborted ? error : new Refusal("gone", "No connection.");
		}
		if (!response.ok) throw refusal(response, content);
		if (!content) throw new Refusal("broken", "The answer is not JSON.");
		return { content, headers: response.headers, ms: performance.now() - started };
	}
}

function otherwise(error) {
	if (error.name !== "SyntaxError") throw error;
}

function refusal({ status, headers }, content) {
	const says = content?.error?.message ?? `The server answered with status ${status}.`;
	let kind = KINDS[status] ?? (status < 500 ? "refused" : "broken");
	if (status === 400 && /has \d+ tokens.* at most \d+/.test(says)) kind = "long";
	const id = headers.get("x-request-id");
	return new Refusal(kind, kind === "broken" && id ? `${says} Request ${id}.` : says, Number(headers.get("retry-after")) || 0);
}
