"""What a dataset's fingerprint says of its model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from distilbert_sentiment_arch.bulk.scoring.identity import (
    ModelIdentity,
    revision_of,
    settings_digest,
    weights_digest,
    word_list_digest,
)
from distilbert_sentiment_arch.checkpoint.inspection import inspect_checkpoint
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.lexicon.word_list import read_word_list

IDENTITY = ModelIdentity(
    model="a",
    revision=None,
    weights_digest="1",
    settings_digest="2",
    precision="float32",
    version="0",
    labels=("NEGATIVE", "POSITIVE"),
    problem_type="single_label_classification",
    route="model",
    max_length=512,
)


def test_a_fallback_may_say_neutral_of_a_model_that_does_not() -> None:
    assert IDENTITY.answers == ("NEGATIVE", "POSITIVE")
    assert replace(IDENTITY, fallback="mvp-29").answers == ("NEGATIVE", "POSITIVE", "NEUTRAL")
    three = ("negative", "neutral", "positive")
    assert replace(IDENTITY, fallback="mvp-29", labels=three).answers == three


def test_digests_change_with_the_files(checkpoint: Callable[..., Path]) -> None:
    directory = checkpoint()
    found = inspect_checkpoint(directory, FAMILIES)
    weights, settings = weights_digest(found), settings_digest(found)
    assert weights_digest(found) == weights

    config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    config["id2label"] = {"0": "up", "1": "down"}
    (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert settings_digest(found) != settings
    assert weights_digest(found) == weights

    file = found.weight_files[0]
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert weights_digest(found) != weights
    assert revision_of(found) is None


def test_the_digest_of_a_word_list_is_of_its_terms(tmp_path: Path) -> None:
    digests = []
    for number, lines in enumerate(["good\t2\nbad\t-2\n", "bad\t-2\n\ngood\t2\n", "good\t3\n"]):
        path = tmp_path / f"{number}.txt"
        path.write_text(lines, encoding="utf-8")
        digests.append(word_list_digest(read_word_list(path)))
    assert digests[0] == digests[1] != digests[2]
