"""BERT in this process, from text to logits, against Hugging Face's logits and the oracle."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest
from bert_reference import CONFIG, TEXTS, reference, write_checkpoint

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.classify.interface import (
    Classification,
    ClassifyRequest,
    Input,
    TextPair,
    Truncation,
)
from distilbert_sentiment_arch.families.registry import FAMILIES
from scripts import checkpoints
from scripts.oracle import bert as oracle

if TYPE_CHECKING:
    from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier

pytestmark = [
    pytest.mark.slow,
    # transformers reads the vocab.txt of these checkpoints in a deprecated way.
    pytest.mark.filterwarnings("ignore:Deprecated in 0.9.0:DeprecationWarning"),
]

INPUTS: list[Input] = [TextPair(*text) if isinstance(text, tuple) else text for text in TEXTS]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelClassifier:
    from distilbert_sentiment_arch.engine.in_process import load_classifier

    directory = write_checkpoint(tmp_path_factory.mktemp("bert") / "checkpoint")
    return load_classifier(find_checkpoint(str(directory), FAMILIES))


def classify(
    model: ModelClassifier, inputs: list[Input], truncation: Truncation | None = None
) -> list[Classification]:
    request = ClassifyRequest(inputs, truncation)
    return list(asyncio.run(model.classify(request)).classifications)


def test_the_oracle_has_hugging_face_s_logits() -> None:
    tensors = checkpoints.random_tensors(CONFIG)
    wide = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}
    for each in reference():
        found = oracle.logits(wide, CONFIG, each["ids"], each["token_types"])
        np.testing.assert_allclose(found, each["logits"], atol=1e-5)


def test_texts_and_pairs_have_hugging_face_s_logits(model: ModelClassifier) -> None:
    expected = reference()
    answers = classify(model, INPUTS)
    assert [each.tokens for each in answers] == [len(each["ids"]) for each in expected]
    np.testing.assert_allclose(
        [each.logits for each in answers], [each["logits"] for each in expected], atol=1e-4
    )


def test_the_second_text_of_a_pair_has_another_type(model: ModelClassifier) -> None:
    """Token ids given without segments are one segment, as Hugging Face reads them."""
    pair = next(each for each in reference() if 1 in each["token_types"])
    (by_ids,) = classify(model, [pair["ids"]])
    tensors = checkpoints.random_tensors(CONFIG)
    wide = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}
    np.testing.assert_allclose(by_ids.logits, oracle.logits(wide, CONFIG, pair["ids"]), atol=1e-4)
    assert np.abs(np.subtract(by_ids.logits, pair["logits"])).max() > 1e-2


def test_a_pair_cut_at_its_end_keeps_its_types(model: ModelClassifier) -> None:
    pair = TextPair("a b c d e f", "g h i j k l")
    (whole,) = classify(model, [TextPair("a b c d e f", "g h")])
    (cut,) = classify(model, [pair], Truncation("end", whole.tokens))
    assert (cut.tokens, cut.tokens_read) == (15, 11)
    np.testing.assert_allclose(cut.logits, whole.logits, atol=1e-5)
