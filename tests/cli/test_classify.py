"""`max-sentiment classify`, run as a command."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from commands import run_python

pytestmark = pytest.mark.slow


def classify(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return run_python("-m", "distilbert_sentiment_arch.cli", "classify", *arguments, stdin=stdin)


def test_arguments_stdin_and_file_as_json_lines(tmp_path: Path) -> None:
    file = tmp_path / "texts.txt"
    file.write_text("What a joy.\n\nWhat a bore.\n" + "bad " * 600, encoding="utf-8")
    ended = classify(
        "I love it.", "-", "--file", str(file), "--format", "jsonl", stdin="Ein Wort é\nterrible"
    )
    assert ended.returncode == 0, ended.stderr
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    texts = ["I love it.", "Ein Wort é", "terrible", "What a joy.", "What a bore.", "bad " * 600]
    assert [line["text"] for line in lines] == texts
    labels = [line["label"] for line in lines]
    assert [labels[index] for index in (0, 2, 3, 4)] == [
        "POSITIVE",
        "NEGATIVE",
        "POSITIVE",
        "NEGATIVE",
    ]
    assert sum(lines[0]["scores"].values()) == pytest.approx(1)
    assert (lines[-1]["tokens"], lines[-1]["tokens_read"]) == (602, 512)


def test_table() -> None:
    ended = classify("I love it.", "I hate it.")
    assert ended.returncode == 0, ended.stderr
    header, positive, negative = ended.stdout.splitlines()
    assert header.split() == ["label", "NEGATIVE", "POSITIVE", "text"]
    assert positive.split()[0] == "POSITIVE"
    assert negative.split()[0] == "NEGATIVE"


def test_a_precision_changes_scores_a_little_and_is_said_beside_the_answer() -> None:
    float32, int8 = (
        classify("I love it.", "--format", "jsonl", "--precision", precision)
        for precision in ("float32", "int8")
    )
    assert "computing in float32 (setting: float32)" in float32.stderr
    assert "computing in int8 (setting: int8)" in int8.stderr
    before, after = (json.loads(ended.stdout) for ended in (float32, int8))
    assert after.keys() == before.keys()
    assert after["label"] == before["label"] == "POSITIVE"
    assert after["scores"] != before["scores"]
    assert after["scores"] == pytest.approx(before["scores"], abs=0.02)


def test_a_word_list_needs_no_max() -> None:
    code = (
        "import sys; from distilbert_sentiment_arch.cli import main;"
        "assert main(['classify', '--model', 'afinn-111', 'A good film.']) == 0;"
        "assert 'max' not in sys.modules"
    )
    ended = run_python("-c", code)
    assert ended.returncode == 0, ended.stderr
    header, answer = ended.stdout.splitlines()
    assert header.split() == ["label", "NEGATIVE", "NEUTRAL", "POSITIVE", "text"]
    assert answer.split()[:4] == ["POSITIVE", "0.2667", "0.3333", "0.4000"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Nothing to classify"),
        (["  "], "Input 0 is blank"),
        (["--file", "/no/such/file"], "/no/such/file"),
    ],
)
def test_bad_input(arguments: list[str], message: str) -> None:
    ended = classify(*arguments)
    assert ended.returncode == 1
    assert message in ended.stderr.splitlines()[-1]
