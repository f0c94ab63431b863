/** The request on screen, as other clients send it, quoted for any text. */

// Characters that nobody sees, or that change the order of what is seen.
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;
const CHOICES = 255;

export const FORMATS = ["curl", "OpenAI", "vLLM", "TEI", "KServe V1", "KServe V2"];

/** Writes a request in one of the formats. */
export function snippet(format, request) {
	const { texts, truncation } = request;
	const model = request.model.id;
	const ours = truncation ? { truncation } : {};
	const parameters = truncation ? { parameters: ours } : {};
	const one = texts.length === 1;
	const body = { model, input: one ? texts[0] : texts, ...ours };
	const path = model.split("/").map(encodeURIComponent).join("/");
	switch (format) {
		case "curl":
			return curl(request, "classify", body);
		case "OpenAI":
			return openai(request, ours);
		case "vLLM":
			return requests(request, body);
		case "TEI": {
			const inputs = one ? texts[0] : texts.map((text) => [text]);
			return curl(request, "predict", { inputs, model, ...ours });
		}
		case "KServe V1":
			return curl(request, `v1/models/${path}:predict`, { instances: texts, ...parameters });
		default: {
			const inputs = [{ name: "text", shape: [texts.length], datatype: "BYTES", data: texts }];
			return curl(request, `v2/models/${path}/infer`, { inputs, ...parameters });
		}
	}
}

function curl({ base, keyed }, path, body) {
	const units = (found) => found.split("").map((unit) => escaped(unit.charCodeAt(0))).join("");
	const json = JSON.stringify(body).replace(UNSEEN, units);
	const parts = [`curl -s ${shell(base + path)}`, "-H 'Content-Type: application/json'", `-d ${shell(json)}`];
	if (keyed) parts.splice(1, 0, '-H "Authorization: Bearer $API_KEY"');
	return parts.join(" \\\n  ");
}

function requests({ base, keyed }, body) {
	const headers = keyed ? `\n    headers={"Authorization": "Bearer " + os.environ["API_KEY"]},` : "";
	return `${keyed ? "import os\n\n" : ""}import requests

response = requests.post(
    ${python(`${base}classify`)},${headers}
    json=${python(body)},
)
response.raise_for_status()
for answer in response.json()["data"]:
    print(answer["label"], answer["probs"])
`;
}

/** Asks a model for decisions; for values, many labels or a word list, embeddings. */
function openai({ base, model, texts, keyed }, ours) {
	const { labels, problem_type, route } = model;
	const type = route === "model" && problem_type;
	const extra = ours.truncation ? `, extra_body=${python(ours)}` : "";
	const head = `${keyed ? "import os\n\n" : ""}from openai import OpenAI

client = OpenAI(base_url=${python(`${base}v1`)}, api_key=${keyed ? 'os.environ["API_KEY"]' : '"none"'})
texts = ${python(texts)}
`;
	let questions;
	let printed = "{each.name: each.probability for each in answer.answers}";
	if (type === "multi_label_classification") {
		questions = labels.map((name) => ({ type: "predicate", name, instructions: `Is it ${name}?` }));
	} else if (type === "single_label_classification" && labels.length > 1 && labels.length <= CHOICES) {
		questions = [{ type: "choice", instructions: "Which label?", choices: labels.map((value) => ({ value })) }];
		printed = "answer.answers[0].choice, answer.answers[0].probabilities";
	} else {
		return `${head}answer = client.embeddings.create(model=${python(model.id)}, input=texts${extra})
for each in answer.data:
    print(dict(zip(${python(labels)}, each.embedding)))
`;
	}
	return `${head}questions = ${python(questions)}
for text in texts:
    answer = client.decisions.create(
        model=${python(model.id)}, input=text, questions=questions${extra}
    )
    print(${printed})
`;
}

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Writes texts, lists and objects as Python does. */
function python(value) {
	if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
	if (typeof value === "string") {
		const quoted = value.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n");
		return `"${quoted.replace(UNSEEN, (found) => escaped(found.codePointAt(0)))}"`;
	}
	return `{${Object.entries(value).map(([key, each]) => `${python(key)}: ${python(each)}`).join(", ")}}`;
}

function escaped(code) {
	const digits = code.toString(16);
	return code > 0xffff ? `\\U${digits.padStart(8, "0")}` : `\\u${digits.padStart(4, "0")}`;
}
