"""Strings that an answer repeats: what came in as text must go out as text."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, StrictStr


def _encodable(value: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("holds a lone surrogate, so it is not valid Unicode") from None
    return value


WireText = Annotated[StrictStr, AfterValidator(_encodable)]
"""JSON can spell half of a surrogate pair; no answer could."""
