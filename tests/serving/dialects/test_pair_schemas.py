"""Answers about pairs against the OpenAPI document: a sentiment model gives none of them."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from pair_models import NAME, NLI, RERANKER, pair_server

RERANK = {"query": "good", "documents": ["better", "worse " * 60], "truncation": "end"}
LABELS = {"candidate_labels": ["travel", "cooking"]}
CHOICE = {
    "type": "choice",
    "instructions": "?",
    "choices": [{"value": "travel"}, {"value": "cooking"}],
}


@pytest.mark.parametrize(
    ("labels", "path", "body"),
    [
        (RERANKER, "/rerank", {"query": "good", "texts": ["better", "worse"]}),
        (RERANKER, "/rerank", {"query": "good", "texts": ["better"], "return_text": True}),
        (RERANKER, "/rerank", RERANK),
        (RERANKER, "/v1/rerank", RERANK),
        (RERANKER, "/v2/rerank", RERANK | {"return_documents": False}),
        (RERANKER, "/score", {"text_1": "good", "text_2": ["better", "worse"]}),
        (RERANKER, "/v1/score", {"queries": "good", "documents": "better"}),
        (NLI, "/classify", {"input": "good", **LABELS}),
        (NLI, "/classify", {"input": "good"}),
        (NLI, "/predict", {"inputs": "good", "parameters": LABELS}),
        (NLI, "/v1/decisions", {"model": NAME, "input": "good", "questions": [CHOICE]}),
    ],
)
def test_an_answer_is_of_the_documented_type(
    labels: tuple[str, ...], path: str, body: dict[str, Any]
) -> None:
    server = pair_server(labels)
    document = server.get("/openapi.json").json()
    answer = server.post(path, json=body)
    assert answer.status_code == 200, answer.text
    content = document["paths"][path]["post"]["responses"]["200"]["content"]
    schema = content["application/json"]["schema"] | {"components": document["components"]}
    jsonschema.validate(answer.json(), schema)
