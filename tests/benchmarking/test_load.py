"""The process of the load generator: its outcome and its end."""

from __future__ import annotations

import pytest
from fake_server import fake_server, response

from scripts.benchmarking import load
from scripts.benchmarking.errors import NotAvailable
from scripts.benchmarking.load import run_load
from scripts.benchmarking.load_generator import Plan


def plan(port: int) -> Plan:
    return Plan(port=port, path="/classify", bodies=['{"input": "a"}'], seconds=0.3, concurrency=2)


def test_answers_are_counted() -> None:
    with fake_server(lambda path, body: response(200, b"{}")) as port:
        outcome = run_load(plan(port))
    assert outcome.errors == {}
    assert len(outcome.latencies_ms) > 2
    assert outcome.seconds >= 0.3


def test_a_server_that_never_answers_does_not_stop_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(load, "GRACE_S", 3.0)
    with (
        fake_server(lambda path, body: None) as port,
        pytest.raises(NotAvailable, match="left requests unanswered for 3 s"),
    ):
        run_load(plan(port))
