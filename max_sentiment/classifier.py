"""A model, or a word list, that classifies texts in this process."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Any, Self

from distilbert_sentiment_arch.bulk.rows import ANSWER_COLUMNS
from distilbert_sentiment_arch.bulk.scoring.identity import ModelIdentity
from distilbert_sentiment_arch.bulk.scoring.row_answers import RowAnswers, columns_of
from distilbert_sentiment_arch.bulk.scoring.scorer import RowScorer, load_scorer
from distilbert_sentiment_arch.classify.interface import (
    Classification,
    TextPair,
    TruncationMode,
)
from distilbert_sentiment_arch.errors import InputError, SentimentError
from distilbert_sentiment_arch.settings.precision import PrecisionSetting
from max_sentiment.arguments import checked_truncation, is_missing, model_options

Text = str | tuple[str, str] | TextPair
"""What is classified: a text, or two that the model reads as one sequence."""

_FEW_CHARACTERS = 65_536
"""Characters of all texts up to which they are answered in the thread that asks."""
_TOGETHER = 4096
"""Texts that are handed over together where there are more."""


@dataclass(frozen=True)
class _Rows:
    """Texts as rows; see ``row_answers.Rows``."""

    texts: Sequence[str | TextPair | None]
    errors: Sequence[str | None]


class Classifier:
    """A loaded model, or a word list, with the answers of a server that serves it.

    Its methods are synchronous and may be called from any thread, one in a notebook or in a running
    event loop among them. A pass of the model uses all cores, so calls from several threads take
    turns. A classifier can be pickled; the copy loads the model again. ::

        with Classifier.load() as classifier:
            print(classifier.classify(["I love it."])[0].label)
    """

    def __init__(self, scorer: RowScorer, arguments: dict[str, Any]) -> None:
        """Use ``Classifier.load``."""
        self._scorer: RowScorer | None = scorer
        self._arguments = arguments
        self._process = os.getpid()

    @classmethod
    def load(
        cls,
        model: str | os.PathLike[str] | None = None,
        *,
        revision: str | None = None,
        precision: PrecisionSetting | None = None,
        device: str = "cpu",
        fallback: str | None = None,
    ) -> Self:
        """Loads a model; what is not in the cache yet is compiled, which takes a minute.

        Args:
            model: A directory, a hub id, the name of a word list (``afinn-111``, ``mvp-29``), or
                None for the embedded checkpoint.
            revision: Branch, tag or commit of a hub id.
            precision: ``float32``, ``bfloat16x3``, ``bfloat16``, ``int8`` or ``auto``; None for the
                environment's ``MAX_SENTIMENT_PRECISION``, else float32.
            device: ``cpu``, ``gpu``, ``gpu:1``, ..., or ``auto``: an accelerator whose probe with
                this model passed (``max-sentiment doctor --probe``), else the CPU.
            fallback: The word list that answers where the model puts out no numbers.

        Raises:
            CheckpointError: The checkpoint cannot be served, or a setting is not one of those
                above.
            DeviceError: MAX does not find the accelerator in this machine.
        """
        options = model_options(model, revision, precision, fallback)
        arguments: dict[str, Any] = {
            "model": options.model,
            "revision": revision,
            "precision": precision,
            "device": device,
            "fallback": fallback,
        }
        return cls(load_scorer(options, device), arguments)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels, in the order of each answer's ``scores``."""
        return self._loaded().labels.names

    @property
    def identity(self) -> ModelIdentity:
        """What answers, exactly: model, digest of its weights, precision, version."""
        return self._loaded().identity

    def classify(
        self, texts: Iterable[Text], *, truncation: TruncationMode | None = "end"
    ) -> list[Classification]:
        """Classifies texts, all of them or none.

        Args:
            texts: Texts, or pairs of them: a list, a pandas Series, a column of a dataset.
            truncation: Of a text over the model's limit, ``end`` and ``start`` cut that side off,
                ``window`` reads all of it in overlapping windows, and None refuses it.

        Returns:
            An answer for each text, in order: ``label``, ``scores`` and ``logits``, one a label in
            the order of ``labels``, ``tokens``, ``tokens_read`` and ``windows``.

        Raises:
            InputError: A text cannot be classified: blank, no text, over a limit; the message has
                its place.
            TypeError: ``texts`` is one text.
            SentimentError: The classifier is closed, or was loaded before a fork.
            Unavailable: The model puts out NaN or infinity, or does not answer.
        """
        scorer = self._loaded()
        found: list[Classification] = []
        # Closed here: who keeps the error keeps the frames, and with them threads and rows.
        with closing(self._answers(texts, truncation)) as answered:
            for _, answers in answered:
                for row in range(len(answers.logits)):
                    answer = answers.classification(row, scorer.labels)
                    if not isinstance(answer, Classification):
                        raise _at(answer, len(found))
                    found.append(answer)
        return found

    def columns(
        self, texts: Iterable[Text | None], *, truncation: TruncationMode | None = "end"
    ) -> dict[str, list[Any]]:
        """Classifies texts into columns, one value a text; a text without an answer ends nothing.

        For ``DataFrame(...)``, ``Dataset.map(..., batched=True)`` and ``map_batches``.

        Args:
            texts: As for ``classify``; None, or what is no text, is a row with an error.
            truncation: See ``classify``.

        Returns:
            The columns that ``max-sentiment score`` writes: ``label``, ``score`` (its probability),
            ``probabilities`` (one a label), ``tokens``, ``tokens_read``, ``windows``, ``route``
            (``model`` or ``lexicon``) and ``error``. Where there is an error, label, score,
            probabilities and route are None.

        Raises:
            TypeError: ``texts`` is one text.
            SentimentError: The classifier is closed, or was loaded before a fork.
            Unavailable: The model does not answer at all any more.
        """
        scorer = self._loaded()
        names = scorer.identity.answers
        columns: dict[str, list[Any]] = {name: [] for name in ANSWER_COLUMNS}
        for _, answers in self._answers(texts, truncation, lenient=True):
            scores = columns_of(answers, scorer.labels, names.index)
            failed = scores.best < 0
            of_labels = scores.best_scores.tolist()
            for row, best in enumerate(scores.best.tolist()):
                columns["label"].append(None if failed[row] else names[best])
                known = 0 <= best < len(scorer.labels)
                columns["score"].append(of_labels[row] if known else None)
            probabilities = scores.probabilities.tolist()
            columns["probabilities"] += [
                None if none else row for row, none in zip(probabilities, failed, strict=True)
            ]
            columns["tokens"] += scores.tokens.tolist()
            columns["tokens_read"] += scores.tokens_read.tolist()
            columns["windows"] += scores.windows.tolist()
            columns["route"] += scores.routes
            columns["error"] += scores.errors
        return columns

    def close(self) -> None:
        """Lets go of the model and its memory; nothing can be classified any more."""
        self._scorer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _load, (type(self), self._arguments)

    def __repr__(self) -> str:
        if self._scorer is None:
            return "<Classifier, closed>"
        identity, device = self._scorer.identity, self._arguments["device"]
        return f"<Classifier {identity.model} on {device}, {identity.precision}>"

    def _loaded(self) -> RowScorer:
        if self._scorer is None:
            raise SentimentError("The classifier is closed. Load another one.")
        if self._process != os.getpid():
            raise SentimentError(
                "The classifier was loaded before this process was forked, and MAX does not "
                "compute in a fork. Load one here, or start processes with the method 'spawn'."
            )
        return self._scorer

    def _answers(
        self,
        texts: Iterable[Text | None],
        truncation: TruncationMode | None,
        *,
        lenient: bool = False,
    ) -> Generator[tuple[_Rows, RowAnswers]]:
        scorer = self._loaded()
        if isinstance(texts, str):
            raise TypeError("texts is one text; pass a list of texts: [text].")
        to_list = getattr(texts, "to_pylist", None)  # an Arrow array yields no texts
        texts = to_list() if callable(to_list) else texts
        how = None if truncation is None else checked_truncation(truncation)
        rows = _rows(texts, lenient=lenient)
        first = next(rows, None)
        if first is None:
            return
        size = sum(len(text) for text in first.texts if text is not None)
        if len(first.texts) < _TOGETHER and size <= _FEW_CHARACTERS:
            yield first, scorer.answer(first, how)
            return

        def all_rows() -> Iterator[_Rows]:
            yield first
            yield from rows

        with closing(scorer.answers(all_rows(), how)) as answers:
            yield from answers


def _load(kind: type[Classifier], arguments: dict[str, Any]) -> Classifier:
    """Loads a classifier that was pickled."""
    return kind.load(**arguments)


def _rows(texts: Iterable[Text | None], *, lenient: bool) -> Iterator[_Rows]:
    values = iter(texts)
    start = 0
    while part := list(islice(values, _TOGETHER)):
        found: list[str | TextPair | None] = []
        errors: list[str | None] = []
        for place, value in enumerate(part, start=start):
            text = _text(value)
            wrong = None
            if text is None:
                name = "The value" if lenient else f"Input {place}"
                wrong = f"{name} is {_kind(value)}, and no text."
                if not lenient:
                    raise InputError(wrong + " Pass texts, or pairs of texts.")
            found.append(text)
            errors.append(wrong)
        start += len(part)
        yield _Rows(found, errors)


def _text(value: object) -> str | TextPair | None:
    match value:
        case str() | TextPair():
            return value
        case [str() as first, str() as second]:
            return TextPair(first, second)
    return None


def _kind(value: object) -> str:
    return "missing" if is_missing(value) else f"a {type(value).__name__}"


def _at(failure: SentimentError | str, place: int) -> SentimentError:
    """Returns the error of a text with its place among all of them."""
    error = InputError(failure) if isinstance(failure, str) else failure
    error.args = (str(error).replace("Input 0", f"Input {place}", 1),)
    return error
