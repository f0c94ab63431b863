"""Tools over standard input and output."""

from __future__ import annotations

import json
import signal

import pytest
from tool_server import (
    INITIALIZE,
    WORD_LIST,
    Progress,
    RawTools,
    ToolClient,
    has_ended,
    jobs_of,
    request,
    wait_for,
)

ENDLESS = {"texts": ["A good film. " * 20] * 1000, "rounds": 1000, "seconds": 300}
"""Arguments of a benchmark that takes minutes."""


def test_the_end_of_the_input_ends_the_server() -> None:
    with RawTools(*WORD_LIST) as tools:
        assert tools.initialize()["result"]["serverInfo"]["name"] == "max-sentiment"
        tools.close_input()
        assert tools.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_while_it_waits_for_input(number: signal.Signals) -> None:
    with RawTools(*WORD_LIST) as tools:
        tools.initialize()
        tools.process.send_signal(number)
        assert tools.ended() == 0


def test_a_client_that_reads_nothing_does_not_keep_the_server_from_ending() -> None:
    with RawTools(*WORD_LIST) as tools:
        tools.initialize()
        # More than a pipe holds.
        asked = request(1, "tools/call", name="classify", arguments={"texts": ["good " * 9] * 2000})
        tools.send(asked)
        tools.send(asked | {"id": 2})
        tools.process.send_signal(signal.SIGTERM)
        assert tools.ended() == 0


def test_a_client_that_closes_its_end_ends_the_server() -> None:
    with RawTools(*WORD_LIST) as tools:
        tools.initialize()
        assert tools.process.stdout is not None
        tools.process.stdout.close()
        tools.send(request(1, "tools/list"))
        assert tools.ended() == 0


def test_a_message_that_is_too_long_is_refused_by_its_id_and_others_are_answered() -> None:
    with RawTools(*WORD_LIST, "--max-body-bytes", "10000") as tools:
        tools.initialize()
        message = {
            "method": "tools/call",
            "params": {"name": "classify", "arguments": {"texts": ["x" * 10_000]}},
            "jsonrpc": "2.0",
            "id": 7,
        }
        tools.send(message)
        refused = tools.receive()
        assert refused["id"] == 7
        assert refused["error"]["message"].startswith("The message has more than 10000 bytes.")
        assert tools.ask(8, "ping")["result"] == {}


def test_what_is_no_message_ends_nothing() -> None:
    with RawTools(*WORD_LIST) as tools:
        tools.initialize()
        for line in (b"", b"no JSON", b"[1, 2]", b"\xff\xfe", json.dumps({"id": 3}).encode()):
            tools.send(line)
        assert tools.ask(9, "ping")["result"] == {}


def test_a_cancelled_measurement_ends_its_process() -> None:
    with RawTools(*WORD_LIST) as tools:
        tools.initialize()
        tools.send(request(1, "tools/call", name="benchmark", arguments=ENDLESS))
        (job,) = wait_for(lambda: jobs_of(tools.process.pid))
        cancelled = {"method": "notifications/cancelled", "params": {"requestId": 1}}
        tools.send({"jsonrpc": "2.0", **cancelled})
        answer = tools.receive()
        assert (answer["id"], answer["error"]["message"]) == (1, "Request cancelled")
        assert tools.ask(2, "ping")["result"] == {}
        wait_for(lambda: has_ended(job))
        assert not jobs_of(tools.process.pid)


def test_a_measurement_does_not_outlive_a_server_that_is_killed() -> None:
    with RawTools(*WORD_LIST) as tools:
        tools.initialize()
        tools.send(request(1, "tools/call", name="benchmark", arguments=ENDLESS))
        (job,) = wait_for(lambda: jobs_of(tools.process.pid))
        tools.process.kill()
        wait_for(lambda: has_ended(job))


def test_a_call_before_the_session_has_begun_is_refused() -> None:
    with RawTools(*WORD_LIST) as tools:
        assert "error" in tools.ask(1, "tools/list")
        assert "result" in tools.ask(2, "initialize", **INITIALIZE)


@pytest.mark.slow
def test_the_first_call_waits_for_the_model_and_reports_it(
    model_over_stdio: tuple[ToolClient, list[Progress]],
) -> None:
    _, progress = model_over_stdio
    assert progress
    assert all(
        each.message == "The model distilbert-minilm-l6-sst2 is loading." for each in progress
    )
    done = [each.progress for each in progress]
    assert done == sorted(set(done))


@pytest.mark.slow
def test_a_server_whose_model_is_loading_ends_at_a_signal() -> None:
    with RawTools() as tools:
        tools.initialize()
        listed = tools.ask(1, "tools/call", name="list_models", arguments={})
        assert listed["result"]["structuredContent"]["models"][0]["state"] == "loading"
        tools.process.send_signal(signal.SIGTERM)
        assert tools.ended() == 0
