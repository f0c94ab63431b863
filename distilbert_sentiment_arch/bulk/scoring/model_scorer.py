"""Scorer of datasets that answers with a model in this process."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

from distilbert_sentiment_arch.bulk.options import ModelOptions
from distilbert_sentiment_arch.bulk.rows import ScoredWindow, Window
from distilbert_sentiment_arch.bulk.scoring.explaining_scorer import ExplainingScorer
from distilbert_sentiment_arch.bulk.scoring.identity import (
    ModelIdentity,
    revision_of,
    settings_digest,
    weights_digest,
)
from distilbert_sentiment_arch.bulk.scoring.row_answers import RowAnswers, Rows, Source, columns_of
from distilbert_sentiment_arch.bulk.scoring.row_model import RowModel
from distilbert_sentiment_arch.bulk.scoring.scorer import RowScorer
from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.classify.fallback import COVERED, FallbackClassifier, reason_of
from distilbert_sentiment_arch.classify.interface import Classification, Classifier, Truncation
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.classify.preparation import Preparation
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.engine.device_choice import choose_device
from distilbert_sentiment_arch.engine.in_process import InProcessModel, classifier_of, load_model
from distilbert_sentiment_arch.errors import SentimentError
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LexiconClassifier, check_labels
from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list
from distilbert_sentiment_arch.probe.choice import check_device
from distilbert_sentiment_arch.settings.defaults import MAX_BATCH_SIZE, VERSION
from distilbert_sentiment_arch.settings.limits import Limits


class ModelScorer:
    """A model that answers rows, and a word list for those that it fails for, if there is one.

    Args:
        identity: What answers.
        labels: The labels of the model.
        rows: The model.
        truncation: What is read of a text over the model's limit.
        stand_in: Answers in its place; None for nothing.
    """

    def __init__(
        self,
        identity: ModelIdentity,
        labels: LabelSet,
        rows: RowModel,
        truncation: Truncation,
        stand_in: LexiconClassifier | None = None,
    ) -> None:
        self.identity = identity
        self.labels = labels
        self._rows = rows
        self._truncation = truncation
        self._stand_in = stand_in

    def score(self, windows: Iterable[Window]) -> Iterator[ScoredWindow]:
        """See ``Scorer``."""
        place_of = self.identity.answers.index
        for window, answers in self.answers(windows, self._truncation):
            yield ScoredWindow(window, columns_of(answers, self.labels, place_of))

    def answers(
        self, sources: Iterable[Source], truncation: Truncation | None
    ) -> Generator[tuple[Source, RowAnswers]]:
        """See ``Scorer``."""
        with closing(self._rows.answers(sources, truncation)) as answered:
            for source, answers in answered:
                yield source, self._stood_in(source, answers)

    def answer(self, source: Rows, truncation: Truncation | None) -> RowAnswers:
        """See ``Scorer``."""
        return self._stood_in(source, self._rows.answer(source, truncation))

    def batches(self, sources: Iterable[Rows]) -> Iterator[list[TokenSequence]]:
        """Yields the batches of the passes over rows, for measuring these alone."""
        return self._rows.batches(sources, self._truncation)

    def _stood_in(self, source: Rows, answers: RowAnswers) -> RowAnswers:
        """Returns answers with those of the word list where the model failed."""
        if self._stand_in is None:
            return answers
        covered = [row for row, why in answers.failures.items() if _is_covered(why)]
        texts = [text for row in covered if (text := source.texts[row]) is not None]
        if not texts:
            return answers
        found: list[Classification] = self._stand_in.classify_texts(texts)
        left = {row: why for row, why in answers.failures.items() if row not in set(covered)}
        of_list = dict(zip(covered, found, strict=True))
        return replace(answers, failures=left, of_list=of_list)


def _is_covered(failure: object) -> bool:
    return isinstance(failure, SentimentError) and reason_of(failure) in COVERED["always-available"]


def load_model_scorer(options: ModelOptions, device: str = "cpu") -> RowScorer:
    """Loads the model of a job's options; see ``scorer.load_scorer``.

    Raises:
        CheckpointError: The checkpoint cannot be served, its labels are not those of a word list
            where one is to stand in, or no device has such a name.
        DeviceError: MAX does not find the accelerator.
    """
    check_device(device)
    found = find_checkpoint(options.model, FAMILIES, options.revision)
    chosen = choose_device(device, found, options.precision)
    if options.fallback is not None:
        check_labels(found.checkpoint.config.labels)
    # Hashing leaves the interpreter lock to the loading.
    with ThreadPoolExecutor(1) as pool:
        digest = pool.submit(weights_digest, found.checkpoint)
        model = load_model(found, chosen, options.precision)
        return scorer_of(model, options, digest.result())


def scorer_of(model: InProcessModel, options: ModelOptions, digest: str) -> RowScorer:
    """Returns a loaded model as a scorer.

    Args:
        model: The model.
        options: How rows are read.
        digest: SHA-256 of its weights.
    """
    limits = Limits.from_environment()
    identity = ModelIdentity(
        model=model.name,
        revision=revision_of(model.checkpoint),
        weights_digest=digest,
        settings_digest=settings_digest(model.checkpoint),
        precision=model.precision.precision,
        version=VERSION,
        labels=model.labels.names,
        problem_type=model.labels.problem_type,
        route="model",
        max_length=model.max_length,
        fallback=options.fallback,
    )
    batch_tokens = limits.batch_tokens(accelerator=model.device.is_accelerator)
    rows = RowModel(
        model,
        Preparation(model.tokenizer, model.max_length, limits.max_request_tokens),
        len(model.labels),
        batch_tokens,
        MAX_BATCH_SIZE,
        limits.max_request_characters,
    )
    stand_in = None
    if options.fallback is not None:
        stand_in = LexiconClassifier(embedded_word_list(options.fallback), model.labels)
    scorer = ModelScorer(identity, model.labels, rows, options.truncation, stand_in)
    if options.explain is None:
        return scorer
    classifier: Classifier = classifier_of(model, batch_tokens, limits.max_request_tokens)
    if stand_in is not None:
        classifier = FallbackClassifier(classifier, stand_in, "always-available")
    return ExplainingScorer(scorer, classifier, options.explain, options.truncation)
