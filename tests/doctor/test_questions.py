"""The slow questions: what processes answer is put together, whatever some of them fail at."""

from __future__ import annotations

from pathlib import Path

import pytest

from distilbert_sentiment_arch.doctor import questions
from distilbert_sentiment_arch.doctor.questions import ask_all


@pytest.fixture(autouse=True)
def children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs in place of those that import MAX; the hub is not asked."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(questions, "WARMTH", "warmth_here")
    monkeypatch.setattr(questions, "find_accelerators", lambda timeout_s: questions.Accelerators())
    return tmp_path


def test_the_cache_is_asked_about_a_checkpoint_that_can_be_served(children: Path) -> None:
    (children / "warmth_here.py").write_text(
        "import json, sys\n"
        "print(json.dumps({'imported_s': 1.5}))\n"
        "print(json.dumps({'compiled': True, 'graph': sys.argv[1]}))\n"
    )
    found = ask_all(None, None, "cpu", 60)
    assert found.model is not None
    assert found.model.state == "fit"
    assert found.max.imported_s == 1.5
    assert found.max.warmth == {"compiled": True, "graph": found.model.directory}
    assert found.hub.offline
    assert found.device is None


def test_without_such_a_checkpoint_max_is_imported_all_the_same(
    children: Path, tmp_path: Path
) -> None:
    (children / "warmth_here.py").write_text(
        "import json, sys\nprint(json.dumps({'imported_s': len(sys.argv)}))\n"
    )
    found = ask_all(str(tmp_path), None, "auto", 60)
    assert found.model is not None
    assert found.model.state == "refused"
    assert (found.max.imported_s, found.max.warmth) == (1, {})
    assert found.device is None


def test_a_crash_after_the_import_leaves_what_was_said_before(children: Path) -> None:
    (children / "warmth_here.py").write_text(
        "import os\nprint('{\"imported_s\": 2.0}', flush=True)\nos.abort()\n"
    )
    found = ask_all(None, None, "cpu", 60)
    assert found.max.imported_s == 2
    assert found.max.answer.failure == "ended by SIGABRT"
