"""Our OpenAPI document against the server: generated requests, valid and not.

SCHEMATHESIS_EXAMPLES=1000 ./scripts/test tests/server/test_schemathesis.py    # a longer run
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from commands import run
from server_process import Server

pytestmark = pytest.mark.slow

EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "10")
CHECKS = (
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
OF_MAX = "^/(version|health|reset_prefix_cache|max_internal/.*)$"


@pytest.mark.parametrize("kind", ["server", "lexicon_server"])
def test_generated_requests(request: pytest.FixtureRequest, kind: str) -> None:
    server: Server = request.getfixturevalue(kind)
    checks = [*CHECKS, "not_a_server_error"] if kind == "server" else CHECKS
    ended = run(
        Path(sys.executable).with_name("schemathesis"),
        *("run", f"{server.url}/openapi.json", "--exclude-path-regex", OF_MAX),
        *("--checks", ",".join(checks), "--max-examples", EXAMPLES),
        *("--generation-deterministic", "--no-color", "--suppress-health-check", "all"),
        timeout=3600,
    )
    print(ended.stdout)
    assert ended.returncode == 0, ended.stdout[-6000:]
    cases = re.search(r"(\d+) generated", ended.stdout)
    assert cases is not None
    assert int(cases[1]) > 100
    # A word list refuses with 503 what only the model may answer.
    assert '"status": 500' not in server.log.read_text(encoding="utf-8")
