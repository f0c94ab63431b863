"""Types of request and response bodies: base model, checked texts, and counts of inputs."""

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
    """Base of bodies and their parts; its schema is built at first use, for a faster start."""

    model_config = ConfigDict(defer_build=True)


def _encodable(value: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("holds a lone surrogate, so it is not valid Unicode") from None
    return value


ValidText = Annotated[StrictStr, AfterValidator(_encodable)]
"""A string that can be encoded as UTF-8 and therefore repeated in a response. JSON escapes can
describe a lone surrogate, which cannot."""

WireText = Annotated[ValidText, Field(max_length=1024)]
"""A name or id of the client that the response repeats."""


def check_inputs(value: list[Any], info: ValidationInfo) -> None:
    """Checks the number of inputs of a request before they are validated.

    Args:
        value: The inputs.
        info: Its context is the limits, or None.

    Raises:
        TooManyInputs: There are more inputs than the limits allow.
    """
    limits = info.context
    if isinstance(limits, Limits) and len(value) > limits.max_inputs:
        raise TooManyInputs(len(value), limits.max_inputs)


def check_token_ids(value: list[Any], info: ValidationInfo) -> None:
    """Checks the number of token ids of an input before they are validated.

    Raises:
        TooManyTokensInRequest: There are more than the limits allow in a whole request.
    """
    limits = info.context
    if isinstance(limits, Limits) and len(value) > limits.max_request_tokens:
        raise TooManyTokensInRequest(limits.max_request_tokens)


def _counted(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, list):
        check_inputs(value, info)
    return value


Counted = BeforeValidator(_counted)
"""Validator that refuses a list of more inputs than the limits allow."""
