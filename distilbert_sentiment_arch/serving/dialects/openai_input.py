"""The ``input`` field that OpenAI's embeddings and vLLM's classify share.

A text, texts, the token ids of one text, or those of several.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from distilbert_sentiment_arch.classification import Input

_TEXT = {"type": "string"}
_IDS = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1}
_SCHEMA = {
    "anyOf": [
        _TEXT,
        {"type": "array", "items": _TEXT, "minItems": 1},
        _IDS,
        {"type": "array", "items": _IDS, "minItems": 1},
    ],
    "description": "A text, texts, token ids, or lists of token ids.",
    "examples": ["What a wonderful film.", ["Great.", "Terrible."]],
}


def _parse(value: Any) -> Sequence[Input]:
    # One pass and one message: a union of four list types would report every element four times.
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise ValueError("is neither a text nor a list of texts or token ids")
    if not value:
        raise ValueError("is empty; send at least one text")
    if all(isinstance(item, str) for item in value):
        return value
    if _is_ids(value):
        return [value]
    for index, item in enumerate(value):
        if not isinstance(item, str) and not (isinstance(item, list) and _is_ids(item)):
            raise ValueError(f"element {index} is neither a text nor a list of token ids")
    return value


def _is_ids(value: list[Any]) -> bool:
    # bool is an int to Python, not to JSON.
    return all(type(item) is int for item in value)


OpenAIInput = Annotated[Any, BeforeValidator(_parse), WithJsonSchema(_SCHEMA)]
"""Validates to a sequence of ``classification.Input``."""
