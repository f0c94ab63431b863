"""Tools over streamable HTTP: who is let in, limits, sessions, and the end."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.shared.exceptions import McpError
from tool_server import (
    INITIALIZE,
    PATIENCE_S,
    WORD_LIST,
    HttpTools,
    Progress,
    ToolClient,
    has_ended,
    http_tools,
    jobs_of,
    request,
    text_of,
    wait_for,
)

from distilbert_sentiment_arch.errors import ConfigError, PortInUse
from distilbert_sentiment_arch.mcp_server.http import listening_socket
from distilbert_sentiment_arch.mcp_server.options import HttpOptions
from distilbert_sentiment_arch.mcp_server.server import MOST_CALLS
from distilbert_sentiment_arch.settings.api_keys import KEYS, ApiKeys

OPENING = request(0, "initialize", **INITIALIZE)
ENDLESS: dict[str, Any] = {"texts": ["A good film. " * 20] * 1000, "rounds": 1000, "seconds": 300}


def options(host: str = "127.0.0.1", port: int = 0) -> HttpOptions:
    return HttpOptions(host, port, (), 1_000_000, 8)


def test_a_word_list_answers(word_list_tools: ToolClient) -> None:
    answer = word_list_tools.answer("classify", texts=["A good film.", "A bad one."])
    assert (answer["model"], answer["route"]) == ("afinn-111", "lexicon")
    assert [each["label"] for each in answer["answers"]] == ["POSITIVE", "NEGATIVE"]
    # (1 + sign * mean / 5) / 3 with "good" 3 in three words.
    assert answer["answers"][0]["scores"] == pytest.approx(
        {"NEGATIVE": 0.8 / 3, "NEUTRAL": 1 / 3, "POSITIVE": 1.2 / 3}
    )


def test_another_path_has_nothing(word_list_over_http: HttpTools) -> None:
    answer = httpx.get(word_list_over_http.url.removesuffix("/mcp") + "/", trust_env=False)
    assert answer.status_code == 404
    assert answer.json() == {"error": "There is nothing here. The tools are at /mcp."}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "rebound.example"}, 421),
        ({"Host": "127.0.0.1.rebound.example:80"}, 421),
        ({"Origin": "https://rebound.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "localhost"}, 200),
        ({"Host": "localhost:1234", "Origin": "http://localhost:1234"}, 200),
    ],
    ids=str,
)
def test_a_page_of_another_site_reaches_no_tool(
    word_list_over_http: HttpTools, headers: dict[str, str], status: int
) -> None:
    assert word_list_over_http.post(OPENING, **headers).status_code == status


def test_a_large_body_is_refused(word_list_over_http: HttpTools) -> None:
    large = request(1, "tools/call", name="classify", arguments={"texts": ["x" * 1_000_000]})
    assert word_list_over_http.post(large).status_code == 413


def test_a_session_that_does_not_exist_is_unknown(word_list_over_http: HttpTools) -> None:
    answer = word_list_over_http.post(request(1, "tools/list"), **{"Mcp-Session-Id": "0" * 32})
    assert answer.status_code == 404


def test_a_cancelled_measurement_ends_its_process(
    word_list_over_http: HttpTools, word_list_tools: ToolClient
) -> None:
    number = word_list_tools.next_request
    progress: list[Progress] = []
    call = word_list_tools.start("benchmark", progress, **ENDLESS)
    (job,) = wait_for(lambda: jobs_of(word_list_over_http.process.pid))
    wait_for(lambda: any(each.progress > 0 for each in progress))
    word_list_tools.cancel(number)
    with pytest.raises(McpError, match="Request cancelled"):
        call.result(PATIENCE_S)
    wait_for(lambda: has_ended(job))
    assert [each.progress for each in progress] == sorted({each.progress for each in progress})
    assert word_list_tools.do(lambda session: session.send_ping()) is not None


def test_a_session_that_is_closed_ends_its_measurement(word_list_over_http: HttpTools) -> None:
    with word_list_over_http.client() as client:
        client.start("benchmark", **ENDLESS)
        (job,) = wait_for(lambda: jobs_of(word_list_over_http.process.pid))
    wait_for(lambda: has_ended(job))


def test_calls_beyond_the_most_at_a_time_are_refused(word_list_over_http: HttpTools) -> None:
    with word_list_over_http.client() as client:
        # Each but the first waits for its turn.
        calls = [client.start("benchmark", **ENDLESS) for _ in range(MOST_CALLS + 1)]
        (refused,) = wait_for(lambda: [each for each in calls if each.done()])
        assert text_of(refused.result()).startswith("64 calls are running, the most at a time.")
        assert client.do(lambda session: session.send_ping()) is not None


def test_keys_sessions_and_the_end(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("key-of-one\nkey-of-two\n", encoding="utf-8")
    flags = (*WORD_LIST, "--api-keys-file", str(keys), "--max-sessions", "2")
    with http_tools(tmp_path / "server", *flags) as server:
        for unknown in (None, "Bearer third", "Basic key-of-one"):
            headers = {} if unknown is None else {"Authorization": unknown}
            refused = server.post(OPENING, **headers)
            assert refused.status_code == 401
            assert refused.headers["WWW-Authenticate"] == "Bearer"
            assert refused.json()["error"].startswith("The API key is missing or unknown.")
        first, second = (
            {"Authorization": f"Bearer {name}"} for name in ("key-of-one", "key-of-two")
        )
        session = {"Mcp-Session-Id": server.post(OPENING, **first).headers["Mcp-Session-Id"]}
        begun = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        assert server.post(begun, **first, **session).status_code == 202
        # A session is open to the key that began it only.
        assert server.post(request(1, "tools/list"), **second, **session).status_code == 404
        assert server.post(request(1, "tools/list"), **first, **session).status_code == 200
        with server.client("key-of-two") as client:
            assert server.post(OPENING, **first).status_code == 503
            answer = client.answer("classify", texts=["good"])
            assert answer["answers"][0]["label"] == "POSITIVE"
            # With a stream open and a measurement running.
            running = client.start("benchmark", **ENDLESS)
            wait_for(lambda: jobs_of(server.process.pid))
            server.process.send_signal(signal.SIGTERM)
            # It ends with what it has measured, or says that it has measured nothing.
            ended = running.result(PATIENCE_S)
            assert ended.isError or not (ended.structuredContent or {})["complete"]
            assert server.process.wait(PATIENCE_S) == 0
        log = server.log.read_text("utf-8")
        assert "Traceback" not in log
        assert "key-of" not in log


def test_other_machines_need_a_key() -> None:
    with pytest.raises(ConfigError, match=r"no API key is set\. Pass --api-keys-file or set MAX_"):
        listening_socket(options("0.0.0.0"), ApiKeys({}))
    with listening_socket(options("0.0.0.0"), ApiKeys({KEYS: "key"})) as listener:
        assert listener.getsockname()[0] == "0.0.0.0"


def test_a_port_in_use_and_an_address_of_no_machine_are_named() -> None:
    with listening_socket(options(), ApiKeys({})) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortInUse, match=f"port {port} is in use on 127.0.0.1"):
            listening_socket(options(port=port), ApiKeys({}))
    with pytest.raises(ConfigError, match="which is no address"):
        listening_socket(options("no address"), ApiKeys({}))


@pytest.mark.slow
def test_the_model_answers_and_is_measured(model_over_http: HttpTools) -> None:
    with model_over_http.client() as client:
        answer = client.answer("classify", texts=["A lovely film.", "A dull film."])
        assert [each["label"] for each in answer["answers"]] == ["POSITIVE", "NEGATIVE"]
        assert answer["route"] == "model"
