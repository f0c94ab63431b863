"""Texts that are chosen, metrics of a text by method, Kendall's tau, and means over texts."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from itertools import combinations
from statistics import mean

import numpy as np
import pytest
from explained_texts import SENTIMENT
from pair_models import MAX_LENGTH, PairTokenizer

from distilbert_sentiment_arch.classify.batching import Batcher, ComputedBatch
from distilbert_sentiment_arch.classify.interface import Classification
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.explain.text_units import split_words
from scripts.benchmarking.errors import ConfigError
from scripts.explaining import faithfulness
from scripts.explaining.erasure import SHARES
from scripts.explaining.faithfulness import (
    LIST,
    RANDOM,
    Rated,
    chosen_texts,
    erasures_of,
    rated_text,
    summary,
    taus_of,
)
from scripts.explaining.figures import Mean

WHOLE = Classification(SENTIMENT, [0.0, 1.0], 9, 9)
CUT = Classification(SENTIMENT, [0.0, 1.0], 600, 512)


def tau_b(first: Sequence[float], second: Sequence[float]) -> float:
    """Kendall's tau-b by its definition over all pairs."""
    signs = np.array(
        [
            (np.sign(first[a] - first[b]), np.sign(second[a] - second[b]))
            for a, b in combinations(range(len(first)), 2)
        ]
    )
    return float((signs[:, 0] * signs[:, 1]).sum() / np.sqrt((signs**2).sum(0).prod()))


def test_texts_that_were_cut_or_have_one_word_are_left_out() -> None:
    texts = ["one", "two words", "cut off here", " three words here "]
    assert chosen_texts(texts, [WHOLE, WHOLE, CUT, WHOLE], 9, 0) == [texts[1], texts[3]]
    with pytest.raises(ConfigError, match="No text has 2 words"):
        chosen_texts(["one"], [WHOLE], 9, 0)


def test_a_sample_is_in_order_and_the_same_for_a_seed() -> None:
    texts = [f"text {number:02}" for number in range(50)]
    answers = [WHOLE] * 50
    found = chosen_texts(texts, answers, 10, 3)
    assert found == sorted(found)
    assert len(set(found)) == 10
    assert found == chosen_texts(texts, answers, 10, 3)
    assert found != chosen_texts(texts, answers, 10, 4)


def test_tau_is_kendall_s_with_ties() -> None:
    chance = random.Random(0)
    rated = [
        Rated(
            "",
            [],
            1,
            {
                "leave_one_out": [float(chance.randrange(6)) for _ in range(12)],
                "owen": [float(chance.randrange(6)) for _ in range(12)],
            },
        )
        for _ in range(20)
    ]
    found = taus_of(rated, "owen")
    wanted = [tau_b(each.values["leave_one_out"], each.values["owen"]) for each in rated]
    assert found == pytest.approx(wanted)
    assert taus_of(rated, "leave_one_out") == []
    flat = Rated("", [], 1, {"leave_one_out": [1.0, 2.0], "owen": [1.0, 1.0]})
    assert taus_of([flat], "owen") == []


def test_a_summary_has_means_and_their_standard_errors() -> None:
    rows = [[0.1 * number] * len(SHARES) for number in (1, 2, 6)]
    found = summary("owen", [faithfulness.Erasure(row, row) for row in rows], [0.5, 0.7])
    assert found.comprehensiveness == pytest.approx([0.3] * len(SHARES))
    assert found.sufficiency_aopc.value == pytest.approx(0.3)
    assert found.sufficiency_aopc.error == pytest.approx(np.std([0.1, 0.2, 0.6], ddof=1) / 3**0.5)
    assert found.tau is not None
    assert found.tau.value == pytest.approx(0.6)
    assert summary("owen", [faithfulness.Erasure([0.5], [0.5])], []).tau is None
    assert found.tau != Mean(value=0, error=0)


class Adding:
    """A transport whose POSITIVE logit is the sum of a number for each token."""

    max_in_flight = 1

    async def compute(self, sequences: Sequence[TokenSequence]) -> ComputedBatch:
        sums = [float(np.sin(1.7 * np.asarray(sequence.ids)).sum()) for sequence in sequences]
        return ComputedBatch(np.array([[-each, each] for each in sums], np.float32), 1.0, len(sums))


def test_the_orders_of_both_methods_are_better_than_chance_where_words_add_up() -> None:
    batcher = Batcher(Adding(), max_sequences=4, max_tokens=200)
    labels = LabelSet(SENTIMENT.names, "regression")  # scores are the sums themselves
    classifier = ModelClassifier("adding", PairTokenizer(), labels, MAX_LENGTH, batcher)

    async def measured(text: str, seed: int) -> dict[str, float]:
        rated = await rated_text(classifier, text, seed)
        assert rated.spans == split_words(text)
        assert rated.values["owen"] == pytest.approx(rated.values["leave_one_out"], abs=1e-4)
        found = await erasures_of(classifier, rated, seed)
        return {method: mean(each.comprehensiveness) for method, each in found.items()}

    texts = ["A slow start, but what a wonderful film.", "Not bad at all, and the end is a joy."]
    rows = [asyncio.run(measured(text, seed)) for seed, text in enumerate(texts)]
    assert set(rows[0]) == {"leave_one_out", "owen", LIST, RANDOM}
    for row in rows:
        assert row["leave_one_out"] > row[RANDOM] + 0.1
        assert row["owen"] == pytest.approx(row["leave_one_out"], abs=1e-4)
