"""Logits of the embedded checkpoint, against Hugging Face and the float64 oracle."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from distilbert_sentiment_arch.checkpoint.tensors import read_header
from distilbert_sentiment_arch.classify.interface import Classification, ClassifyRequest, Input
from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY
from scripts.oracle import distilbert as oracle

if TYPE_CHECKING:
    from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier

REFERENCE = Path(__file__).parent / "reference" / "hugging_face.json"

pytestmark = pytest.mark.slow


def classify(model: ModelClassifier, inputs: list[Input]) -> list[Classification]:
    return list(asyncio.run(model.classify(ClassifyRequest(inputs))).classifications)


def float64_tensors() -> dict[str, np.ndarray]:
    path = DEFAULT_DIRECTORY / "model.safetensors"
    return {
        name: np.fromfile(path, "<f2", entry.nbytes // 2, offset=entry.start)
        .reshape(entry.shape)
        .astype(np.float64)
        for name, entry in read_header(path).items()
    }


def test_hugging_face_logits(embedded: ModelClassifier) -> None:
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))["answers"]
    assert len(reference) == 200
    answers = classify(embedded, [each["text"] for each in reference])
    expected = np.array([each["logits"] for each in reference])
    assert [answer.tokens for answer in answers] == [each["tokens"] for each in reference]
    assert [answer.label for answer in answers] == [
        ("NEGATIVE", "POSITIVE")[row.argmax()] for row in expected
    ]
    np.testing.assert_allclose([answer.logits for answer in answers], expected, atol=1e-4, rtol=0)


def test_float64_oracle_at_lengths_up_to_the_limit(embedded: ModelClassifier) -> None:
    config = json.loads((DEFAULT_DIRECTORY / "config.json").read_text(encoding="utf-8"))
    tensors = float64_tensors()
    generator = np.random.default_rng(3)
    sequences = [
        generator.integers(1000, config["vocab_size"], length).tolist()
        for length in (2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129, 255, 257, 511, 512)
    ]
    answers = classify(embedded, [[101, *ids[1:-1], 102] for ids in sequences])
    for ids, answer in zip(sequences, answers, strict=True):
        expected = oracle.logits(tensors, config, [101, *ids[1:-1], 102])
        np.testing.assert_allclose(answer.logits, expected, atol=1e-4, rtol=0)


def test_logits_are_bitwise_independent_of_neighbours_and_position(
    embedded: ModelClassifier,
) -> None:
    text = "A quiet, generous novel that stays with you for weeks."
    (alone,) = classify(embedded, [text])
    crowd = ["Meh.", "[PAD] [PAD] [PAD]", "Terrible. " * 100, "[SEP]", "Wonderful, all of it."]
    for place in range(len(crowd) + 1):
        answers = classify(embedded, [*crowd[:place], text, *crowd[place:]])
        np.testing.assert_array_equal(answers[place].logits, alone.logits)


def test_more_texts_than_one_batch_come_back_in_order(embedded: ModelClassifier) -> None:
    texts = ["I love it." if index % 3 else "I hate it. " * (index % 7 + 1) for index in range(80)]
    labels = [answer.label for answer in classify(embedded, texts)]
    assert labels == ["POSITIVE" if index % 3 else "NEGATIVE" for index in range(80)]
