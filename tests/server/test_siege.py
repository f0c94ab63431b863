"""The short form of ``scripts/siege``: as many hostile requests as fit into some seconds.

SIEGE_S=300 ./scripts/test tests/server/test_siege.py -rP    # a longer run
"""

from __future__ import annotations

import os

import pytest
from server_process import Server

from scripts.besieging.campaign import Plan, run

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("SIEGE_S", "40"))


@pytest.mark.parametrize("kind", ["server", "lexicon_server"])
def test_siege(request: pytest.FixtureRequest, kind: str) -> None:
    server: Server = request.getfixturevalue(kind)
    report = run(
        Plan(
            port=int(server.url.rpartition(":")[2]),
            pid=server.process.pid,
            log=server.log,
            seconds=SECONDS,
            # Somebody else may have the machine's cores.
            patience_s=30,
        )
    )
    print(report.text())
    assert not report.failed, report.text()
    assert report.requests > 50 * SECONDS
    assert sum(report.good.values()) >= report.requests // 100 - 12
