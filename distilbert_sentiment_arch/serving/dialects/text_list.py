"""Field with one text or several, as vLLM and Cohere have it in requests about pairs."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from distilbert_sentiment_arch.serving.wire import check_inputs

_TEXT = {
    "anyOf": [
        {"type": "string"},
        {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    ]
}
_SCHEMA = {
    "anyOf": [*_TEXT["anyOf"], {"type": "array", "items": _TEXT, "minItems": 1}],
    "description": 'A text or a list of texts; a text may be an object {"text": ...}.',
    "examples": [["Paris is the capital of France.", "Cheese is made from milk."]],
}


def _parse(value: Any, info: ValidationInfo) -> list[str]:
    if not isinstance(value, list):
        return [_text(value, "it")]
    if not value:
        raise ValueError("is empty; send at least one text")
    check_inputs(value, info)
    return [_text(item, f"element {index}") for index, item in enumerate(value)]


def _text(value: Any, what: str) -> str:
    match value:
        case str() as text:
            return text
        case {"text": str() as text}:
            return text
    raise ValueError(f'{what} is neither a text nor an object {{"text": ...}}')


TextList = Annotated[Any, BeforeValidator(_parse), WithJsonSchema(_SCHEMA)]
"""Type of the field; its validated value is a list of texts."""
