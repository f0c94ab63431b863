"""Tool ``recommend``; what it measures is tested in its room."""

from __future__ import annotations

import psutil
import pytest
from mcp.shared.exceptions import McpError
from tool_server import (
    PATIENCE_S,
    HttpTools,
    Progress,
    ToolClient,
    has_ended,
    jobs_of,
    wait_for,
)


def test_a_word_list_has_no_settings(word_list_tools: ToolClient) -> None:
    message = word_list_tools.refusal("recommend", goal="latency")
    assert message == "This server has word lists only, and settings are those of a model."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "goal: Field required."),
        ({"goal": "beauty"}, "goal: Input should be 'latency', 'throughput' or 'cost'."),
        ({"goal": "cost", "seconds": 1e6}, "seconds: Input should be less than or equal to 600."),
        ({"goal": "cost", "precisions": ["int4"]}, "precisions.0: Input should be 'float32'"),
        ({"goal": "cost", "model": "/etc"}, "model: Extra inputs are not permitted."),
    ],
    ids=str,
)
def test_a_refused_call_says_why(
    word_list_tools: ToolClient, arguments: dict[str, object], message: str
) -> None:
    assert word_list_tools.refusal("recommend", **arguments).startswith(message)


@pytest.mark.slow
def test_a_cancelled_measurement_ends_all_that_it_started(model_over_http: HttpTools) -> None:
    with model_over_http.client() as client:
        number = client.next_request
        progress: list[Progress] = []
        call = client.start("recommend", progress, goal="latency", precisions=["float32"])
        (job,) = wait_for(lambda: jobs_of(model_over_http.process.pid))
        # It measures in processes of its own, in groups of their own.
        started = wait_for(lambda: call.done() or job.children(recursive=True))
        assert isinstance(started, list), call.result()
        client.cancel(number)
        with pytest.raises(McpError, match="Request cancelled"):
            call.result(PATIENCE_S)
        wait_for(lambda: all(has_ended(each) for each in (job, *started)))
        assert progress
        assert psutil.Process(model_over_http.process.pid).is_running()
