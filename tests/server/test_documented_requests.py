"""The requests of README and docs against the real server: each gets the documented answer."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from documentation import README, Example, blocks, examples, name_of
from server_process import Server

from distilbert_sentiment_arch.settings.defaults import PACKAGE

pytestmark = pytest.mark.slow

ADDRESS = "localhost:8000"
DOCS = PACKAGE.parent / "docs"
PAGES = (README, DOCS / "explanations.md", DOCS / "routes.md", DOCS / "word-lists.md")

REQUESTS = [
    pytest.param(example, id=f"{name_of(page)}-{index}")
    for page in PAGES
    for index, example in enumerate(examples(page))
    if ADDRESS in example.command
]
PROGRAMS = [
    pytest.param(block.text, id=f"{name_of(page)}-{index}")
    for page in PAGES
    for index, block in enumerate(each for each in blocks(page) if each.language == "python")
]

VARYING = {"created", "latency_ms"}


@pytest.mark.parametrize("example", REQUESTS)
def test_a_request_is_answered_as_documented(server: Server, example: Example) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not on PATH")
    command = example.command.replace(ADDRESS, server.url.removeprefix("http://"))
    ended = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True
    )
    assert_alike(json.loads(ended.stdout), json.loads(example.output), "the answer")


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_runs_as_documented(
    server: Server, program: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"http://{ADDRESS}" in program
    exec(compile(program.replace(f"http://{ADDRESS}", server.url), "example", "exec"), {})
    # A comment behind a call of print says what it prints.
    calls = (line for line in program.splitlines() if line.startswith("print("))
    assert capsys.readouterr().out.splitlines() == [line.partition("  # ")[2] for line in calls]


def assert_alike(found: Any, documented: Any, where: str) -> None:
    """Holds an answer against the documented one: numbers are rounded there, ids end with …."""
    if isinstance(documented, dict):
        assert isinstance(found, dict), where
        assert list(found) == list(documented), where
        for key in documented.keys() - VARYING:
            assert_alike(found[key], documented[key], f"{where}: {key}")
    elif isinstance(documented, list):
        assert isinstance(found, list), where
        assert len(found) == len(documented), where
        for index, (one, other) in enumerate(zip(found, documented, strict=True)):
            assert_alike(one, other, f"{where}: {index}")
    elif isinstance(documented, float):
        assert found == pytest.approx(documented, abs=1e-3), where
    elif isinstance(documented, str) and documented.endswith("…"):
        assert str(found).startswith(documented.removesuffix("…")), where
    else:
        assert found == documented, where


def test_there_is_something_to_hold_the_server_against() -> None:
    assert len(REQUESTS) > 10
    assert {Path(str(each.id)).parts[0] for each in PROGRAMS} >= {"README.md-0", "docs"}
