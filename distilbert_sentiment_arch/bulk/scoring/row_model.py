"""Answers of a model for rows: texts prepared in a thread ahead, passes back to back in another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol

import numpy as np

from distilbert_sentiment_arch.bulk.scoring.ahead import Ahead
from distilbert_sentiment_arch.bulk.scoring.length_batches import length_batches
from distilbert_sentiment_arch.bulk.scoring.row_answers import (
    Failure,
    RowAnswers,
    Rows,
    Source,
    joined,
    part_of,
    why_unreadable,
)
from distilbert_sentiment_arch.classify.batching import Logits
from distilbert_sentiment_arch.classify.interface import TextPair, Truncation
from distilbert_sentiment_arch.classify.preparation import Preparation, Prepared
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.classify.truncation import combine
from distilbert_sentiment_arch.errors import NonFiniteLogits, SentimentError, Unavailable

GROUP_BATCHES = 32
"""Batches' worth of tokens that are sorted together."""
GROUP_ROWS = 4096
"""Most rows that are sorted together."""
_GROUP_SOURCES = 4
_GROUP_CHARACTERS = 2**24
"""Sources, and characters of their texts, after which a group ends, too: rows with large columns,
and large texts of which nothing or little is read, come to few tokens and would fill the memory."""
_STEP_ROWS = 256
"""Rows that are tokenized at a time."""
_STEP_CHARACTERS = 65_536
"""Characters that are tokenized at a time, but for a single text."""
_GROUPS_AHEAD = 2


class _Stopped(Exception):
    """The reader of the answers has gone; nobody sees this."""


class Passes(Protocol):
    """What computes logits."""

    def logits(self, sequences: Sequence[TokenSequence]) -> Logits:
        """Computes one batch, ``(sequences, num_labels)``."""


@dataclass
class _Group(Generic[Source]):
    """Neighbouring rows whose sequences are sorted together.

    Attributes:
        sources: The sources whose first row would be in it.
        rows: The rows, prepared, or why they cannot be.
        tokens: Tokens of all sequences.
        characters: Characters of all texts, whether they are read or not.
    """

    sources: list[Source] = field(default_factory=list)
    rows: list[Prepared | Failure] = field(default_factory=list)
    tokens: int = 0
    characters: int = 0


class RowModel:
    """A model that answers rows.

    Args:
        passes: The model.
        preparation: Makes sequences of texts.
        num_labels: Labels of the model.
        batch_tokens: Most tokens in a batch.
        batch_sequences: Most sequences in a batch.
        max_characters: Most characters of a text.
    """

    def __init__(
        self,
        passes: Passes,
        preparation: Preparation,
        num_labels: int,
        batch_tokens: int,
        batch_sequences: int,
        max_characters: int,
    ) -> None:
        self._passes = passes
        self._preparation = preparation
        self._num_labels = num_labels
        self._batch_tokens = batch_tokens
        self._batch_sequences = batch_sequences
        self._max_characters = max_characters

    def answers(
        self, sources: Iterable[Source], truncation: Truncation | None
    ) -> Generator[tuple[Source, RowAnswers]]:
        """Yields rows with their answers, in order.

        Sources are read and tokenized in one thread, passes are computed in another, and each is
        at most a few groups ahead of the next. An answer depends on its text alone.

        Args:
            sources: Rows that were read together.
            truncation: What is read of a text over the model's limit; None refuses it.

        Raises:
            Unavailable: The model answers nothing any more.
            Exception: What reading the sources raised.
        """

        def prepare() -> Iterator[_Group[Source]]:
            return self._groups(sources, truncation)

        groups = Ahead(prepare, _GROUPS_AHEAD, "tokenize rows")
        computed: Ahead[tuple[list[Source], RowAnswers]] = Ahead(
            lambda: self._computed(groups, lambda: computed.stopped), _GROUPS_AHEAD, "compute rows"
        )
        with groups, computed:
            try:
                yield from _by_source(computed)
            finally:
                groups.stop()

    def answer(self, source: Rows, truncation: Truncation | None) -> RowAnswers:
        """Answers a few rows in this thread; see ``answers``."""
        found = self._computed(self._groups([source], truncation))
        return next(iter(_by_source(found)))[1]

    def batches(
        self, sources: Iterable[Rows], truncation: Truncation | None
    ) -> Iterator[list[TokenSequence]]:
        """Yields the batches that the passes over rows are made of, in their order."""
        for group in self._groups(sources, truncation):
            rows = [row for row in group.rows if isinstance(row, Prepared)]
            sequences = [window.sequence for row in rows for window in row.windows]
            for places in self._places(sequences):
                yield [sequences[place] for place in places]

    def _places(self, sequences: Sequence[TokenSequence]) -> Iterator[list[int]]:
        lengths = [len(each) for each in sequences]
        return length_batches(lengths, self._batch_tokens, self._batch_sequences)

    def _groups(
        self, sources: Iterable[Source], truncation: Truncation | None
    ) -> Iterator[_Group[Source]]:
        group: _Group[Source] = _Group()
        try:
            for source in sources:
                group.sources.append(source)
                for texts, errors in _steps(source):
                    self._prepare(group, texts, errors, truncation)
                    if self._is_full(group):
                        yield group
                        group = _Group()
                if len(group.sources) >= _GROUP_SOURCES:
                    yield group
                    group = _Group()
        except Exception:
            # What was read before the error has its answers.
            yield group
            raise
        if group.sources or group.rows:
            yield group

    def _is_full(self, group: _Group[Source]) -> bool:
        return (
            group.tokens >= GROUP_BATCHES * self._batch_tokens
            or len(group.rows) >= GROUP_ROWS
            or group.characters >= _GROUP_CHARACTERS
        )

    def _prepare(
        self,
        group: _Group[Source],
        texts: Sequence[str | TextPair | None],
        errors: Sequence[str | None],
        truncation: Truncation | None,
    ) -> None:
        failures = [
            why_unreadable(text, error, self._max_characters)
            for text, error in zip(texts, errors, strict=True)
        ]
        readable = [
            text
            for text, failure in zip(texts, failures, strict=True)
            if failure is None and text is not None
        ]
        group.characters += sum(len(text) for text in texts if text is not None)
        prepared = iter(self._preparation.each(readable, truncation))
        for failure in failures:
            row = next(prepared) if failure is None else failure
            group.rows.append(row)
            if isinstance(row, Prepared):
                group.tokens += sum(len(each.sequence) for each in row.windows)

    def _computed(
        self, groups: Iterable[_Group[Source]], stopped: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[list[Source], RowAnswers]]:
        for group in groups:
            yield group.sources, self._answered(group.rows, stopped)

    def _answered(
        self, rows: Sequence[Prepared | Failure], stopped: Callable[[], bool]
    ) -> RowAnswers:
        count = len(rows)
        numbers = np.zeros((3, count), dtype=np.int32)
        failures: dict[int, Failure] = {}
        sequences: list[TokenSequence] = []
        places: list[int] = []
        several: list[tuple[int, Prepared]] = []
        for place, row in enumerate(rows):
            if not isinstance(row, Prepared):
                failures[place] = row
                places.append(0)
                continue
            places.append(len(sequences))
            if len(row.windows) > 1:
                several.append((place, row))
            sequences += [each.sequence for each in row.windows]
            numbers[:, place] = row.tokens, row.tokens_read, len(row.windows)
        of_sequences, errors = self._logits(sequences, stopped)
        logits = np.full((count, self._num_labels), np.nan, dtype=np.float32)
        if sequences:
            logits[:] = of_sequences[places]
        for place, row in several:
            first = places[place]
            logits[place] = combine(of_sequences[first : first + len(row.windows)], row.windows)
        if errors:
            for place, row in enumerate(rows):
                if isinstance(row, Prepared):
                    first = places[place]
                    ours = (errors.get(each) for each in range(first, first + len(row.windows)))
                    failure = next(filter(None, ours), None)
                    if failure is not None:
                        failures[place] = failure
        failed = list(failures)
        logits[failed] = np.nan
        numbers[2, failed] = 0
        tokens, tokens_read, windows = numbers
        return RowAnswers(logits, tokens, tokens_read, windows, failures)

    def _logits(
        self, sequences: Sequence[TokenSequence], stopped: Callable[[], bool]
    ) -> tuple[Logits, dict[int, SentimentError]]:
        """Returns the logits of sequences, and why some have none.

        Raises:
            _Stopped: Nobody wants them any more.
        """
        found = np.full((len(sequences), self._num_labels), np.nan, dtype=np.float32)
        errors: dict[int, SentimentError] = {}
        for places in self._places(sequences):
            if stopped():
                raise _Stopped
            batch = [sequences[place] for place in places]
            try:
                found[places] = self._passes.logits(batch)
            except Exception as error:  # whatever it is, other rows may have answers
                self._alone(sequences, places, found, errors, error)
        for place in np.flatnonzero(~np.isfinite(found).all(axis=1)).tolist():
            errors.setdefault(place, NonFiniteLogits())
        return found, errors

    def _alone(
        self,
        sequences: Sequence[TokenSequence],
        places: Sequence[int],
        found: Logits,
        errors: dict[int, SentimentError],
        cause: Exception,
    ) -> None:
        """Computes the sequences of a batch that failed one by one.

        Raises:
            Unavailable: None of them is computed, and not the start of one either: it is the model
                that fails.
        """
        for place in places:
            try:
                found[[place]] = self._passes.logits([sequences[place]])
            except Exception as error:
                errors[place] = Unavailable(f"The model failed on this text: {_said(error)}")
        if any(place not in errors for place in places):
            return
        shortest = min((sequences[place] for place in places), key=len)
        try:
            self._passes.logits([shortest.kept((0, 2))])
        except Exception:
            raise Unavailable(
                f"The model answers nothing any more: {_said(cause)} Start again; what is written "
                "stays."
            ) from cause


def _said(error: Exception) -> str:
    """Returns the first line of what an error says, as a sentence."""
    line = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    return f"{type(error).__name__}: {line}." if line else f"{type(error).__name__}."


def _steps(
    source: Rows,
) -> Iterator[tuple[Sequence[str | TextPair | None], Sequence[str | None]]]:
    """Yields the rows of a source, as many at a time as are tokenized together."""
    texts, errors = source.texts, source.errors
    start = characters = 0
    for end, text in enumerate(texts):
        size = 0 if text is None else len(text)
        if end > start and (end - start == _STEP_ROWS or characters + size > _STEP_CHARACTERS):
            yield texts[start:end], errors[start:end]
            start, characters = end, 0
        characters += size
    if start < len(texts):
        yield texts[start:], errors[start:]


def _by_source(
    computed: Iterable[tuple[list[Source], RowAnswers]],
) -> Iterator[tuple[Source, RowAnswers]]:
    """Yields the answers of groups by the sources that their rows come from."""
    waiting: deque[Source] = deque()
    parts: list[RowAnswers] = []
    rows = 0
    for sources, answers in computed:
        waiting += sources
        parts.append(answers)
        rows += len(answers.logits)
        while waiting and rows >= len(waiting[0].texts):
            source = waiting.popleft()
            size = len(source.texts)
            together = joined(parts)
            yield source, part_of(together, 0, size)
            parts, rows = [part_of(together, size, rows)], rows - size
    if waiting:
        # Never so; but an output that ends early would be taken for whole.
        raise RuntimeError(f"{len(waiting)} sources were left with rows that have no answer")
