"""Classification by a model: tokenize, truncate, batch, and read the logits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from distilbert_sentiment_arch.classify.batching import Batcher, Logits
from distilbert_sentiment_arch.classify.input_text import check_inputs
from distilbert_sentiment_arch.classify.interface import (
    Answers,
    Classification,
    ClassifyRequest,
    Route,
    TextPair,
    Truncation,
)
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.classify.pair_truncation import cut_text
from distilbert_sentiment_arch.classify.token_sequence import (
    SpecialTokens,
    TokenIds,
    TokenSequence,
    single_segment,
)
from distilbert_sentiment_arch.classify.truncation import Window, Windows, combine, truncate
from distilbert_sentiment_arch.errors import (
    BlankInput,
    InputError,
    TooManyTokens,
    TooManyTokensInRequest,
)
from distilbert_sentiment_arch.worker_threads import in_thread

LEAST_COST = 64
"""Fewest tokens that a sequence counts as, so that a text cannot become thousands of sequences for
free by asking for windows of three tokens."""
QUICKLY_TOKENIZED = 2048
"""Most characters that are tokenized on the event loop, which takes about a millisecond: handing a
short text to a thread would take longer."""
CHARACTERS_PER_TOKEN = 4
"""Average of English text, in any kind of tokenizer."""


class SequenceTokenizer(Protocol):
    """What the classifier needs of a tokenizer; ``engine.tokenizer`` has the one in use."""

    def tokenize(
        self,
        texts: Sequence[str | TextPair],
        add_special_tokens: bool = True,
        max_tokens: int | None = None,
    ) -> list[TokenSequence]:
        """Returns the tokens of each text, not truncated.

        Raises:
            TooManyTokensInRequest: There are more than ``max_tokens`` in all.
        """

    def check_ids(self, ids: Sequence[int]) -> TokenIds:
        """Returns ids as an array, or raises InputError where one has no embedding."""

    def special_tokens(self) -> SpecialTokens:
        """Returns those that are put around texts."""


class ModelClassifier:
    """A served checkpoint.

    Args:
        name: What clients call the model.
        tokenizer: The checkpoint's tokenizer.
        labels: The labels of its head.
        max_length: Most tokens it reads at once, special tokens included.
        batcher: Runs sequences through the compiled model.
        max_request_tokens: Most tokens in one request, windows included; a sequence counts as
            ``LEAST_COST`` at least. None for no limit.
    """

    route: Route = "model"

    def __init__(
        self,
        name: str,
        tokenizer: SequenceTokenizer,
        labels: LabelSet,
        max_length: int,
        batcher: Batcher,
        max_request_tokens: int | None = None,
    ) -> None:
        self.name = name
        self.labels = labels
        self.max_length = max_length
        self.tokenizer = tokenizer
        self._batcher = batcher
        self._max_request_tokens = max_request_tokens

    async def classify(self, request: ClassifyRequest) -> Answers:
        """Answers every input, in order.

        Raises:
            InputError: An input that cannot be classified; nothing has been computed.
            TooManyTokensInRequest: Over the limit on one request.
            Unavailable: The model cannot answer now.
        """
        start = time.perf_counter()
        size = sum(map(len, request.inputs))
        with self._batcher.reserve(size // CHARACTERS_PER_TOKEN, background=request.background):
            if size <= QUICKLY_TOKENIZED:
                whole, pieces = self._prepare(request)
            else:
                # Not on the event loop: a megabyte takes a while.
                whole, pieces = await in_thread(size, self._prepare, request)
        sequences = [window.sequence for windows_of_one in pieces for window in windows_of_one]
        tokenized = time.perf_counter()
        inference = await self._batcher.infer(sequences, background=request.background)
        return Answers(
            self._classifications(whole, pieces, inference.logits),
            self.name,
            self.route,
            {
                "tokenize": (tokenized - start) * 1000,
                "queue": inference.queue_ms,
                "compute": inference.compute_ms,
            },
            inference.batch_sizes,
        )

    def _classifications(
        self,
        whole: Sequence[TokenSequence],
        pieces: Sequence[Sequence[Window]],
        logits: Logits,
    ) -> list[Classification]:
        answers = []
        row = 0
        for sequence, windows_of_one in zip(whole, pieces, strict=True):
            count = len(windows_of_one)
            answers.append(
                Classification(
                    self.labels,
                    combine(logits[row : row + count], windows_of_one).tolist(),
                    tokens=len(sequence),
                    tokens_read=len(sequence) if count > 1 else len(windows_of_one[0].sequence),
                    windows=count,
                )
            )
            row += count
        return answers

    def _prepare(
        self, request: ClassifyRequest
    ) -> tuple[Sequence[TokenSequence], Sequence[Sequence[Window]]]:
        whole = self._tokenize(request)
        pieces = []
        total = 0
        for index, sequence in enumerate(whole):
            windows = self._fit(index, sequence, request.truncation)
            if isinstance(windows, Windows):
                total += len(windows) * max(self._limit(request.truncation), LEAST_COST)
                self._check_total(total)
                pieces.append(windows.make())
            else:
                total += max(len(windows.sequence), LEAST_COST)
                self._check_total(total)
                pieces.append([windows])
        return whole, pieces

    def _tokenize(self, request: ClassifyRequest) -> list[TokenSequence]:
        check_inputs(request.inputs, blank=request.blank)
        texts = [item for item in request.inputs if isinstance(item, str | TextPair)]
        tokenized = iter(
            self.tokenizer.tokenize(texts, request.add_special_tokens, self._max_request_tokens)
        )
        special_tokens = self.tokenizer.special_tokens()
        whole = []
        for index, item in enumerate(request.inputs):
            if isinstance(item, str | TextPair):
                sequence = next(tokenized)
                special = special_tokens.count(pair=isinstance(item, TextPair))
                nothing = len(sequence) <= special * request.add_special_tokens
                if nothing and not (request.blank and len(sequence)):
                    raise BlankInput(f"Input {index} has no character that the tokenizer reads.")
            else:
                sequence = single_segment(self._checked(index, item))
            whole.append(sequence)
        return whole

    def _checked(self, index: int, ids: Sequence[int]) -> TokenIds:
        try:
            return self.tokenizer.check_ids(ids)
        except InputError as error:
            raise InputError(f"Input {index}: {error}") from None

    def _fit(
        self, index: int, sequence: TokenSequence, truncation: Truncation | None
    ) -> Window | Windows:
        limit = self._limit(truncation)
        if not 3 <= limit <= self.max_length:
            raise InputError(
                f"Truncation to {limit} tokens was asked for; possible are 3 (one token between "
                f"the special ones) to {self.max_length}."
            )
        if truncation is not None and truncation.only is not None:
            kept = cut_text(sequence, limit, truncation, index)
            return Window(kept, len(kept))
        if len(sequence) <= limit:
            return Window(sequence, len(sequence))
        if truncation is None:
            raise TooManyTokens(index, len(sequence), limit)
        special_tokens = self.tokenizer.special_tokens()
        if truncation.mode == "window":
            return Windows(sequence, limit, special_tokens)
        kept = truncate(sequence, limit, truncation.mode, special_tokens)
        return Window(kept, len(kept))

    def _limit(self, truncation: Truncation | None) -> int:
        if truncation is None or truncation.limit is None:
            return self.max_length
        return truncation.limit

    def _check_total(self, tokens: int) -> None:
        if self._max_request_tokens is not None and tokens > self._max_request_tokens:
            raise TooManyTokensInRequest(self._max_request_tokens)
