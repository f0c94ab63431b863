"""Profiles: the stages of a request and their sum."""

from __future__ import annotations

import pytest

from scripts.benchmarking.load_generator import Outcome
from scripts.benchmarking.profiles import split

OUTCOME = Outcome(
    latencies_ms=[20.0, 24.0],
    server_timing={"tokenize": 2.0, "queue": 10.0, "compute": 20.0},
)


def test_stages_are_means_and_add_up_to_the_request() -> None:
    parts = split(OUTCOME, http_ms=1.5, transport_ms=3.0)
    assert parts == {
        "HTTP parse": 1.5,
        "tokenise": 1.0,
        "queue": 2.0,
        "transport": 3.0,
        "compute": 10.0,
        "format, event loop": 4.5,
    }
    assert sum(parts.values()) == pytest.approx(22.0)


def test_a_single_caller_has_no_queue_time() -> None:
    parts = split(OUTCOME, http_ms=1.5, transport_ms=5.0)
    assert (parts["queue"], parts["transport"]) == (0.0, 5.0)
