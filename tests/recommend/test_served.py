"""Servers that do not come up; one that does is measured in test_recommendation.py."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from distilbert_sentiment_arch.errors import RecommendError
from distilbert_sentiment_arch.recommend.screening import NotMeasured
from distilbert_sentiment_arch.recommend.served import running

pytestmark = pytest.mark.slow


def test_a_server_that_ends_says_why(tmp_path: Path) -> None:
    missing = tmp_path / "none"
    with (
        pytest.raises(NotMeasured, match=r"the server ended with 1: .*none: no such directory"),
        running(missing, (), [["a"]], threading.Event()),
    ):
        pass


def test_a_start_that_is_cancelled(checkpoint: Callable[..., Path]) -> None:
    cancelled = threading.Event()
    cancelled.set()
    with (
        pytest.raises(RecommendError, match="cancelled"),
        running(checkpoint(), (), [["a"]], cancelled),
    ):
        pass
