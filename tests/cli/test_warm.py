"""`max-sentiment warm`: real compilations into caches of their own, and what starts find there."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import ROOT, run_python

from distilbert_sentiment_arch.cli.main import main
from distilbert_sentiment_arch.compile_cache import cache_directory
from scripts import checkpoints

# The one of tests/engine/test_model.py, whose graph it finds after this.
CONFIG = checkpoints.random_config(n_layers=1, hidden_dim=32, id2label=checkpoints.labels(32))

START = """
import logging, sys
logging.basicConfig(level=logging.INFO, format="%(message)s")
from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.engine import in_process
from distilbert_sentiment_arch.families.registry import FAMILIES
in_process.logging.getLogger("max").setLevel = lambda level: None
model = in_process.load_model(find_checkpoint(sys.argv[1], FAMILIES))
print(model.precision.precision)
"""
"""A start as a server's worker makes it, with its log."""


def warm(*arguments: str | Path, cache: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return run_python(
        *("-m", "distilbert_sentiment_arch.cli", "warm", *arguments),
        environment={"MODULAR_CACHE_DIR": str(cache), **variables},
        timeout=1200,
    )


def warmed(*arguments: str | Path, cache: Path, **variables: str) -> dict[str, Any]:
    ended = warm(*arguments, "--json", cache=cache, **variables)
    assert ended.returncode == 0, ended.stderr
    report: dict[str, Any] = json.loads(ended.stdout)
    assert report["warm"] is True
    return report


def kinds(report: dict[str, Any], state: str) -> list[str]:
    """Returns how the names of the files in a state begin."""
    files = [each["name"] for each in report["files"] if each["state"] == state]
    return sorted(each.partition("-")[0] for each in files)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("model") / "checkpoint"
    return checkpoints.write_checkpoint(directory, CONFIG)


@pytest.fixture(scope="module")
def first(model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A cache that was empty, and what was said of filling it."""
    cache = tmp_path_factory.mktemp("cache")
    report = warmed("--model", model, cache=cache)
    ours = cache_directory()
    ours.mkdir(mode=0o700, parents=True, exist_ok=True)
    for graph in (cache / "max-sentiment").glob("graph-*.sealed"):
        # For the tests that load the same graph, some of them now, in another process.
        copy = Path(shutil.copy2(graph, ours / f"{graph.name}.{os.getpid()}"))
        copy.replace(ours / graph.name)
    return cache, report


@pytest.fixture
def copied(first: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    """A copy of the filled cache."""
    return Path(shutil.copytree(first[0], tmp_path / "cache"))


def only(cache: Path, kind: str) -> Path:
    (found,) = (cache / "max-sentiment").glob(f"{kind}-*.sealed")
    return found


@pytest.mark.slow
def test_a_start_after_it_compiles_nothing(first: tuple[Path, dict[str, Any]], model: Path) -> None:
    cache, report = first
    assert kinds(report, "made") == ["graph", "lexicon"]
    assert (report["model"], report["directory"]) == ("checkpoint", str(model))
    assert report["cache"] == str(cache / "max-sentiment")
    assert report["computes"].startswith("computing in float32 (setting: float32)")
    for each in report["files"]:
        assert (cache / "max-sentiment" / each["name"]).stat().st_size == each["bytes"]
        assert each["seconds"] > 0
    started = run_python("-c", START, model, environment={"MODULAR_CACHE_DIR": str(cache)})
    assert (started.returncode, started.stdout) == (0, "float32\n"), started.stderr
    assert "ompiling" not in started.stderr


@pytest.mark.slow
def test_a_second_time_nothing_is_compiled_nor_max_imported(copied: Path, model: Path) -> None:
    receipt = only(copied, "warm")
    # Importing MAX would fail.
    report = warmed("--model", model, cache=copied, PYTHONPATH=str(without_max(copied)))
    assert (kinds(report, "there"), kinds(report, "made")) == (["graph", "lexicon"], [])
    # Without the receipt the files are found all the same.
    receipt.unlink()
    report = warmed("--model", model, cache=copied)
    assert (kinds(report, "there"), kinds(report, "made")) == (["graph", "lexicon"], [])
    assert receipt.exists()


def without_max(directory: Path) -> Path:
    """Returns a directory that makes ``import max.pipelines`` fail where it is searched first."""
    package = directory / "broken" / "max"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "pipelines.py").write_text("raise ImportError('no linker\\n  cc: not found')\n")
    return package.parent


@pytest.mark.slow
def test_looking_writes_nothing_and_says_what_is_missing(
    copied: Path, model: Path, tmp_path: Path
) -> None:
    assert warm("--model", model, "--check", cache=copied).returncode == 0
    empty = tmp_path / "empty"
    ended = warm("--model", model, "--check", cache=empty)
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr == ""
    assert ended.stdout.count(": missing\n") == 2
    assert f"The cache {empty / 'max-sentiment'} is not complete" in ended.stdout
    assert not empty.exists()
    # The receipt alone is not enough.
    only(copied, "graph").unlink()
    ended = warm("--model", model, "--check", "--json", cache=copied)
    assert ended.returncode == 1, ended.stderr
    report = json.loads(ended.stdout)
    assert (kinds(report, "missing"), kinds(report, "there")) == (["graph"], ["lexicon"])


@pytest.mark.slow
def test_a_damaged_file_is_made_again_by_two_at_once(
    first: tuple[Path, dict[str, Any]], copied: Path, model: Path
) -> None:
    library = only(copied, "lexicon")
    whole = library.read_bytes()
    library.write_bytes(whole[:-100])
    command = [sys.executable, "-m", "distilbert_sentiment_arch.cli", "warm", "--model", str(model)]
    environment = dict(os.environ) | {"MODULAR_CACHE_DIR": str(copied)}
    both = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in both:
        output, errors = process.communicate(timeout=1200)
        assert process.returncode == 0, errors
        assert "is complete" in output
    assert library.read_bytes() == whole
    names = {each.name for each in (copied / "max-sentiment").iterdir()}
    assert names == {each.name for each in (first[0] / "max-sentiment").iterdir()}


@pytest.mark.slow
def test_a_cache_that_cannot_be_written(copied: Path, model: Path) -> None:
    # What is complete needs no writing; MODULAR_CACHE_DIR below a file stands for any such place,
    # because root writes to a directory without the permission.
    ended = warm("--model", model, cache=Path("/dev/null"))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1
    assert "/dev/null/max-sentiment cannot be written, so each start would" in ended.stderr
    assert "Set MODULAR_CACHE_DIR" in ended.stderr


@pytest.mark.slow
def test_without_a_c_compiler(copied: Path, model: Path) -> None:
    only(copied, "warm").unlink()
    ended = warm("--model", model, cache=copied, PYTHONPATH=str(without_max(copied)))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "max-sentiment: MAX cannot be imported: cc: not found. Its first import compiles an "
        "extension, which takes a C compiler on PATH (gcc, clang) and a cache that can be written "
        "to.\n"
    )


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="there are targets on x86-64 only")
def test_another_processor_is_not_warm(copied: Path, model: Path) -> None:
    ended = warm("--model", model, "--target-cpu", "x86-64-v3", "--check", cache=copied)
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout.count(": missing\n") == 1


def test_errors_are_one_line(
    checkpoint: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    directory = str(checkpoint())
    for arguments, message in (
        (["--model", f"{directory}/absent"], "no such directory"),
        (["--model", directory, "--target-cpu", "pentium"], "--target-cpu is 'pentium'; possible"),
    ):
        assert main(["warm", *arguments]) == 1
        said = capsys.readouterr()
        assert message in said.err
        assert (said.out, said.err.count("\n")) == ("", 1)
