"""Limits that an operator sets, read once from the environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from distilbert_sentiment_arch.errors import ConfigError

MIB = 1024 * 1024

CPU_BATCH_TOKENS = 512
"""Default maximum tokens of a batch on a CPU: enough for the kernels to reach their best
throughput, and few enough that other requests wait only briefly."""

ACCELERATOR_BATCH_TOKENS = 16_384
"""Default maximum tokens of a batch on an accelerator."""

MODEL_BUFFERED_BYTES = 64 * MIB
"""Default maximum bytes of bodies that a server with a model keeps in memory."""

LEXICON_BUFFERED_BYTES = 16 * MIB
"""The same for the lexicon server, whose pod has a memory limit of 256 MiB."""


def _limit(default: float | None, meaning: str) -> Any:
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Limits:
    """Limits on the work of the server; each can be set as ``MAX_SENTIMENT_<NAME>``."""

    max_inputs: int = _limit(2048, "most inputs in one request")
    max_request_characters: int = _limit(
        524_288, "most characters (Unicode code points) in the texts of one request"
    )
    max_request_tokens: int = _limit(131_072, "most tokens in one request, windows included")
    max_passes: int = _limit(
        2048, "most passes over texts in one request for explanations, for all of its texts"
    )
    max_pending_tokens: int = _limit(
        32_768, "tokens accepted and not yet computed at which further requests are refused"
    )
    deadline_s: float = _limit(60.0, "seconds within which a request is answered or refused")
    max_batch_tokens: int | None = _limit(
        None,
        f"most tokens in one batch; by default {CPU_BATCH_TOKENS} on a CPU, "
        f"{ACCELERATOR_BATCH_TOKENS} on an accelerator",
    )
    max_matches: int = _limit(
        32_768, "most terms that one answer of /v1/lexicon/classify lists, over all its texts"
    )
    max_body_values: int = _limit(
        262_144, "most values (texts, numbers, lists, objects) in the JSON of one body"
    )
    max_buffered_bytes: int | None = _limit(
        None,
        "bytes of bodies held at a time, beyond which requests are answered 429; by default "
        f"{MODEL_BUFFERED_BYTES} before a model, {LEXICON_BUFFERED_BYTES} in the lexicon server",
    )
    head_timeout_s: float = _limit(10.0, "seconds within which a request's head has to arrive")
    body_timeout_s: float = _limit(30.0, "seconds within which a request's body has to arrive")
    max_head_bytes: int = _limit(32_768, "largest head (request line and headers) of a request")
    max_connections: int = _limit(
        1024, "most open connections; the one idle for the longest is closed for a new one"
    )

    def batch_tokens(self, *, accelerator: bool) -> int:
        """Returns the maximum tokens of a batch on a device."""
        if self.max_batch_tokens is not None:
            return self.max_batch_tokens
        return ACCELERATOR_BATCH_TOKENS if accelerator else CPU_BATCH_TOKENS

    def buffered_bytes(self, *, model: bool) -> int:
        """Returns the maximum bytes of bodies that a server with or without a model buffers."""
        if self.max_buffered_bytes is not None:
            return self.max_buffered_bytes
        return MODEL_BUFFERED_BYTES if model else LEXICON_BUFFERED_BYTES

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Limits:
        """Reads the limits; None means the variables of this process.

        Raises:
            ConfigError: A value is not a positive number.
        """
        environment = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        for each in fields(cls):
            variable = environment_variable(each.name)
            text = environment.get(variable)
            if text is None:
                continue
            kind = float if each.type == "float" else int
            try:
                value = kind(text)
                if not 0 < value < float("inf"):
                    raise ValueError
            except ValueError:
                raise ConfigError(
                    f"{variable} is {text!r}, not a positive {kind.__name__}. Correct or unset it."
                ) from None
            values[each.name] = value
        return cls(**values)


def environment_variable(name: str) -> str:
    """Returns the environment variable of a limit."""
    return f"MAX_SENTIMENT_{name.upper()}"
