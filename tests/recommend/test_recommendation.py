"""A recommendation, measured: a checkpoint that int8 spoils, with a server of its own."""

from __future__ import annotations

import io
import json
import os
import shlex
import signal
import subprocess
import sys
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any

import pytest
from commands import ROOT
from outlier_checkpoint import write_outlier_checkpoint

from distilbert_sentiment_arch.cli.main import main
from distilbert_sentiment_arch.engine.check_sentences import SENTENCES
from distilbert_sentiment_arch.machine.processor import read_processor
from distilbert_sentiment_arch.recommend import recommendation

pytestmark = pytest.mark.slow

needs_fast_int8 = pytest.mark.skipif(
    read_processor().unit_for("int8") is None, reason="int8 is not fast on this processor"
)


@pytest.fixture(scope="module")
def outlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_outlier_checkpoint(tmp_path_factory.mktemp("outlier") / "outlier")


@pytest.fixture(scope="module")
def made(outlier: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The JSON of a recommendation; of the servers that of the defaults alone, to be short."""
    printed = io.StringIO()
    texts = tmp_path_factory.mktemp("texts") / "texts.txt"
    texts.write_text("\n".join(each.replace("\n", " ") for each in SENTENCES), encoding="utf-8")
    flags = [
        "--texts",
        str(texts),
        "--goal",
        "throughput",
        "--callers",
        "4",
        "--precisions",
        "int8",
        "--seconds",
        "3",
    ]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.setattr(recommendation, "SERVED", 1)
        assert main(["recommend", "--model", str(outlier), *flags, "--json"]) == 0
    found: dict[str, Any] = json.loads(printed.getvalue())
    return found


def rows(made: dict[str, Any], precision: str) -> list[dict[str, Any]]:
    return [each for each in made["rows"] if each["candidate"]["precision"] == precision]


@needs_fast_int8
def test_a_precision_that_changes_labels_is_rejected_however_fast(made: dict[str, Any]) -> None:
    found = rows(made, "int8")
    assert found
    for row in found:
        assert not row["recommended"]
        assert row["stage"] == "without a server"
        assert row["agreement"] < 99
        assert "labels differ from float32's" in row["reason"]
        assert row["figures"]["texts_per_second"]["value"] > 0


def test_the_defaults_are_served_and_measured(made: dict[str, Any]) -> None:
    (row,) = [each for each in made["rows"] if each["stage"] == "served"]
    assert row["recommended"]
    assert made["flags"] == []
    figures = made["figures"]
    assert figures["requests"] > 0
    assert figures["failed"] == 0
    for name in ("texts_per_second", "p50_ms", "p99_ms"):
        assert figures[name]["low"] <= figures[name]["value"]
        assert figures[name]["high"] is None or figures[name]["value"] <= figures[name]["high"]
    assert figures["p50_ms"]["value"] <= figures["p99_ms"]["value"]
    # By Little's law: callers = requests a second * mean latency.
    mean = 4 / figures["texts_per_second"]["value"] * 1000
    assert figures["p50_ms"]["value"] / 3 < mean < 3 * figures["p99_ms"]["value"]
    # The weights alone are 43 MB in float16.
    assert figures["memory_mb"]["value"] > 43


def test_every_setting_has_a_reason_but_the_recommended(made: dict[str, Any]) -> None:
    assert [each["recommended"] for each in made["rows"]].count(True) == 1
    assert made["rows"][0]["recommended"]
    assert {row["candidate"]["precision"] for row in made["rows"]} == {
        *("float32", "bfloat16x3", "bfloat16", "int8")
    }


def test_it_is_remembered(
    made: dict[str, Any], outlier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert made["remembered"]
    assert main(["serve", "--model", str(outlier), "--auto", "--dry-run"]) == 0
    printed = capsys.readouterr()
    assert "MAX_SENTIMENT_PRECISION=float32" in shlex.split(printed.out)
    assert f"measured {made['made_at']} for throughput" in printed.err


def test_an_interrupted_measurement_leaves_nothing_behind(tmp_path: Path) -> None:
    mark = f"RECOMMEND_TEST={tmp_path}"
    command = ["-m", "distilbert_sentiment_arch.cli", "recommend", "--goal", "latency"]
    process = subprocess.Popen(
        [sys.executable, *command],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **dict([mark.split("=", 1)])},
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "float32" in line:
            break
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert with_variable(mark) == []


def with_variable(mark: str) -> list[int]:
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark.encode() in (directory / "environ").read_bytes():
                found.append(int(directory.name))
    return found
