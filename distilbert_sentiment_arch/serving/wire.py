"""What bodies are made of: models that are built when first needed, and text that stays text."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictStr,
    ValidationInfo,
)

from distilbert_sentiment_arch.errors import TooManyInputs, TooManyTokensInRequest
from distilbert_sentiment_arch.settings.limits import Limits


class WireModel(BaseModel):
    """A body or a part of one; built when first used, so that a server is up sooner."""

    model_config = ConfigDict(defer_build=True)


def _encodable(value: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("holds a lone surrogate, so it is not valid Unicode") from None
    return value


ValidText = Annotated[StrictStr, AfterValidator(_encodable)]
"""A string that an answer may repeat: JSON can spell half of a surrogate pair; no answer could."""

WireText = Annotated[ValidText, Field(max_length=1024)]
"""A name that an answer repeats, whatever it is."""


def check_inputs(value: list[Any], info: ValidationInfo) -> None:
    """Counts the inputs of a request before anything is made of one.

    Args:
        value: The inputs.
        info: Its context has the limits, where there are any.

    Raises:
        TooManyInputs: More than the limits allow.
    """
    limits = info.context
    if isinstance(limits, Limits) and len(value) > limits.max_inputs:
        raise TooManyInputs(len(value), limits.max_inputs)


def check_token_ids(value: list[Any], info: ValidationInfo) -> None:
    """Counts the token ids of an input before one is looked at.

    Raises:
        TooManyTokensInRequest: More than the limits allow in a whole request.
    """
    limits = info.context
    if isinstance(limits, Limits) and len(value) > limits.max_request_tokens:
        raise TooManyTokensInRequest(limits.max_request_tokens)


def _counted(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, list):
        check_inputs(value, info)
    return value


Counted = BeforeValidator(_counted)
"""Refuses a list of more inputs than the limits allow."""
