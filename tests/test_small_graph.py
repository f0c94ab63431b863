"""The first code example of the documentation, run."""

from __future__ import annotations

import pytest
from commands import ROOT, run_python


@pytest.mark.slow
def test_the_small_graph_equals_numpy() -> None:
    ended = run_python("scripts/small_graph.py")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("equal to NumPy within 1e-4") == 2


def test_it_is_short_enough_to_read_at_once() -> None:
    assert len((ROOT / "scripts" / "small_graph.py").read_text().splitlines()) < 60
