"""`max-sentiment score` with the embedded model, beside `max-sentiment classify`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import run_python

pytestmark = pytest.mark.slow

TEXTS = [
    "I love it.",
    "What a waste of time.",
    "word " * 600,
    "Not bad, but slow.",
    "The cast is great, but the plot makes no sense and the ending drags. " * 5,
    "ok",
    "Ein Wort é",
    *(f"Film number {number} was {'good' if number % 2 else 'bad'}." for number in range(40)),
]


def command(*arguments: str | Path) -> str:
    ended = run_python("-m", "distilbert_sentiment_arch.cli", *arguments)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_scores_are_those_of_classify_to_the_bit_and_rows_keep_their_order(tmp_path: Path) -> None:
    reviews = [TEXTS[0], None, *TEXTS[1:], " "]
    table = pa.table({"id": list(range(len(reviews))), "review": reviews})
    pq.write_table(table, tmp_path / "a.parquet")
    flags = ["--text", "review", "--keep", "id", "--part-rows", "20"]
    shown = command("score", tmp_path / "a.parquet", "--output", tmp_path / "out", *flags)
    assert f"{len(reviews)} rows in 3 parts" in shown
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS), "utf-8")
    lines = command("classify", "--file", tmp_path / "texts.txt", "--format", "jsonl").splitlines()
    expected = [json.loads(line) for line in lines]

    parts = sorted((tmp_path / "out").glob("part-*.parquet"))
    rows = [row for part in parts for row in pq.read_table(part).to_pylist()]
    assert [row["id"] for row in rows] == list(range(len(reviews)))
    failed = [row["id"] for row in rows if row["error"]]
    assert failed == [1, len(reviews) - 1]
    answered = [row for row in rows if not row["error"]]
    for row, answer in zip(answered, expected, strict=True):
        scores = list(answer["scores"].values())
        assert row["probabilities"] == np.float32(scores).tolist()
        assert row["score"] == np.float32(max(scores))
        assert row["label"] == answer["label"]
        assert (row["tokens"], row["tokens_read"]) == (answer["tokens"], answer["tokens_read"])
        assert (row["windows"], row["route"]) == (1, "model")
    metadata = pq.read_schema(parts[0]).metadata
    assert metadata[b"max_sentiment.precision"] == b"float32"


def test_a_finished_job_loads_no_model(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("good\n")
    code = (
        "import sys; from distilbert_sentiment_arch.cli import main;"
        "assert main(sys.argv[1:]) == 0;"
        "print('max' in sys.modules)"
    )
    arguments = ["score", tmp_path / "a.txt", "--output", tmp_path / "out", "--progress", "none"]
    loaded = []
    for _ in range(2):
        ended = run_python("-c", code, *arguments)
        assert ended.returncode == 0, ended.stderr
        loaded.append(ended.stdout.strip())
    assert loaded == ["True", "False"]
