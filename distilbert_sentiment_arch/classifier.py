"""Inputs to classifications through the model: the one path, over HTTP and on the command line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.classification import (
    Answers,
    Classification,
    ClassifyRequest,
    TextPair,
    Timing,
    Truncation,
)
from distilbert_sentiment_arch.errors import (
    BlankInput,
    InputError,
    TooManyTokens,
    TooManyTokensInRequest,
)
from distilbert_sentiment_arch.labels import LabelSet
from distilbert_sentiment_arch.truncation import TokenIds, Window, combine, truncate, windows

Logits = npt.NDArray[np.float32]


class SequenceTokenizer(Protocol):
    """What the classifier needs of a tokenizer; ``DistilBertTokenizer`` is one."""

    def tokenize(
        self, texts: Sequence[str | TextPair], add_special_tokens: bool = True
    ) -> list[TokenIds]:
        """Returns the token ids of each text, not truncated."""

    def check_ids(self, ids: Sequence[int]) -> TokenIds:
        """Returns ids as an array, or raises InputError where one has no embedding."""

    def special_tokens(self) -> tuple[int, int]:
        """Returns the ids of [CLS] and [SEP]."""


@dataclass(frozen=True)
class Inference:
    """Logits of some sequences, and what they took.

    Attributes:
        logits: One row a sequence, ``(sequences, num_labels)``.
        queue_ms: See ``Timing.queue``.
        compute_ms: See ``Timing.compute``.
        batch_sizes: Size of the batch each sequence was in.
    """

    logits: Logits
    queue_ms: float
    compute_ms: float
    batch_sizes: Sequence[int]


class LogitsSource(Protocol):
    """Where sequences become logits."""

    async def infer(self, sequences: Sequence[TokenIds]) -> Inference:
        """Runs the model over sequences, each within its limit.

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
        max_request_tokens: Most tokens to compute for one request; None for no limit.
    """

    def __init__(
        self,
        name: str,
        tokenizer: SequenceTokenizer,
        labels: LabelSet,
        max_length: int,
        source: LogitsSource,
        max_request_tokens: int | None = None,
    ) -> None:
        self.name = name
        self.labels = labels
        self.max_length = max_length
        self._tokenizer = tokenizer
        self._source = source
        self._max_request_tokens = max_request_tokens

    async def classify(self, request: ClassifyRequest) -> Answers:
        """Answers every input, in order.

        Raises:
            InputError: An input that cannot be classified; nothing has been computed.
            TooManyTokensInRequest: Over the limit on one request.
            Unavailable: The model cannot answer now.
        """
        start = time.perf_counter()
        # Tokenizing a megabyte takes a while: not on the event loop.
        whole = await asyncio.to_thread(self._tokenize, request)
        pieces = [self._fit(index, ids, request.truncation) for index, ids in enumerate(whole)]
        sequences = [window.ids for windows_of_one in pieces for window in windows_of_one]
        self._check_total(sequences)
        tokenized = time.perf_counter()
        inference = await self._source.infer(sequences)
        return Answers(
            self._classifications(whole, pieces, inference.logits),
            Timing(
                tokenize=(tokenized - start) * 1000,
                queue=inference.queue_ms,
                compute=inference.compute_ms,
                batch_sizes=inference.batch_sizes,
            ),
        )

    def _classifications(
        self, whole: Sequence[TokenIds], pieces: Sequence[Sequence[Window]], logits: Logits
    ) -> list[Classification]:
        answers = []
        row = 0
        for ids, windows_of_one in zip(whole, pieces, strict=True):
            count = len(windows_of_one)
            answers.append(
                Classification(
                    self.labels,
                    combine(logits[row : row + count], windows_of_one),
                    tokens=len(ids),
                    tokens_read=len(ids) if count > 1 else len(windows_of_one[0].ids),
                    windows=count,
                )
            )
            row += count
        return answers

    def _tokenize(self, request: ClassifyRequest) -> list[TokenIds]:
        if not request.inputs:
            raise BlankInput("There is nothing to classify: the list of inputs is empty.")
        texts: list[str | TextPair] = []
        for index, item in enumerate(request.inputs):
            if isinstance(item, str):
                _check_text(index, item)
                texts.append(item)
            elif isinstance(item, TextPair):
                _check_text(index, item.first)
                _check_text(index, item.second)
                texts.append(item)
        tokenized = iter(self._tokenizer.tokenize(texts, request.add_special_tokens))
        return [
            self._readable(index, next(tokenized), request.add_special_tokens)
            if isinstance(item, str | TextPair)
            else self._checked(index, item)
            for index, item in enumerate(request.inputs)
        ]

    def _readable(self, index: int, ids: TokenIds, add_special_tokens: bool) -> TokenIds:
        if len(ids) <= (2 if add_special_tokens else 0):
            raise BlankInput(f"Input {index} has no character that the tokenizer reads.")
        return ids

    def _checked(self, index: int, ids: Sequence[int]) -> TokenIds:
        try:
            return self._tokenizer.check_ids(ids)
        except InputError as error:
            raise InputError(f"Input {index}: {error}") from None

    def _fit(self, index: int, ids: TokenIds, truncation: Truncation | None) -> Sequence[Window]:
        if truncation is None:
            if len(ids) > self.max_length:
                raise TooManyTokens(index, len(ids), self.max_length)
            return [Window(ids, len(ids))]
        limit = self.max_length if truncation.limit is None else truncation.limit
        if not 3 <= limit <= self.max_length:
            raise InputError(
                f"Truncation to {limit} tokens was asked for; possible are 3 (one token between "
                f"the special ones) to {self.max_length}."
            )
        special_tokens = self._tokenizer.special_tokens()
        if truncation.mode == "window":
            return windows(ids, limit, special_tokens)
        kept = truncate(ids, limit, truncation.mode, special_tokens)
        return [Window(kept, len(kept))]

    def _check_total(self, sequences: Sequence[TokenIds]) -> None:
        if self._max_request_tokens is None:
            return
        total = sum(map(len, sequences))
        if total > self._max_request_tokens:
            raise TooManyTokensInRequest(total, self._max_request_tokens)


def _check_text(index: int, text: str) -> None:
    if not text.strip():
        raise BlankInput(f"Input {index} is blank. Send text to classify.")
    if "\0" in text:
        raise InputError(f"Input {index} contains NUL (U+0000), which no text does. Remove it.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"Input {index} has a lone surrogate at character {error.start}, so it is not valid "
            "Unicode. Escape characters outside the basic plane as a pair."
        ) from None
