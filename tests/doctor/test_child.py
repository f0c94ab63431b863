"""Modules asked in processes of their own: they answer, fail, crash, or say nothing."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from distilbert_sentiment_arch.doctor.child import ask


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module's file, where a process finds it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path / "asked.py"


def test_objects_of_its_output_are_the_answer(asked: Path) -> None:
    asked.write_text(
        "import json, sys\nprint('noise')\nprint(json.dumps({'arguments': sys.argv[1:]}))\n"
        "print('[1]')\nprint('{\"last\": 1}')\n"
    )
    answer = ask("asked", ["a", "b"], 60)
    assert answer.objects == ({"arguments": ["a", "b"]}, {"last": 1})
    assert (answer.status, answer.failure) == (0, "")


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("raise ImportError('no such library')", "ImportError: no such library"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "ended by SIGILL"),
        ("import os; os._exit(7)", "ended with status 7"),
    ],
)
def test_a_failure_is_told_in_a_line_and_what_was_said_before_it_stays(
    asked: Path, code: str, failure: str
) -> None:
    asked.write_text(f"print('{{\"said\": true}}', flush=True)\n{code}\n")
    answer = ask("asked", [], 60)
    assert answer.objects == ({"said": True},)
    assert answer.failure == failure
    assert answer.status != 0


def test_a_process_that_hangs_is_ended_with_all_it_started(asked: Path, tmp_path: Path) -> None:
    child = tmp_path / "child"
    asked.write_text(
        "import subprocess, sys\n"
        "hanging = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(child)!r}, 'w').write(str(hanging.pid))\n"
        "print('{\"started\": true}', flush=True)\n"
        "hanging.wait()\n"
    )
    for timeout_s in (2, 8, 32):  # until it has started, on however busy a machine
        answer = ask("asked", [], timeout_s)
        if answer.objects:
            break
    assert answer.objects == ({"started": True},)
    assert answer.status is None
    assert answer.failure == "no answer in time"
    with suppress(psutil.NoSuchProcess):
        psutil.Process(int(child.read_text())).wait(60)


def test_a_module_that_is_not_there_is_an_answer(asked: Path) -> None:
    assert "No module named" in ask("asked", [], 60).failure
