"""Field ``input`` of OpenAI's embeddings and vLLM's classify.

Its value is a text, a list of texts, the token ids of one text, or a list of such lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from distilbert_sentiment_arch.classify.interface import Input
from distilbert_sentiment_arch.serving.wire import check_inputs, check_token_ids

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


def _parse(value: Any, info: ValidationInfo) -> Sequence[Input]:
    # Checked by hand for one pass and one message: a union of four types reports every element
    # four times.
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise ValueError("is neither a text nor a list of texts or token ids")
    if not value:
        raise ValueError("is empty; send at least one text")
    if type(value[0]) is int:
        check_token_ids(value, info)
        if _is_ids(value):
            return [value]
    check_inputs(value, info)
    for index, item in enumerate(value):
        if isinstance(item, str):
            continue
        if isinstance(item, list):
            check_token_ids(item, info)
            if _is_ids(item):
                continue
        raise ValueError(f"element {index} is neither a text nor a list of token ids")
    return value


def _is_ids(value: list[Any]) -> bool:
    # type() instead of isinstance(), because Python's bool is a subclass of int.
    return all(type(item) is int for item in value)


OpenAIInput = Annotated[Any, BeforeValidator(_parse), WithJsonSchema(_SCHEMA)]
"""Type of the field; its validated value is a sequence of ``classify.interface.Input``."""
