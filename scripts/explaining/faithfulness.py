"""Measurement of how faithful explanations are, by deleting the words that they name first."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import mean, median, stdev

from scipy.stats import kendalltau

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint
from distilbert_sentiment_arch.classify.interface import (
    Classification,
    Classifier,
    ClassifyRequest,
    Truncation,
)
from distilbert_sentiment_arch.explain.explainer import explain
from distilbert_sentiment_arch.explain.explanation import METHODS, ExplainOptions
from distilbert_sentiment_arch.explain.text_units import Span, split_words
from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list
from scripts.benchmarking.errors import ConfigError
from scripts.benchmarking.worker_process import WorkerProcess
from scripts.explaining import reference_worker
from scripts.explaining.erasure import Erasure, aopc, erasure, left_texts, mean_of, ranking
from scripts.explaining.figures import Faithfulness, Mean, MethodFaithfulness
from scripts.explaining.reference_worker import CAPTUM, SHAP
from scripts.explaining.word_values import list_values, values_of_words

RANDOM, LIST = "random order", "AFINN-111"
RANDOM_ORDERS = 10
"""Random orders of a text whose metrics are averaged."""
LEAST_WORDS = 2
"""Words of the shortest texts: without half of them something has to be left."""
REPORTED = 10
"""Texts from one line of progress to the next."""

Values = list[float]


@dataclass(frozen=True)
class Rated:
    """A text, its words, its answer, and the values of the words by method."""

    text: str
    spans: Sequence[Span]
    label: int
    values: dict[str, Values]


def chosen_texts(
    texts: Sequence[str], answers: Sequence[Classification], count: int, seed: int
) -> list[str]:
    """Returns a random sample of the texts of two words or more that were read whole, in order.

    Raises:
        ConfigError: There is none.
    """
    places = [
        place
        for place, (text, answer) in enumerate(zip(texts, answers, strict=True))
        if answer.whole and len(split_words(text)) >= LEAST_WORDS
    ]
    if not places:
        raise ConfigError(
            f"No text has {LEAST_WORDS} words and is within the model's limit. Name a file of "
            "other ones."
        )
    if len(places) > count:
        places = sorted(random.Random(seed).sample(places, count))
    return [texts[place] for place in places]


def measure_faithfulness(
    found: NamedCheckpoint,
    data: Sequence[str],
    count: int,
    seed: int,
    threads: int,
    report: Callable[[str], None],
) -> Faithfulness:
    """Explains texts in every way and measures the orders of their words.

    Args:
        found: The checkpoint.
        data: Texts.
        count: Most of them that are explained.
        seed: Seed of the sample and of random orders.
        threads: Threads of PyTorch.
        report: Called with lines of progress.

    Raises:
        BenchmarkError: SHAP or Captum cannot be run, or there is no text to explain.
    """
    from distilbert_sentiment_arch.engine.in_process import load_classifier

    report("loading the model in both environments")
    classifier = load_classifier(found)
    with (
        asyncio.Runner() as runner,
        closing(
            WorkerProcess(reference_worker.ENVIRONMENT, "scripts.explaining.reference_worker")
        ) as worker,
    ):
        versions = worker.ask("load", checkpoint=str(found.checkpoint.directory), threads=threads)
        request = ClassifyRequest(data, Truncation("end"))
        answers = runner.run(classifier.classify(request)).classifications
        texts = chosen_texts(data, answers, count, seed)
        rated: list[Rated] = []
        measured: list[dict[str, Erasure]] = []
        for number, text in enumerate(texts, 1):
            rated.append(runner.run(rated_text(classifier, text, seed)))
            name = classifier.labels.names[rated[-1].label]
            for method in (CAPTUM, SHAP):
                (tokens,) = worker.ask("explain", method=method, texts=[text], labels=[name])
                rated[-1].values[method] = values_of_words(rated[-1].spans, tokens)
            measured.append(runner.run(erasures_of(classifier, rated[-1], seed + number)))
            if number % REPORTED == 0 or number == len(texts):
                report(f"{number} of {len(texts)} texts")
    return Faithfulness(
        texts=len(texts),
        words=round(median(len(each.spans) for each in rated)),
        seed=seed,
        model=found.name,
        versions=versions,
        date=datetime.now(UTC).date().isoformat(),
        methods=[
            summary(method, [each[method] for each in measured], taus_of(rated, method))
            for method in measured[0]
        ],
    )


async def rated_text(classifier: Classifier, text: str, seed: int) -> Rated:
    """Returns a text with the values of our own methods and of the word list."""
    values: dict[str, Values] = {}
    spans: list[Span] = []
    label = 0
    for method in METHODS:
        options = ExplainOptions(method, "word", seed=seed)
        request = ClassifyRequest([text], Truncation("end"))
        (found,) = (await explain(classifier, request, options)).explanations
        label = classifier.labels.names.index(found.classification.label)
        spans = [(unit.start, unit.end) for unit in found.units]
        values[method] = [unit.scores[label] for unit in found.units]
    listed = list_values(
        text, spans, embedded_word_list("afinn-111"), classifier.labels.names[label]
    )
    if listed is not None:
        values[LIST] = listed
    return Rated(text, spans, label, values)


async def erasures_of(classifier: Classifier, rated: Rated, seed: int) -> dict[str, Erasure]:
    """Returns the metrics of a text by method."""
    chance = random.Random(seed)
    orders = {method: [ranking(values, chance)] for method, values in rated.values.items()}
    nothing = [0.0] * len(rated.spans)
    orders[RANDOM] = [ranking(nothing, chance) for _ in range(RANDOM_ORDERS)]
    needed = {rated.text} | {
        text
        for each in orders.values()
        for order in each
        for pair in left_texts(rated.text, rated.spans, order)
        for text in pair
    }
    request = ClassifyRequest(list(needed), Truncation("end"), blank=True)
    answers = (await classifier.classify(request)).classifications
    scores = {
        text: answer.scores[rated.label] for text, answer in zip(needed, answers, strict=True)
    }
    return {
        method: mean_of(
            [erasure(rated.text, rated.spans, order, scores.__getitem__) for order in each]
        )
        for method, each in orders.items()
    }


def summary(method: str, found: Sequence[Erasure], taus: Sequence[float]) -> MethodFaithfulness:
    """Returns the means over texts.

    Args:
        method: What the orders are by.
        found: The metrics of each text.
        taus: See ``taus_of``.
    """
    means = mean_of(found)
    return MethodFaithfulness(
        method=method,
        comprehensiveness=list(means.comprehensiveness),
        sufficiency=list(means.sufficiency),
        comprehensiveness_aopc=_mean([aopc(each.comprehensiveness) for each in found]),
        sufficiency_aopc=_mean([aopc(each.sufficiency) for each in found]),
        tau=_mean(taus) if taus else None,
    )


def taus_of(rated: Sequence[Rated], method: str) -> list[float]:
    """Returns Kendall's tau-b to leave_one_out of each text in which both tell words apart."""
    found = []
    for each in rated:
        values, base = each.values.get(method), each.values[METHODS[0]]
        if values is None or method == METHODS[0]:
            continue
        if len(set(values)) > 1 and len(set(base)) > 1:
            found.append(float(kendalltau(values, base).statistic))
    return found


def _mean(values: Sequence[float]) -> Mean:
    error = stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return Mean(value=mean(values), error=error)
