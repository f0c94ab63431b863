"""The requests about pairs in docs/routes.md, against models that answer pairs.

``tests/server/test_documented_requests.py`` sends all others to a real server.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest
from commands import ROOT
from documentation import Example, examples
from pair_models import NLI, RERANKER, pair_server

ADDRESS = "localhost:8001"
REQUESTS = [each for each in examples(ROOT / "docs" / "routes.md") if ADDRESS in each.command]


@pytest.mark.parametrize("example", REQUESTS, ids=lambda each: each.command.split()[3])
def test_an_answer_has_the_documented_fields(example: Example) -> None:
    _, _, address, *_, body = shlex.split(example.command)
    content = json.loads(body)
    server = pair_server(NLI if "candidate_labels" in content else RERANKER)
    answer = server.post(address.removeprefix(ADDRESS), json=content)
    assert answer.status_code == 200, answer.text
    # A number that depends on the model is a bare ellipsis there.
    documented = json.loads(re.sub(r"(?<=[:\[,])\u2026", "0.5", example.output))
    assert_alike(answer.json(), documented, "the answer")


def assert_alike(found: Any, documented: Any, where: str) -> None:
    if isinstance(documented, dict):
        assert list(found) == list(documented), where
        for key, value in documented.items():
            assert_alike(found[key], value, f"{where}: {key}")
    elif isinstance(documented, list):
        assert len(found) == len(documented), where
        for one, other in zip(found, documented, strict=True):
            assert_alike(one, other, where)
    elif isinstance(documented, float | int):
        assert isinstance(found, float | int), where
    else:
        assert type(found) is type(documented), where


def test_there_is_something_to_send() -> None:
    assert len(REQUESTS) == 4
