"""`max-sentiment serve --auto`: what is remembered becomes the command line."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from made_recommendations import recommendation

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.cli.main import main
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.recommend.candidates import Candidate
from distilbert_sentiment_arch.recommend.cores import usable_processors
from distilbert_sentiment_arch.recommend.kept import keep
from distilbert_sentiment_arch.recommend.request import RecommendRequest

CORES = usable_processors()


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODULAR_CACHE_DIR", str(tmp_path))
    for name in ("MAX_SENTIMENT_PRECISION", "MAX_SENTIMENT_MAX_BATCH_TOKENS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def remembered() -> None:
    checkpoint = find_checkpoint(None, FAMILIES).checkpoint
    keep(recommendation(Candidate("cpu", "int8", CORES, 2048), CORES), checkpoint)


def environment(printed: str) -> dict[str, str]:
    words = shlex.split(printed)
    return dict(each.split("=", 1) for each in words[: words.index("max")])


def line_of(errors: str) -> str:
    (line,) = [each for each in errors.splitlines() if "--auto" in each]
    return line


@pytest.mark.usefixtures("remembered")
def test_it_serves_what_is_remembered_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--auto", "--dry-run"]) == 0
    printed = capsys.readouterr()
    assert environment(printed.out)["MAX_SENTIMENT_PRECISION"] == "int8"
    assert environment(printed.out)["MAX_SENTIMENT_MAX_BATCH_TOKENS"] == "2048"
    assert line_of(printed.err) == (
        "max-sentiment: --auto takes --precision int8, --max-batch-tokens 2048; measured "
        "2026-11-22T12:00:00+00:00 for throughput: 312 texts/s, p50 41.3 ms, p99 88.1 ms with 16 "
        "callers"
    )


@pytest.mark.usefixtures("remembered")
def test_flags_win(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--auto", "--precision", "float32", "--dry-run"]) == 0
    printed = capsys.readouterr()
    assert environment(printed.out)["MAX_SENTIMENT_PRECISION"] == "float32"
    assert environment(printed.out)["MAX_SENTIMENT_MAX_BATCH_TOKENS"] == "2048"
    assert "takes --max-batch-tokens 2048 (--precision as given);" in line_of(printed.err)


@pytest.mark.usefixtures("remembered")
def test_variables_of_the_environment_win(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_SENTIMENT_MAX_BATCH_TOKENS", "64")
    assert main(["serve", "--auto", "--dry-run"]) == 0
    printed = capsys.readouterr()
    assert "MAX_SENTIMENT_MAX_BATCH_TOKENS" not in environment(printed.out)
    assert "takes --precision int8 (--max-batch-tokens as given);" in line_of(printed.err)


@pytest.mark.usefixtures("remembered")
def test_without_the_flag_nothing_changes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--dry-run"]) == 0
    assert "MAX_SENTIMENT_PRECISION" not in environment(capsys.readouterr().out)


@pytest.mark.usefixtures("remembered")
def test_for_another_goal_it_says_how_to_make_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--auto", "cost", "--dry-run"]) == 0
    printed = capsys.readouterr()
    assert "MAX_SENTIMENT_PRECISION" not in environment(printed.out)
    assert line_of(printed.err).endswith("Make one: max-sentiment recommend --goal cost")


def test_without_a_result_it_serves_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--dry-run"]) == 0
    defaults = capsys.readouterr().out
    assert main(["serve", "--auto", "--dry-run"]) == 0
    printed = capsys.readouterr()
    assert printed.out == defaults
    assert "serves the defaults" in line_of(printed.err)


def test_cores_and_an_accelerator(capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = find_checkpoint(None, FAMILIES).checkpoint
    request = RecommendRequest("cost")
    # The accelerator is asked for by auto, which falls back where the probe has failed since.
    chosen = Candidate("gpu:0", "float32", CORES, 16_384)
    keep(recommendation(chosen, CORES, request=request), checkpoint)
    assert main(["serve", "--auto", "cost", "--dry-run"]) == 0
    assert "--devices auto" in line_of(capsys.readouterr().err)
    assert main(["serve", "--auto", "cost", "--devices", "cpu", "--dry-run"]) == 0
    assert "--devices auto" not in line_of(capsys.readouterr().err)


def test_cores_of_a_server(capsys: pytest.CaptureFixture[str]) -> None:
    before = usable_processors()
    assert main(["serve", "--cores", "1", "--dry-run"]) == 0
    assert "on the logical processors [" in capsys.readouterr().err
    assert usable_processors() == before
    assert main(["serve", "--cores", str(before + 1), "--dry-run"]) == 1
    assert f"--cores is {before + 1}" in capsys.readouterr().err
