"""Where the compiled kernel is kept, and what happens where there can be none."""

from __future__ import annotations

import os
import shutil
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


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library, as the first process leaves it."""
    cache = tmp_path_factory.mktemp("cache")
    environment = {"MODULAR_CACHE_DIR": str(cache)}
    assert run_python("-c", LOAD, environment=environment).stdout == "True True\n"
    (library,) = (cache / "max-sentiment").iterdir()
    return library


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
    assert "memfd:scorer" in loaded
    # A file that shrinks while it is mapped ends the process.
    assert str(library) not in loaded
    assert "/modular/lib/" not in loaded  # no runtime library of Mojo


@pytest.mark.slow
@pytest.mark.parametrize("unusable", ["truncated", "flipped", "writable by others"])
def test_what_is_of_no_use_is_named_and_compiled_again_where_that_is_allowed(
    tmp_path: Path, compiled: Path, unusable: str
) -> None:
    environment = {"MODULAR_CACHE_DIR": str(tmp_path)}
    library = tmp_path / "max-sentiment" / compiled.name
    library.parent.mkdir()
    shutil.copy(compiled, library)
    whole = library.read_bytes()
    if unusable == "truncated":
        library.write_bytes(whole[: len(whole) // 2])
    elif unusable == "flipped":
        library.write_bytes(bytes(byte ^ 0xFF for byte in whole))
    else:
        library.chmod(0o666)

    without_compiling = LOAD.replace("compiling=True", "compiling=False")
    assert str(library) in why_not(run_python("-c", without_compiling, environment=environment))

    ended = run_python("-c", LOAD, environment=environment)
    assert (ended.returncode, ended.stdout) == (0, "True True\n"), ended.stderr
    (line,) = ended.stderr.splitlines()
    assert line.startswith("The library for word lists is compiled again: ")
    assert str(library) in line
    assert library.read_bytes() == whole
    assert run_python("-c", LOAD, environment=environment).stderr == ""


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else() -> None:
    ended = run_python("-c", LOAD, environment={"MODULAR_CACHE_DIR": "/dev/null"})
    assert (ended.returncode, ended.stdout) == (0, "True True\n"), ended.stderr
    (line,) = ended.stderr.splitlines()
    assert "is not kept, each start compiles it: " in line
    assert "/dev/null/max-sentiment" in line


def test_what_was_never_compiled_is_no_news_to_who_may_not_compile(tmp_path: Path) -> None:
    without_compiling = LOAD.replace("compiling=True", "compiling=False")
    ended = run_python(
        "-c", without_compiling, environment={"MODULAR_CACHE_DIR": str(tmp_path / "none")}
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "False False\n", "")


def test_a_compiler_that_fails_leaves_it_to_python(tmp_path: Path) -> None:
    environment = {
        "MODULAR_CACHE_DIR": str(tmp_path),
        "MODULAR_MOJO_MAX_DRIVER_PATH": "/bin/false",
    }
    why = why_not(run_python("-c", LOAD, environment=environment))
    assert "mojo ended with 1: no message" in why


def test_without_a_compiler_beside_python(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    assert "mojo-compiler" in why_not(run(python, "-c", LOAD))
