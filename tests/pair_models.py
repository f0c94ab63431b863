"""A server's application with a model of pairs, whose logits are known functions of its tokens.

Everything but the network is the real one: HTTP, limits, tokenizer, truncation and batches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from starlette.testclient import TestClient
from tokenizers import Tokenizer

from distilbert_sentiment_arch.classify.batching import Batcher, ComputedBatch
from distilbert_sentiment_arch.classify.interface import TextPair
from distilbert_sentiment_arch.classify.labels import LabelSet, ProblemType
from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier
from distilbert_sentiment_arch.classify.readiness import Verdict
from distilbert_sentiment_arch.classify.token_sequence import SpecialTokens, TokenIds, TokenSequence
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LexiconClassifier
from distilbert_sentiment_arch.lexicon.settings import LexiconSettings
from distilbert_sentiment_arch.serving.application import Application
from distilbert_sentiment_arch.serving.body import BufferedBytes
from distilbert_sentiment_arch.serving.standalone.routes import lexicon_app
from distilbert_sentiment_arch.serving.standalone.telemetry import LocalTelemetry
from distilbert_sentiment_arch.settings.api_keys import ApiKeys
from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY, MAX_REQUEST_BYTES
from distilbert_sentiment_arch.settings.limits import Limits

NAME = "pairs"
MAX_LENGTH = 48

RERANKER = ("relevance",)
NLI = ("contradiction", "neutral", "ENTAILMENT")
SENTIMENT = ("NEGATIVE", "POSITIVE")


@cache
def tokenizer() -> Tokenizer:
    """The tokenizer of the embedded checkpoint, for which whatever a user types is text."""
    found = Tokenizer.from_file(str(DEFAULT_DIRECTORY / "tokenizer.json"))
    found.encode_special_tokens = True
    return found


@cache
def _word_lists() -> Sequence[LexiconClassifier]:
    return LexiconSettings.from_environment().classifiers()


def logits_of(ids: npt.ArrayLike, rows: int) -> npt.NDArray[np.float32]:
    """Returns as many numbers as rows, which depend on every token and its place."""
    tokens = np.asarray(ids, dtype=np.float64)
    phases = tokens + np.arange(len(tokens)) / 7
    return np.array([np.sin(phases * (row + 1)).sum() for row in range(rows)], dtype=np.float32)


SPECIAL = SpecialTokens(101, 102)
"""[CLS] and [SEP]."""


class PairTokenizer:
    """The tokenizer as ``ModelClassifier`` wants it, without MAX."""

    def tokenize(
        self,
        texts: Sequence[str | TextPair],
        add_special_tokens: bool = True,
        max_tokens: int | None = None,
    ) -> list[TokenSequence]:
        found = []
        for text in texts:
            pair = (text.first, text.second) if isinstance(text, TextPair) else (text,)
            encoding = tokenizer().encode(*pair, add_special_tokens=add_special_tokens)
            ids = np.array(encoding.ids, dtype=np.int64)
            found.append(TokenSequence(ids, len(ids) - sum(encoding.type_ids)))
        return found

    def check_ids(self, ids: Sequence[int]) -> TokenIds:
        return np.array(ids, dtype=np.int64)

    def special_tokens(self) -> SpecialTokens:
        return SPECIAL


class KnownLogits:
    """A transport that computes ``logits_of``."""

    max_in_flight = 1

    def __init__(self, rows: int) -> None:
        self._rows = rows

    async def compute(self, sequences: Sequence[TokenSequence]) -> ComputedBatch:
        rows = [logits_of(sequence.ids, self._rows) for sequence in sequences]
        return ComputedBatch(np.stack(rows), 1.0, len(sequences))


def pair_classifier(
    labels: Sequence[str], problem_type: ProblemType = "single_label_classification"
) -> ModelClassifier:
    """A model with the given labels."""
    batcher = Batcher(KnownLogits(len(labels)), max_sequences=4, max_tokens=200)
    label_set = LabelSet(tuple(labels), problem_type)
    return ModelClassifier(NAME, PairTokenizer(), label_set, MAX_LENGTH, batcher, 20_000)


def pair_server(
    labels: Sequence[str], problem_type: ProblemType = "single_label_classification", **limits: Any
) -> TestClient:
    """A client of a server of such a model, and of the built-in word lists."""

    async def ready() -> Verdict:
        return Verdict(True, "ready", 0.0)

    application = Application(
        default=pair_classifier(labels, problem_type),
        lexicons=_word_lists(),
        ready=ready,
        load=None,
        limits=Limits(**limits),
        buffered=BufferedBytes(10_000_000),
        keys=ApiKeys(),
        telemetry=LocalTelemetry("127.0.0.1", 0, 0),
    )
    return TestClient(lexicon_app(application, MAX_REQUEST_BYTES), raise_server_exceptions=False)


def pair_ids(
    first: str, second: str, cut: Mapping[str, Any] | None = None
) -> npt.NDArray[np.int64]:
    """The ids of a pair as the ``tokenizers`` library has them, cut by its own truncation."""
    if cut is None:
        return np.array(tokenizer().encode(first, second).ids)
    cutting = copy(tokenizer())
    cutting.encode_special_tokens = True  # not copied
    cutting.enable_truncation(**cut)
    return np.array(cutting.encode(first, second).ids)


def sigmoid(number: float) -> float:
    return float(1 / (1 + np.exp(-np.float64(number))))


def softmax(numbers: Sequence[float]) -> npt.NDArray[np.float64]:
    exponentials = np.exp(np.asarray(numbers, dtype=np.float64))
    found: npt.NDArray[np.float64] = exponentials / exponentials.sum()
    return found
