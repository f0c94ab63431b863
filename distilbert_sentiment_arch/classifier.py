"""Inputs to classifications through the model: the one path, over HTTP and on the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.classification import (
    Classification,
    ClassifyRequest,
    Input,
    Truncation,
)
from distilbert_sentiment_arch.errors import InputError, TooManyTokens
from distilbert_sentiment_arch.labels import LabelSet

TokenIds = npt.NDArray[np.int64]
Logits = npt.NDArray[np.float32]


class SequenceTokenizer(Protocol):
    """What the classifier needs of a tokenizer; ``DistilBertTokenizer`` is one."""

    def tokenize(self, texts: Sequence[str], add_special_tokens: bool = True) -> list[TokenIds]:
        """Returns the token ids of each text, not truncated."""

    def check_ids(self, ids: Sequence[int]) -> TokenIds:
        """Returns ids as an array, or raises InputError where one has no embedding."""

    def special_tokens(self) -> tuple[int, int]:
        """Returns the ids of [CLS] and [SEP]."""


class LogitsSource(Protocol):
    """Where sequences become logits."""

    async def logits(self, sequences: Sequence[TokenIds]) -> Logits:
        """Returns one row a sequence, float32 ``(len(sequences), num_labels)``.

        Raises:
            Unavailable: The model cannot answer now.
        """


class ModelClassifier:
    """A served checkpoint.

    Args:
        name: What clients call the model.
        tokenizer: The checkpoint's tokenizer.
        labels: The labels of its head.
        max_length: Most tokens it reads at once, special tokens included.
        source: The compiled model.
    """

    def __init__(
        self,
        name: str,
        tokenizer: SequenceTokenizer,
        labels: LabelSet,
        max_length: int,
        source: LogitsSource,
    ) -> None:
        self.name = name
        self.labels = labels
        self.max_length = max_length
        self._tokenizer = tokenizer
        self._source = source

    async def classify(self, request: ClassifyRequest) -> list[Classification]:
        """Answers every input, in order.

        Raises:
            InputError: An input that cannot be classified; nothing has been computed.
            Unavailable: The model cannot answer now.
        """
        # Tokenizing a megabyte takes a while: not on the event loop.
        whole = await asyncio.to_thread(self._tokenize, request)
        read = [self._fit(index, ids, request.truncation) for index, ids in enumerate(whole)]
        logits = await self._source.logits(read)
        return [
            Classification(self.labels, row, tokens=len(ids), tokens_read=len(kept))
            for row, ids, kept in zip(logits, whole, read, strict=True)
        ]

    def _tokenize(self, request: ClassifyRequest) -> list[TokenIds]:
        if not request.inputs:
            raise InputError("There is nothing to classify: the list of inputs is empty.")
        for index, item in enumerate(request.inputs):
            if isinstance(item, str):
                _check_text(index, item)
        texts = [item for item in request.inputs if isinstance(item, str)]
        tokenized = iter(self._tokenizer.tokenize(texts, request.add_special_tokens))
        return [
            self._readable(index, next(tokenized), request.add_special_tokens)
            if isinstance(item, str)
            else self._checked(index, item)
            for index, item in enumerate(request.inputs)
        ]

    def _readable(self, index: int, ids: TokenIds, add_special_tokens: bool) -> TokenIds:
        if len(ids) <= (2 if add_special_tokens else 0):
            raise InputError(f"Input {index} has no character that the tokenizer reads.")
        return ids

    def _checked(self, index: int, ids: Input) -> TokenIds:
        assert not isinstance(ids, str)
        try:
            return self._tokenizer.check_ids(ids)
        except InputError as error:
            raise InputError(f"Input {index}: {error}") from None

    def _fit(self, index: int, ids: TokenIds, truncation: Truncation | None) -> TokenIds:
        if truncation is None:
            if len(ids) > self.max_length:
                raise TooManyTokens(index, len(ids), self.max_length)
            return ids
        limit = self.max_length if truncation.limit is None else truncation.limit
        if not 3 <= limit <= self.max_length:
            raise InputError(
                f"Truncation to {limit} tokens was asked for; possible are 3 (one token between "
                f"the special ones) to {self.max_length}."
            )
        return truncate(ids, limit, truncation.side, self._tokenizer.special_tokens())


def truncate(ids: TokenIds, limit: int, side: str, special_tokens: tuple[int, int]) -> TokenIds:
    """Cuts a sequence to ``limit`` tokens; a leading [CLS] and a trailing [SEP] stay.

    Args:
        ids: Token ids ``(tokens,)``.
        limit: Most tokens to keep, at least 3.
        side: ``"start"`` or ``"end"``, what is cut off.
        special_tokens: Ids of [CLS] and [SEP].
    """
    excess = len(ids) - limit
    if excess <= 0:
        return ids
    cls, sep = special_tokens
    first = 1 if ids[0] == cls else 0
    last = len(ids) - (1 if ids[-1] == sep else 0)
    cut = (first, first + excess) if side == "start" else (last - excess, last)
    return np.concatenate([ids[: cut[0]], ids[cut[1] :]])


def _check_text(index: int, text: str) -> None:
    if not text.strip():
        raise InputError(f"Input {index} is blank. Send text to classify.")
    if "\0" in text:
        raise InputError(f"Input {index} contains NUL (U+0000), which no text does. Remove it.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"Input {index} has a lone surrogate at character {error.start}, so it is not valid "
            "Unicode. Escape characters outside the basic plane as a pair."
        ) from None
