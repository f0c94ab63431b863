/** The request on screen, as other clients would send it. Quoted for any text. */

// Characters that a reader cannot see, or that change the order of what is seen.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;
const CHOICES = 255;
const QUESTIONS = 400;

export const FORMATS = ["curl", "OpenAI", "vLLM", "TEI", "KServe V1", "KServe V2"];

/**
 * Writes a request for a client.
 * @param {string} format One of `FORMATS`.
 * @param {{base: string, model: any, texts: string[], truncation: string, keyed: boolean}} request
 * @returns {{note: string, code: string}} What it is, and the code.
 */
export function snippet(format, request) {
  const { model, texts, truncation } = request;
  const ours = truncation ? { truncation } : {};
  const parameters = truncation ? { parameters: ours } : {};
  const input = texts.length === 1 ? texts[0] : texts;
  const path = model.id.split("/").map(encodeURIComponent).join("/");
  switch (format) {
    case "curl":
      return { note: "In bash or zsh.", code: curl(request, "classify", { model: model.id, input, ...ours }) };
    case "OpenAI":
      return openai(request, ours);
    case "vLLM":
      return {
        note: "Python with requests, as in the examples of vLLM: the same route and fields.",
        code: requests(request, { model: model.id, input, ...ours }),
      };
    case "TEI": {
      const inputs = texts.length === 1 ? input : texts.map((text) => [text]);
      return {
        note: "The route of text-embeddings-inference, in bash or zsh.",
        code: curl(request, "predict", { inputs, model: model.id, ...ours }),
      };
    }
    case "KServe V1":
      return { note: "In bash or zsh.", code: curl(request, `v1/models/${path}:predict`, { instances: texts, ...parameters }) };
    default: {
      const inputs = [{ name: "text", shape: [texts.length], datatype: "BYTES", data: texts }];
      return { note: "The Open Inference Protocol, in bash or zsh.", code: curl(request, `v2/models/${path}/infer`, { inputs, ...parameters }) };
    }
  }
}

function curl({ base, keyed }, path, body) {
  const json = JSON.stringify(body).replace(UNSEEN, (character) =>
    Array.from({ length: character.length }, (_, at) => unicode(character.charCodeAt(at))).join(""),
  );
  const lines = [
    `curl -s ${shell(base + path)}`,
    keyed ? `-H "Authorization: Bearer $API_KEY"` : "",
    "-H 'Content-Type: application/json'",
    `-d ${shell(json)}`,
  ];
  return lines.filter(Boolean).join(" \\\n  ");
}

function requests({ base, keyed }, body) {
  const key = keyed ? `\n    headers={"Authorization": f"Bearer {os.environ['API_KEY']}"},` : "";
  return `${keyed ? "import os\n\n" : ""}import requests

response = requests.post(
    ${python(`${base}classify`)},${key}
    json=${python(body)},
)
response.raise_for_status()
for answer in response.json()["data"]:
    print(answer["label"], answer["probs"])
`;
}

function openai({ base, model, texts, keyed }, ours) {
  const { labels } = model;
  const extra = Object.keys(ours).length ? `, extra_body=${python(ours)}` : "";
  const head = `${keyed ? "import os\n\n" : ""}from openai import OpenAI

client = OpenAI(base_url=${python(`${base}v1`)}, api_key=${keyed ? 'os.environ["API_KEY"]' : '"none"'})
texts = ${python(texts)}
`;
  const exclusive = model.problem_type === "single_label_classification" && labels.length > 1 && labels.length <= CHOICES;
  const several = model.problem_type === "multi_label_classification" && labels.length <= QUESTIONS;
  if (!exclusive && !several) {
    return {
      note: "Embeddings are the numbers of the model, in the order of its labels.",
      code: `${head}answer = client.embeddings.create(model=${python(model.id)}, input=texts${extra})
for each in answer.data:
    print(dict(zip(${python(labels)}, each.embedding)))
`,
    };
  }
  const questions = exclusive
    ? [{ type: "choice", instructions: "Which label?", choices: labels.map((value) => ({ value })) }]
    : labels.map((name) => ({ type: "predicate", name, instructions: `Is it ${name}?` }));
  const print = exclusive
    ? "    print(answer.answers[0].choice, answer.answers[0].probabilities)"
    : "    print({each.name: each.probability for each in answer.answers})";
  return {
    note: "Python with openai 3.51 or later; decisions take one text at a time.",
    code: `${head}questions = ${python(questions)}
for text in texts:
    answer = client.decisions.create(
        model=${python(model.id)}, input=text, questions=questions${extra}
    )
${print}
`,
  };
}

/** Quotes a text for a shell. @param {string} text */
export const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Writes a value as Python does. @param {any} value @returns {string} */
export function python(value) {
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "number") return String(value);
  if (typeof value === "object") {
    return `{${Object.entries(value).map(([key, each]) => `${python(key)}: ${python(each)}`).join(", ")}}`;
  }
  const quoted = value.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n");
  return `"${quoted.replace(UNSEEN, (character) => unicode(character.codePointAt(0)))}"`;
}

function unicode(code) {
  const digits = code.toString(16);
  return code > 0xffff ? `\\U${digits.padStart(8, "0")}` : `\\u${digits.padStart(4, "0")}`;
}
