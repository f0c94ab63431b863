"""The corpus, and the workloads made from it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from distilbert_sentiment_arch.checkpoint.source import DEFAULT_DIRECTORY
from scripts.benchmarking.config import CorpusConfig
from scripts.benchmarking.errors import ConfigError
from scripts.benchmarking.paths import CORPUS
from scripts.benchmarking.workloads import Workloads, read_corpus

LINES = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def workloads() -> Workloads:
    return Workloads(DEFAULT_DIRECTORY, seed=1)


def test_the_corpus_has_the_intended_lengths() -> None:
    words = [len(line["text"].split()) for line in LINES]
    assert len(words) >= 300
    assert min(words) == 3
    assert 350 <= max(words) <= 400
    parts = Counter("short" if each < 60 else "middle" if each < 150 else "long" for each in words)
    assert parts == {"short": 244, "middle": 42, "long": 20}


def test_the_corpus_is_balanced_varied_and_without_repetition() -> None:
    assert len({line["text"] for line in LINES}) == len(LINES)
    assert Counter(line["label"] for line in LINES) == {0: 153, 1: 153}
    domains = Counter(line["domain"] for line in LINES)
    assert len(domains) >= 15
    assert max(domains.values()) < len(LINES) / 8
    beginnings = Counter(" ".join(line["text"].lower().split()[:4]) for line in LINES)
    assert max(beginnings.values()) <= 2  # no two texts made from one template


def test_a_shape_is_that_shape_and_the_same_each_time(workloads: Workloads) -> None:
    (batch,) = workloads.shape("8x32").batches
    assert batch.input_ids.shape == (8, 32)
    assert set(batch.lengths) == {32}
    assert batch.mask.all()
    (again,) = Workloads(DEFAULT_DIRECTORY, seed=1).shape("8x32").batches
    assert (batch.input_ids == again.input_ids).all()
    (other,) = Workloads(DEFAULT_DIRECTORY, seed=2).shape("8x32").batches
    assert (batch.input_ids != other.input_ids).any()


def test_a_corpus_keeps_every_text_once_whatever_the_batch(workloads: Workloads) -> None:
    for size in (1, 8):
        workload = workloads.corpus("mixed", CorpusConfig(), size)
        assert sorted(workload.order) == list(range(len(LINES)))
        texts = [text for batch in workload.batches for text in batch.texts]
        assert texts == [LINES[index]["text"] for index in workload.order]
        assert max(len(batch.lengths) for batch in workload.batches) == size
        assert workload.tokens == sum(map(len, workloads.tokenize([x["text"] for x in LINES])))


@pytest.mark.parametrize("index", range(5))
def test_a_text_of_an_exact_number_of_tokens(workloads: Workloads, index: int) -> None:
    assert len(workloads.tokenize([workloads.text_of(32, index)])[0]) == 32


def test_tsv_is_read_as_jsonl_is(tmp_path: Path) -> None:
    tsv = tmp_path / "reviews.tsv"
    tsv.write_text("text\tlabel\nGood.\t1\nBad.\t0\n")
    jsonl = tmp_path / "reviews.jsonl"
    jsonl.write_text('{"text": "Good.", "label": 1}\n{"text": "Bad.", "label": 0}\n')
    assert read_corpus(tsv) == read_corpus(jsonl)
    jsonl.write_text('{"text": "Good."}\n')
    with pytest.raises(ConfigError, match=r"reviews\.jsonl, text 1: KeyError\('label'\)"):
        read_corpus(jsonl)
