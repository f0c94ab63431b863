"""What bodies are made of: models that are built when first needed, and text that stays text."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StrictStr


class WireModel(BaseModel):
    """A body or a part of one; built when first used, so that a server is up sooner."""

    model_config = ConfigDict(defer_build=True)


def _encodable(value: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("holds a lone surrogate, so it is not valid Unicode") from None
    return value


WireText = Annotated[StrictStr, AfterValidator(_encodable)]
"""A string that an answer repeats: JSON can spell half of a surrogate pair; no answer could."""
