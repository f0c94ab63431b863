"""Hostile requests about pairs (tests/attacks) to models that answer pairs: refused all the same.

``tests/server/test_attacks.py`` sends them to a model that does not.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hostile import ATTACKS, body_of
from pair_models import NLI, RERANKER, pair_server

OF_PAIRS = [path for path in ATTACKS if path.stem.startswith(("rerank-", "score-", "zero-shot-"))]


@pytest.mark.parametrize("path", OF_PAIRS, ids=lambda path: path.stem)
@pytest.mark.parametrize("labels", [RERANKER, NLI], ids=["re-ranker", "NLI"])
def test_refused_before_anything_is_computed(path: Path, labels: tuple[str, ...]) -> None:
    attack = tomllib.loads(path.read_text(encoding="utf-8"))
    answer = pair_server(labels).request(
        attack["method"], attack["path"], content=body_of(attack), headers=attack["headers"]
    )
    if path.stem == "rerank-of-both-formats" and labels == RERANKER:
        assert answer.status_code == 200  # read as text-embeddings-inference's
        assert [rank["index"] for rank in answer.json()] == [0]
        return
    assert answer.status_code in (400, 413, 422), answer.text
    assert len(answer.content) < 4096
    assert "error" in answer.json()


def test_there_is_something_to_send() -> None:
    assert len(OF_PAIRS) > 10
