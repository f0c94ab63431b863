"""Tool ``doctor``."""

from __future__ import annotations

import os
import platform

import pytest
from tool_server import ToolClient

from distilbert_sentiment_arch.mcp_server.tools.doctor import VERDICTS

WORST = {"ok": 0, "warning": 2, "unfit": 3}
"""Exit statuses of the command by the worst level of a finding."""


@pytest.mark.slow
def test_findings_about_this_machine(word_list_tools: ToolClient) -> None:
    found = word_list_tools.answer("doctor")
    findings = {each["name"]: each for each in found["findings"]}
    assert findings["software.python"]["found"] == platform.python_version()
    assert findings["cores.allowed"]["found"] == str(len(os.sched_getaffinity(0)))
    assert len(findings) == len(found["findings"])
    assert found["verdict"] == VERDICTS[max(WORST[each["level"]] for each in found["findings"])]
    for each in found["findings"]:
        assert each["level"] == "ok" or each["remedy"]


def test_it_takes_no_arguments(word_list_tools: ToolClient) -> None:
    assert word_list_tools.refusal("doctor", model="/etc").startswith("model: Extra inputs")
