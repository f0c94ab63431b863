"""The short form of ``scripts/siege``: the first of its hostile requests, the same each time.

SIEGE_S=300 ./scripts/test tests/server/test_siege.py -rP    # as many as fit into 300 seconds
"""

from __future__ import annotations

import os

import pytest
from hostile import check_alive
from server_process import Server

from scripts.besieging.bodies import huge
from scripts.besieging.campaign import Plan, run

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("SIEGE_S", "0"))

REQUESTS = 12_000
"""These have every kind but some of the huge, see tests/siege/test_generator.py."""


@pytest.mark.parametrize("kind", ["server", "lexicon_server"])
def test_siege(request: pytest.FixtureRequest, kind: str) -> None:
    server: Server = request.getfixturevalue(kind)
    report = run(
        Plan(
            port=server.port,
            pid=server.process.pid,
            log=server.log,
            **({"seconds": SECONDS, "requests": 10**9} if SECONDS else {"requests": REQUESTS}),
            # Somebody else may have the machine's cores.
            timeout_s=30,
        )
    )
    print(report.text())
    assert not report.failed, report.text()
    assert SECONDS or report.requests == REQUESTS
    assert report.requests > 50 * report.seconds
    assert sum(report.good.values()) >= report.requests // 100 - 12


@pytest.mark.parametrize("kind", ["server", "lexicon_server"])
def test_every_huge_body(request: pytest.FixtureRequest, kind: str) -> None:
    server: Server = request.getfixturevalue(kind)
    for body in huge():
        headers = {"Content-Type": "application/json"}
        answer = server.client.post(body.path, content=body.content, headers=headers)
        print(f"{body.kind}: {answer.status_code}")
        assert answer.status_code in (400, 413, 422), body.kind
        check_alive(server)
