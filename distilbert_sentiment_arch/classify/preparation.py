"""From inputs to the sequences that a model reads, and from its logits to their answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from distilbert_sentiment_arch.classify.batching import Logits
from distilbert_sentiment_arch.classify.input_text import check_inputs
from distilbert_sentiment_arch.classify.interface import (
    Classification,
    ClassifyRequest,
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

LEAST_COST = 64
"""Fewest tokens that a sequence counts as, so that a text cannot become thousands of sequences for
free by asking for windows of three tokens."""

TOGETHER = 4096
"""Most characters of a text that is tokenized with others where each stands for itself."""


class SequenceTokenizer(Protocol):
    """What preparing needs of a tokenizer; ``engine.tokenizer`` has the one in use."""

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


@dataclass(frozen=True, slots=True)
class Prepared:
    """An input as the model reads it.

    Attributes:
        windows: The sequences; several where the input is over the limit and read in windows.
        tokens: Tokens in the input.
    """

    windows: Sequence[Window]
    tokens: int

    @property
    def tokens_read(self) -> int:
        """Tokens of the input that are read."""
        return self.tokens if len(self.windows) > 1 else len(self.windows[0].sequence)

    def answer(self, labels: LabelSet, logits: Logits) -> Classification:
        """Returns the answer for the input.

        Args:
            labels: The labels of the head.
            logits: One row a window, ``(windows, num_labels)``.
        """
        return Classification(
            labels,
            combine(logits, self.windows).tolist(),
            tokens=self.tokens,
            tokens_read=self.tokens_read,
            windows=len(self.windows),
        )


class Preparation:
    """Checks, tokenizes and fits inputs to what a model reads at once.

    Args:
        tokenizer: The checkpoint's tokenizer.
        max_length: Most tokens the model reads at once, special tokens included.
        max_tokens: Most tokens in one request, windows included; a sequence counts as
            ``LEAST_COST`` at least. None for no limit.
    """

    def __init__(
        self, tokenizer: SequenceTokenizer, max_length: int, max_tokens: int | None = None
    ) -> None:
        self._tokenizer = tokenizer
        self._max_length = max_length
        self._max_tokens = max_tokens

    def request(self, request: ClassifyRequest) -> list[Prepared]:
        """Prepares the inputs of a request, all of them or none.

        Raises:
            InputError: An input that cannot be classified.
            TooManyTokensInRequest: Over the limit on one request.
        """
        whole = self._tokenize(request)
        total = 0
        found = []
        for index, sequence in enumerate(whole):
            prepared, total = self._fit(index, sequence, request.truncation, total)
            found.append(prepared)
        return found

    def each(
        self, inputs: Sequence[str | TextPair], truncation: Truncation | None
    ) -> list[Prepared | InputError]:
        """Prepares inputs each of which stands for itself, as if it were a request of its own.

        Args:
            inputs: Texts and pairs.
            truncation: What to do with one over the limit; None refuses it.

        Returns:
            For each input what the model reads, or why it cannot be classified: the error that a
            request with this input alone ends with.
        """
        found: list[Prepared | InputError | None] = [None] * len(inputs)
        short = []
        for place, item in enumerate(inputs):
            if len(item) > TOGETHER:
                found[place] = self._alone(item, truncation)
                continue
            try:
                check_inputs([item])
            except InputError as error:
                found[place] = error
            else:
                short.append(place)
        try:
            whole = self._tokenizer.tokenize([inputs[place] for place in short])
        except InputError:  # the tokenizer cannot read one of them
            for place in short:
                found[place] = self._alone(inputs[place], truncation)
        else:
            for place, sequence in zip(short, whole, strict=True):
                found[place] = self._fitted(inputs[place], sequence, truncation)
        return [each for each in found if each is not None]

    def _alone(self, item: str | TextPair, truncation: Truncation | None) -> Prepared | InputError:
        request = ClassifyRequest([item], truncation)
        return _or_error(lambda: self.request(request)[0])

    def _fitted(
        self, item: str | TextPair, sequence: TokenSequence, truncation: Truncation | None
    ) -> Prepared | InputError:
        def fit() -> Prepared:
            self._check_read(0, item, sequence, add_special_tokens=True, blank=False)
            return self._fit(0, sequence, truncation, 0)[0]

        return _or_error(fit)

    def _tokenize(self, request: ClassifyRequest) -> list[TokenSequence]:
        check_inputs(request.inputs, blank=request.blank)
        special, blank = request.add_special_tokens, request.blank
        texts = [item for item in request.inputs if isinstance(item, str | TextPair)]
        tokenized = iter(self._tokenizer.tokenize(texts, special, self._max_tokens))
        whole = []
        for index, item in enumerate(request.inputs):
            if isinstance(item, str | TextPair):
                sequence = next(tokenized)
                self._check_read(index, item, sequence, add_special_tokens=special, blank=blank)
            else:
                sequence = single_segment(self._checked(index, item))
            whole.append(sequence)
        return whole

    def _check_read(
        self,
        index: int,
        item: str | TextPair,
        sequence: TokenSequence,
        *,
        add_special_tokens: bool,
        blank: bool,
    ) -> None:
        special = self._tokenizer.special_tokens().count(pair=isinstance(item, TextPair))
        nothing = len(sequence) <= special * add_special_tokens
        if nothing and not (blank and len(sequence)):
            raise BlankInput(f"Input {index} has no character that the tokenizer reads.")

    def _checked(self, index: int, ids: Sequence[int]) -> TokenIds:
        try:
            return self._tokenizer.check_ids(ids)
        except InputError as error:
            raise InputError(f"Input {index}: {error}") from None

    def _fit(
        self, index: int, sequence: TokenSequence, truncation: Truncation | None, total: int
    ) -> tuple[Prepared, int]:
        """Returns an input as it is read, and the tokens of the request up to it."""
        windows = self._windows(index, sequence, truncation)
        if isinstance(windows, Windows):
            total += len(windows) * max(self._limit(truncation), LEAST_COST)
            self._check_total(total)
            return Prepared(windows.make(), len(sequence)), total
        total += max(len(windows.sequence), LEAST_COST)
        self._check_total(total)
        return Prepared((windows,), len(sequence)), total

    def _windows(
        self, index: int, sequence: TokenSequence, truncation: Truncation | None
    ) -> Window | Windows:
        limit = self._limit(truncation)
        if not 3 <= limit <= self._max_length:
            raise InputError(
                f"Truncation to {limit} tokens was asked for; possible are 3 (one token between "
                f"the special ones) to {self._max_length}."
            )
        if truncation is not None and truncation.only is not None:
            kept = cut_text(sequence, limit, truncation, index)
            return Window(kept, len(kept))
        if len(sequence) <= limit:
            return Window(sequence, len(sequence))
        if truncation is None:
            raise TooManyTokens(index, len(sequence), limit)
        special_tokens = self._tokenizer.special_tokens()
        if truncation.mode == "window":
            return Windows(sequence, limit, special_tokens)
        kept = truncate(sequence, limit, truncation.mode, special_tokens)
        return Window(kept, len(kept))

    def _limit(self, truncation: Truncation | None) -> int:
        if truncation is None or truncation.limit is None:
            return self._max_length
        return truncation.limit

    def _check_total(self, tokens: int) -> None:
        if self._max_tokens is not None and tokens > self._max_tokens:
            raise TooManyTokensInRequest(self._max_tokens)


def _or_error(prepare: Callable[[], Prepared]) -> Prepared | InputError:
    try:
        return prepare()
    except InputError as error:
        return error
