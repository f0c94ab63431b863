"""Files of reviews for `max-sentiment score`, and what it has to make of them by a word list."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from distilbert_sentiment_arch.lexicon.lexicon_classifier import LexiconClassifier
from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list

WORDS = "good bad awful great film plot love hate boring ok nice the a and of superb".split()
ANSWERS = ["label", "score", "probabilities", "tokens", "tokens_read", "windows", "route", "error"]
LABELS = ("NEGATIVE", "NEUTRAL", "POSITIVE")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


Score = Callable[..., Ended]


def texts(count: int, seed: int = 0) -> list[str]:
    """Returns reviews of up to 12 words."""
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=chance.randint(1, 12))) for _ in range(count)]


def table(count: int, seed: int = 0) -> pa.Table:
    """Returns reviews with an id each, which are others for another seed."""
    columns = {"id": [f"{seed}-{row}" for row in range(count)], "review": texts(count, seed)}
    return pa.table(columns, pa.schema(dict.fromkeys(columns, pa.string())))


def parts(output: Path) -> list[Path]:
    """Returns the parts of an output, in the order of their names."""
    return sorted(output.glob("part-*"))


def rows(output: Path) -> list[dict[str, Any]]:
    """Returns all rows of an output, with the probabilities as a list, whatever its format."""
    found: list[dict[str, Any]] = []
    for part in parts(output):
        if part.suffix == ".parquet":
            found += pq.read_table(part).to_pylist()
        elif part.suffix == ".jsonl":
            for line in part.read_text("utf-8").splitlines():
                values = json.loads(line)
                if values["probabilities"] is not None:
                    assert list(values["probabilities"]) == list(LABELS)
                    values["probabilities"] = list(values["probabilities"].values())
                found.append(values)
        else:
            with part.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    values = {
                        name: value or None for name, value in row.items() if name[:2] != "p_"
                    }
                    probabilities = [row[f"p_{label}"] for label in LABELS]
                    values["probabilities"] = (
                        [float(each) for each in probabilities] if probabilities[0] else None
                    )
                    values["score"] = float(row["score"]) if row["score"] else None
                    for name in ("tokens", "tokens_read", "windows"):
                        values[name] = int(row[name])
                    found.append(values)
    return found


def expected(review: str) -> tuple[str, list[float]]:
    """Returns the answer by the classifier that the servers ask."""
    classifier = LexiconClassifier(embedded_word_list("afinn-111"))
    (answer,) = classifier.classify_texts([review])
    scores = pa.array(answer.scores, pa.float32()).to_pylist()
    return answer.label, scores


def check_rows(found: Sequence[dict[str, Any]], source: pa.Table) -> None:
    """Checks that rows are those of a table, each with the answer of the servers' classifier."""
    assert [row["id"] for row in found] == source["id"].to_pylist()
    for row, review in zip(found, source["review"].to_pylist(), strict=True):
        label, scores = expected(review)
        assert row["review"] == review
        assert (row["label"], row["error"], row["route"]) == (label, None, "lexicon")
        assert row["probabilities"] == pytest.approx(scores, abs=1e-7)
        assert row["score"] == pytest.approx(scores[LABELS.index(label)], abs=1e-7)


def write_parquet(path: Path, source: pa.Table) -> None:
    """Writes a table in row groups of 100 rows."""
    pq.write_table(source, path, row_group_size=100)
