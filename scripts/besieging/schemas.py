"""Valid bodies of every dialect with random options, from which hostile ones are made."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from scripts.besieging.texts import Texts

MODEL = "distilbert-minilm-l6-sst2"
WORD_LISTS = ("afinn-111", "mvp-29")

Json = dict[str, Any]
Builder = Callable[[random.Random, Texts], tuple[str, Json]]

_NO_MODELS = ("", "gpt-5", "afinn-111/", "../afinn-111", "AFINN-111", "a" * 300, "\u0130", "%00")
_LABELS = (
    "POSITIVE",
    "NEGATIVE",
    "positive",
    "Neutral",
    "NEUTRAL",
    "yes",
    True,
    False,
    "",
    "(a+)+$",
)


def model(generator: random.Random) -> str:
    """Returns a model name: mostly that of a word list, because a model takes long to compute."""
    place = generator.random()
    if place < 0.88:
        return generator.choice(WORD_LISTS)
    if place < 0.94:
        return MODEL
    return generator.choice(_NO_MODELS)


def _ids(generator: random.Random) -> list[int]:
    return [generator.choice((101, 102, 2023, 0, 30521)) for _ in range(generator.randint(1, 12))]


def _batch(generator: random.Random, texts: Texts) -> list[str]:
    place = generator.random()
    if place < 0.97:
        return [texts.any(generator) for _ in range(generator.randint(1, 6))]
    if place < 0.998:
        return [generator.choice(texts.words)] * generator.randint(7, 64)
    return generator.choices(texts.words, k=generator.randint(65, 3000))


def _input(generator: random.Random, texts: Texts) -> Any:
    place = generator.random()
    if place < 0.5:
        return texts.any(generator)
    if place < 0.85:
        return _batch(generator, texts)
    if place < 0.93:
        return _ids(generator)
    return [_ids(generator) for _ in range(generator.randint(1, 8))]


def _own_options(generator: random.Random) -> Json:
    options: Json = {}
    if generator.random() < 0.2:
        # Few windows, because reading long texts in windows would take most of the model's time.
        options["truncation"] = generator.choice(("start", "end", "end", "start", "window", None))
    if generator.random() < 0.1:
        options["fallback"] = generator.choice(("off", "overload", "always-available", None))
    return options


def _some(generator: random.Random, fields: Json) -> Json:
    return {name: value for name, value in fields.items() if generator.random() < 0.15}


def _vllm(generator: random.Random, texts: Texts) -> tuple[str, Json]:
    return generator.choice(("/classify", "/v1/classify")), {
        "model": model(generator),
        "input": _input(generator, texts),
        **_some(
            generator,
            {
                "truncate_prompt_tokens": generator.choice((-1, 1, 2, 3, 64, 512, 513)),
                "truncation_side": generator.choice(("left", "right")),
                "use_activation": generator.random() < 0.5,
                "add_special_tokens": generator.random() < 0.5,
                "user": generator.choice(texts.small),
                "request_id": generator.choice(texts.small),
            },
        ),
        **_own_options(generator),
    }


def _embeddings(generator: random.Random, texts: Texts) -> tuple[str, Json]:
    return "/v1/embeddings", {
        "model": model(generator),
        "input": _input(generator, texts),
        **_some(
            generator,
            {
                "encoding_format": generator.choice(("float", "base64")),
                "dimensions": generator.choice((1, 2, 3)),
                "user": generator.choice(texts.small),
            },
        ),
        **_own_options(generator),
    }


def _tei(generator: random.Random, texts: Texts) -> tuple[str, Json]:
    inputs: Any = texts.any(generator)
    place = generator.random()
    if place < 0.2:
        inputs = [inputs, texts.any(generator)]
    elif place < 0.6:
        inputs = [[text] for text in _batch(generator, texts)]
    elif place < 0.8:
        inputs = [[text, inputs] for text in _batch(generator, texts)[:8]]
    return "/predict", {
        "model": model(generator),
        "inputs": inputs,
        **_some(
            generator,
            {
                "truncate": generator.random() < 0.5,
                "truncation_direction": generator.choice(("Left", "Right", "left", "right")),
                "raw_scores": generator.random() < 0.5,
            },
        ),
        **_own_options(generator),
    }


def _question(generator: random.Random, texts: Texts) -> Json:
    question: Json = {
        "type": generator.choice(("choice", "predicate", "score")),
        "instructions": generator.choice(texts.small),
    }
    if generator.random() < 0.6:
        question["name"] = generator.choice((*_LABELS[:5], generator.choice(texts.small)))
    if question["type"] == "choice":
        count = 300 if generator.random() < 0.004 else generator.randint(1, 4)
        question["choices"] = [{"value": generator.choice(_LABELS)} for _ in range(count)]
    if question["type"] == "score":
        question["levels"] = [{"label": str(level)} for level in range(generator.randint(0, 4))]
    return question


def _decisions(generator: random.Random, texts: Texts) -> tuple[str, Json]:
    text: Any = texts.any(generator)
    if generator.random() < 0.3:
        parts = [{"type": "input_text", "text": text}]
        roles = ("user", "user", "system", "assistant", "tool")
        text = [
            {"role": generator.choice(roles), "content": generator.choice((text, parts))}
            for _ in range(generator.randint(1, 4))
        ]
    many = generator.random() < 0.004
    count = generator.randint(100, 401) if many else generator.randint(1, 3)
    return "/v1/decisions", {
        "model": model(generator),
        "input": text,
        "questions": [_question(generator, texts) for _ in range(count)],
        **_some(generator, {"safety_identifier": "a", "prompt_cache_options": {"a": [1]}}),
        **_own_options(generator),
    }


def _parameters(generator: random.Random) -> Json:
    return {"parameters": _own_options(generator)} if generator.random() < 0.4 else {}


def _kserve_v1(generator: random.Random, texts: Texts) -> tuple[str, Json]:
    return f"/v1/models/{quote(model(generator))}:predict", {
        "instances": _batch(generator, texts),
        **_parameters(generator),
    }


def _kserve_v2(generator: random.Random, texts: Texts) -> tuple[str, Json]:
    batch = _batch(generator, texts)
    version = "/versions/1" if generator.random() < 0.1 else ""
    shapes = ([len(batch)], [len(batch)], [len(batch), 1], [1], [-1], [2**62, 4], [len(batch) + 1])
    return f"/v2/models/{quote(model(generator))}{version}/infer", {
        "inputs": [
            {
                "name": "text",
                "shape": generator.choice(shapes),
                "datatype": "BYTES",
                "data": [[text] for text in batch] if generator.random() < 0.2 else batch,
            }
        ],
        **_some(generator, {"id": generator.choice(texts.small)}),
        **_some(
            generator,
            {"outputs": [{"name": name} for name in ("label", "logits", "probabilities")]},
        ),
        **_parameters(generator),
    }


def _pairs(generator: random.Random, texts: Texts) -> tuple[str, Json]:
    path = generator.choice(("/rerank", "/rerank", "/v1/rerank", "/v2/rerank", "/score"))
    listed: Any = _batch(generator, texts)
    if generator.random() < 0.1:
        listed = [{"text": text} for text in listed]
    options: Json = {
        "truncate_prompt_tokens": generator.choice((-1, 1, 3, 64, 513)),
        "truncation_side": generator.choice(("left", "right")),
        "use_activation": generator.random() < 0.5,
        "top_n": generator.choice((-1, 0, 1, 5000)),
        "return_documents": generator.random() < 0.5,
        "max_tokens_per_doc": generator.choice((0, 1, 4096)),
        "truncate": generator.random() < 0.5,
        "raw_scores": generator.random() < 0.5,
        "return_text": generator.random() < 0.5,
    }
    first, second = ("text_1", "text_2") if path == "/score" else ("query", "documents")
    if path == "/rerank" and generator.random() < 0.7:
        second = "texts"
    return path, {
        "model": model(generator),
        first: texts.any(generator),
        second: listed,
        **_some(generator, options),
        **_own_options(generator),
    }


def _zero_shot(generator: random.Random, texts: Texts) -> tuple[str, Json]:
    labels = [generator.choice(texts.small) for _ in range(generator.randint(1, 5))]
    fields: Json = {
        "candidate_labels": labels if generator.random() < 0.7 else ",".join(labels),
        **_some(
            generator,
            {
                "hypothesis_template": generator.choice(("It is {}.", "{}{}", "{0}", "", "no")),
                "multi_label": generator.random() < 0.5,
            },
        ),
    }
    if generator.random() < 0.5:
        return "/predict", {
            "model": model(generator),
            "inputs": texts.any(generator),
            "parameters": fields,
        }
    return "/classify", {"model": model(generator), "input": _input(generator, texts), **fields}


def _lexicon(generator: random.Random, texts: Texts) -> tuple[str, Json]:
    return "/v1/lexicon/classify", {
        "model": model(generator),
        "input": _input(generator, texts),
        **_some(generator, {"modifiers": generator.random() < 0.5, "neutral_band": 0.5}),
    }


def _explanations(generator: random.Random, texts: Texts) -> tuple[str, Json]:
    options = _some(
        generator,
        {
            "method": generator.choice(("leave_one_out", "owen", "shap")),
            "units": generator.choice(("auto", "word", "sentence", "")),
            "passes": generator.choice((2, 20, 100, 5000, -1, 2**63)),
            "seed": generator.choice((0, 7, 2**53, -1)),
        },
    )
    place = generator.random()
    if place < 0.4:
        return "/v1/explain", {
            "model": model(generator),
            "input": texts.any(generator),
            **_own_options(generator),
            **options,
        }
    if place < 0.6:
        return f"/v1/models/{quote(model(generator))}:explain", {
            "instances": [texts.any(generator)],
            "parameters": options | _own_options(generator),
        }
    return "/classify", {
        "model": model(generator),
        "input": _input(generator, texts),
        "explain": generator.choice((True, options, options, False, 1)),
        **_own_options(generator),
    }


BUILDERS: tuple[Builder, ...] = (
    _vllm,
    _embeddings,
    _tei,
    _decisions,
    _kserve_v1,
    _kserve_v2,
    _lexicon,
    _pairs,
    _zero_shot,
    _explanations,
)
"""Functions, one for each dialect, that return a path and a valid or nearly valid body."""
