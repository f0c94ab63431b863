"""Tool ``benchmark``."""

from __future__ import annotations

import pytest
from mcp.shared.exceptions import McpError
from tool_server import PATIENCE_S, HttpTools, Progress, ToolClient, jobs_of, wait_for


def test_a_word_list_is_measured(word_list_tools: ToolClient) -> None:
    texts = [f"A good film, number {number}." for number in range(100)]
    found = word_list_tools.answer("benchmark", texts=texts, rounds=2, seconds=200)
    assert (found["model"], found["precision"]) == ("afinn-111", None)
    assert (found["texts"], found["texts_measured"], found["latencies_measured"]) == (100, 200, 200)
    assert found["complete"] is True
    # Five words each.
    ratio = found["tokens_per_second"] / found["texts_per_second"]
    assert ratio == pytest.approx(5)
    assert 0 < found["p50_ms"] <= found["p99_ms"]


def test_the_time_given_ends_a_measurement(word_list_tools: ToolClient) -> None:
    found = word_list_tools.answer(
        "benchmark", texts=["A good film. " * 20] * 200, rounds=1000, seconds=0.5
    )
    assert found["complete"] is False
    assert found["texts_measured"] < 200_000


def test_measurements_take_turns(
    word_list_over_http: HttpTools, word_list_tools: ToolClient
) -> None:
    number = word_list_tools.next_request
    first = word_list_tools.start(
        "benchmark", texts=["A good film. " * 20] * 1000, rounds=1000, seconds=300
    )
    wait_for(lambda: jobs_of(word_list_over_http.process.pid))
    progress: list[Progress] = []
    second = word_list_tools.start("benchmark", progress, texts=["good"], rounds=1)
    wait_for(lambda: progress)
    assert progress[0].message == "Another measurement is running; this one is next."
    assert not second.done()
    word_list_tools.cancel(number)
    with pytest.raises(McpError, match="Request cancelled"):
        first.result(PATIENCE_S)
    assert not second.result(PATIENCE_S).isError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rounds": 0}, "rounds: Input should be greater than or equal to 1."),
        ({"seconds": 1e9}, "seconds: Input should be less than or equal to 300."),
        ({"texts": []}, "There is nothing to classify: the list of inputs is empty."),
        ({"texts": ["good", ""]}, "Input 1 is blank."),
        ({"model": "/etc"}, "model: Extra inputs are not permitted."),
    ],
    ids=str,
)
def test_a_refused_call_says_why(
    word_list_tools: ToolClient, arguments: dict[str, object], message: str
) -> None:
    assert word_list_tools.refusal("benchmark", **arguments).startswith(message)


@pytest.mark.slow
def test_the_model_is_measured_with_progress(model_tools: ToolClient) -> None:
    progress: list[Progress] = []
    result = model_tools.call("benchmark", progress, texts=["A film."] * 8, rounds=3, seconds=100)
    found = result.structuredContent
    assert found is not None, result.content
    assert (found["model"], found["precision"]) == ("distilbert-minilm-l6-sst2", "float32")
    assert (found["texts_measured"], found["latencies_measured"]) == (24, 24)
    assert progress[0].total == 27
    assert "loading" in str(progress[0].message)
