"""The plugin beside another model: every path is left to MAX."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from starlette.routing import Match

from distilbert_sentiment_arch.serving.inside_max.routes import router


def scope(architecture: str, path: str) -> dict[str, Any]:
    models = SimpleNamespace(main_architecture_name=architecture)
    state = SimpleNamespace(pipeline_config=SimpleNamespace(models=models))
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "root_path": "",
        "app": SimpleNamespace(state=state),
    }


@pytest.mark.parametrize("path", ["/v1/embeddings", "/classify", "/v1/chat/completions"])
def test_another_model_keeps_its_routes(path: str) -> None:
    assert router.matches(scope("LlamaForCausalLM", path))[0] is Match.NONE


def test_probes_of_max_pass() -> None:
    ours = scope("DistilBertForSequenceClassification", "/ping")
    ours["app"].state.serves_sentiment = True
    assert router.matches(ours)[0] is Match.NONE
    assert router.matches({**ours, "path": "/v1/chat/completions"})[0] is Match.FULL
