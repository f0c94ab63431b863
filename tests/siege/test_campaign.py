"""A campaign against a made-up server: what it finds, and that it ends by itself."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from fake_server import Answer, fake_server, response

from scripts.besieging.campaign import Plan, run
from scripts.besieging.generator import BLOCK, Generator
from scripts.besieging.good import GOOD_REQUESTS
from scripts.besieging.report import Report

FINE = response(200, b'{"data": 0.1}')


def campaign(answer: Answer, requests: int = 1000, **more: object) -> Report:
    with fake_server(answer) as port:
        return run(Plan(port=port, requests=requests, timeout_s=30, **more))  # type: ignore[arg-type]


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    report = campaign(lambda path, body: FINE)
    assert report.failures == []
    assert report.requests == 1000
    assert sum(report.good.values()) == 10
    assert sum(sum(counts.values()) for counts in report.statuses.values()) >= 1000
    assert report.worst_waits
    report.write(tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text())["seed"] == 1
    assert "good requests, equal to the bit: 10 " in report.text()


def test_a_status_of_500_is_found_with_its_number() -> None:
    report = campaign(lambda path, body: response(500, b"{}") if path == "/ping" else FINE, 2000)
    assert report.failed > 0
    assert all(failure.what.startswith("status 500") for failure in report.failures)
    assert all("/ping " in failure.request for failure in report.failures)
    assert len({failure.number for failure in report.failures}) == report.failed


def test_a_changed_bit_is_found() -> None:
    goods = 0

    def answer(path: str, body: bytes) -> bytes:
        nonlocal goods
        if body == json.dumps(GOOD_REQUESTS[0].body).encode():
            goods += 1
            if goods > 1:
                return response(200, b'{"data": 0.10000000000000002}')
        return FINE

    (failure,) = campaign(answer).failures
    assert failure.what.startswith("a good request (vllm, distilbert-minilm-l6-sst2) was answered")
    assert "0.10000000000000002" in failure.what
    assert failure.number % 100 == 99  # any caller may send the second good one


@pytest.mark.parametrize("status", [429, 503])
def test_a_good_request_comes_again_when_told_to(status: int) -> None:
    again = 0
    busy = json.dumps(
        {"error": {"message": "a", "type": "a", "param": None, "code": status}}
    ).encode()

    def answer(path: str, body: bytes) -> bytes:
        nonlocal again
        if body == json.dumps(GOOD_REQUESTS[0].body).encode() and again < 3:
            again += 1
            return response(status, busy, "Retry-After: 1")
        return FINE

    report = campaign(answer, 200)
    assert (report.failures, report.busy) == ([], 3)


def test_silence_is_found() -> None:
    def answer(path: str, body: bytes) -> bytes | None:
        return None if path == "/version" else FINE

    with fake_server(answer) as port:
        report = run(Plan(port=port, requests=1000, timeout_s=0.5, heavy_timeout_s=30))
    assert any(failure.what.startswith("neither answer nor end") for failure in report.failures)


def test_the_slowest_of_a_pipeline_is_named() -> None:
    slow: list[bytes] = []

    def answer(path: str, body: bytes) -> bytes:
        if not slow and path == "/v1/score":
            slow.append(body)
            time.sleep(2)
        return FINE

    report = campaign(answer, 2000)
    assert slow
    took, _ = report.worst_waits[0]
    assert took >= 1.9
    # Those that others sent meanwhile waited, too, but none of its own pipeline.
    named = [Generator(1).request(number) for _, number in report.worst_waits]
    assert len({request.number // BLOCK for request in named}) == len(named)


def test_it_ends_in_time() -> None:
    start = time.monotonic()
    report = campaign(lambda path, body: FINE, 10_000_000, seconds=1)
    assert report.requests < 1_000_000
    assert time.monotonic() - start < 60


def test_a_log_is_searched_from_the_start_of_the_campaign(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("Traceback (most recent call last)\nof another time\n")

    def answer(path: str, body: bytes) -> bytes:
        if path == "/docs/oauth2-redirect":
            with log.open("a") as lines:
                lines.write("Traceback (most recent call last)\n  in a line\n")
        return FINE

    report = campaign(answer, 2000, log=log)
    assert report.failed > 0
    assert "in a line" in report.failures[0].what
    assert all("of another time" not in failure.what for failure in report.failures)


def test_a_server_that_is_gone_ends_it() -> None:
    with fake_server(lambda path, body: FINE) as port:
        pass
    with pytest.raises(Exception, match=r"refused|Connect"):
        run(Plan(port=port, requests=100))
