"""Tool ``list_models``."""

from __future__ import annotations

import pytest
from tool_server import ToolClient


def test_word_lists_and_limits(word_list_tools: ToolClient) -> None:
    listed = word_list_tools.answer("list_models")
    assert [(each["name"], each["route"], each["default"]) for each in listed["models"]] == [
        ("afinn-111", "lexicon", True),
        ("mvp-29", "lexicon", False),
    ]
    assert listed["models"][0]["labels"] == ["NEGATIVE", "NEUTRAL", "POSITIVE"]
    assert listed["limits"]["max_inputs"] == 2000
    assert "unexpected" in word_list_tools.refusal("list_models", unexpected=1)


@pytest.mark.slow
def test_the_model_that_is_loaded(model_tools: ToolClient) -> None:
    first, *others = model_tools.answer("list_models")["models"]
    assert first == {
        "name": "distilbert-minilm-l6-sst2",
        "route": "model",
        "default": True,
        "labels": ["NEGATIVE", "POSITIVE"],
        "state": "ready",
        "trouble": None,
        "max_tokens": 512,
        "precision": "float32",
    }
    assert [each["name"] for each in others] == ["afinn-111", "mvp-29"]
