"""Accuracy of a precision on texts, and the processes that measure it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from distilbert_sentiment_arch.classify.labels import ProblemType
from distilbert_sentiment_arch.errors import RecommendError
from distilbert_sentiment_arch.recommend.measuring import Job, requests_of
from distilbert_sentiment_arch.recommend.screening import (
    Accuracy,
    NotMeasured,
    Screened,
    accuracy_of,
    own_environment,
    screen,
)

SINGLE: ProblemType = "single_label_classification"


def screened(logits: list[list[float]], check: list[list[float]] | None = None) -> Screened:
    return Screened("int8", "", 1.0, logits, check or logits, {})


CLEAR = [[2.0, -2.0], [-2.0, 2.0]] * 32


def test_equal_labels() -> None:
    found = accuracy_of(screened(CLEAR), screened(CLEAR), SINGLE)
    assert (found.same, found.texts, found.percent) == (64, 64, 100)
    assert found.refusal(100) is None


def test_labels_that_differ() -> None:
    changed = [*CLEAR[:-1], CLEAR[0]]
    found = accuracy_of(screened(CLEAR), screened(changed, CLEAR), SINGLE)
    assert found.same == 63
    assert found.refusal(98) is None
    assert found.refusal(99) == (
        "1 of 64 labels differ from float32's: 98.4% agree, at least 99% have to"
    )
    # The built-in sentences are those of the self-check.
    assert found.refusal(None) is None


def test_the_self_check_counts_where_labels_agree() -> None:
    away = (np.array(CLEAR) * 1.5).tolist()
    found = accuracy_of(screened(CLEAR), screened(CLEAR, away), SINGLE)
    assert found.percent == 100
    refusal = found.refusal(99)
    assert refusal is not None
    assert refusal.startswith("it fails the self-check (64 of 64 labels equal")


@pytest.mark.parametrize(
    ("problem_type", "expected", "found", "same"),
    [
        (SINGLE, [[1.0, 0.9]], [[1.0, -5.0]], 1),
        # Each label that is over a half counts.
        ("multi_label_classification", [[1.0, 0.9]], [[1.0, -5.0]], 0),
        ("multi_label_classification", [[1.0, 0.9]], [[0.5, 1.9]], 1),
        ("regression", [[0.2]], [[-0.1]], 0),
        ("regression", [[0.2]], [[5.0]], 1),
        (SINGLE, [[1.0, 0.9]], [[1.0, float("nan")]], 0),
    ],
)
def test_what_the_same_label_means(
    problem_type: ProblemType, expected: list[list[float]], found: list[list[float]], same: int
) -> None:
    pair = screened(expected, CLEAR), screened(found, CLEAR)
    assert accuracy_of(*pair, problem_type).same == same


def test_a_percentage_of_labels() -> None:
    assert Accuracy(991, 1000, True, "").refusal(99.1) is None
    assert Accuracy(990, 1000, True, "").refusal(99.1) is not None


def test_settings_of_a_server_are_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_SENTIMENT_API_KEYS_FILE", "keys")
    monkeypatch.setenv("MAX_SENTIMENT_PRECISION", "int8")
    monkeypatch.setenv("MAX_SERVE_PORT", "80")
    monkeypatch.setenv("MODULAR_CACHE_DIR", "cache")
    found = own_environment()
    assert not [name for name in found if name.startswith(("MAX_SENTIMENT_", "MAX_SERVE_"))]
    assert found["MODULAR_CACHE_DIR"] == "cache"


def job(directory: Path) -> Job:
    return Job(str(directory), "cpu", "float32", 1, ["a text"], 1, 1, [512], 0.1)


def test_requests_hold_each_text() -> None:
    assert requests_of(["a", "b", "c"], 1) == [["a"], ["b"], ["c"]]
    assert requests_of(["a", "b", "c"], 2) == [["a", "b"], ["c", "a"]]
    assert requests_of(["a", "b"], 5) == [["a", "b", "a", "b", "a"]]


@pytest.mark.slow
def test_a_process_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match=r"its process ended with 1: .*no such directory"):
        screen(job(tmp_path / "none"), threading.Event())


def test_a_cancelled_process_is_ended(checkpoint: Callable[..., Path]) -> None:
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(RecommendError, match="cancelled; nothing is remembered"):
        screen(job(checkpoint()), cancelled)
