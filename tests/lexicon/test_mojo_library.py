"""Where the compiled kernel is kept, and what happens where there can be none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT, run, run_python

LOAD = """
import logging
logging.basicConfig(format="%(message)s")
from distilbert_sentiment_arch.lexicon import bulk_scorer, scorer, word_list
afinn = word_list.embedded_word_list("afinn-111")
texts = ["I can't stand this bad day"] * 100
print(*(bulk_scorer.prepare([afinn], compiling=True) for _ in range(2)))
assert bulk_scorer.score_many(texts, afinn) == scorer.score_many(texts, afinn)
"""


def why_not(ended: subprocess.CompletedProcess[str]) -> str:
    """Returns the one line that is logged where Python scores."""
    assert (ended.returncode, ended.stdout) == (0, "False False\n"), ended.stderr
    (line,) = ended.stderr.splitlines()
    assert line.startswith("Word lists are scored without Mojo: ")
    return line


@pytest.mark.slow
def test_processes_compile_at_once_and_leave_one_library(tmp_path: Path) -> None:
    environment = dict(os.environ) | {"MODULAR_CACHE_DIR": str(tmp_path)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", LOAD],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        output, errors = process.communicate(timeout=300)
        assert (output, errors, process.returncode) == ("True True\n", "", 0)
    (library,) = (tmp_path / "max-sentiment").iterdir()
    before = library.stat()
    assert run_python("-c", LOAD, environment=environment).stdout == "True True\n"
    assert library.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.slow
def test_it_can_be_compiled_beforehand(tmp_path: Path) -> None:
    environment = {"MODULAR_CACHE_DIR": "", "XDG_CACHE_HOME": str(tmp_path)}
    ended = run_python(
        "-m", "distilbert_sentiment_arch.lexicon.mojo_library", environment=environment
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    (library,) = (tmp_path / "max-sentiment").iterdir()
    maps = "print(open('/proc/self/maps').read())"
    loaded = run_python("-c", LOAD + maps, environment=environment).stdout
    assert str(library) in loaded
    assert "/modular/lib/" not in loaded  # no runtime library of Mojo


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"MODULAR_CACHE_DIR": "/dev/null"}, "/dev/null/max-sentiment"),
        ({"MODULAR_MOJO_MAX_DRIVER_PATH": "/bin/false"}, "mojo ended with 1: no message"),
    ],
    ids=["the cache cannot be written", "a compiler that fails"],
)
def test_without_it_python_scores_and_one_line_says_why(
    tmp_path: Path, environment: dict[str, str], reason: str
) -> None:
    environment = {"MODULAR_CACHE_DIR": str(tmp_path)} | environment
    assert reason in why_not(run_python("-c", LOAD, environment=environment))


def test_without_a_compiler_beside_python(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    assert "mojo-compiler" in why_not(run(python, "-c", LOAD))


@pytest.mark.slow
def test_what_is_no_library_is_named(tmp_path: Path) -> None:
    environment = {"MODULAR_CACHE_DIR": str(tmp_path)}
    assert run_python("-c", LOAD, environment=environment).stdout == "True True\n"
    (library,) = (tmp_path / "max-sentiment").iterdir()
    library.write_bytes(b"")
    assert str(library) in why_not(run_python("-c", LOAD, environment=environment))
