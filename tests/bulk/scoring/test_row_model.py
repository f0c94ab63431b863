"""Rows through a model of known logits: order, errors, and what is in memory."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count

import numpy as np
import pytest
from pair_models import PairTokenizer, logits_of, tokenizer

from distilbert_sentiment_arch.bulk.scoring.row_answers import RowAnswers, part_of
from distilbert_sentiment_arch.bulk.scoring.row_model import GROUP_ROWS, RowModel
from distilbert_sentiment_arch.classify.batching import Logits
from distilbert_sentiment_arch.classify.interface import TextPair, Truncation
from distilbert_sentiment_arch.classify.preparation import Preparation
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.errors import NonFiniteLogits, TooManyCharacters, Unavailable

LIMIT = 64
END = Truncation("end")

POISON = "heliotrope"
"""A word that a pass over it fails for."""
OVERFLOW = "aubergine"
"""A word that the model puts out NaN for."""


def ids_of(word: str) -> list[int]:
    return list(tokenizer().encode(word, add_special_tokens=False).ids)


def contains(sequence: TokenSequence, word: str) -> bool:
    wanted, ids = ids_of(word), sequence.ids.tolist()
    starts = range(len(ids) - len(wanted) + 1)
    return any(ids[start : start + len(wanted)] == wanted for start in starts)


class KnownModel:
    """Puts out ``logits_of``, except for texts with the words above."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.broken = False

    def logits(self, sequences: Sequence[TokenSequence]) -> Logits:
        self.batches.append([len(each) for each in sequences])
        if self.broken or any(contains(each, POISON) for each in sequences):
            raise RuntimeError("out of luck\nwith a trace")
        rows = np.stack([logits_of(each.ids, 2) for each in sequences])
        for row, sequence in zip(rows, sequences, strict=True):
            if contains(sequence, OVERFLOW):
                row[1] = np.inf
        return rows


@dataclass(frozen=True)
class Rows:
    texts: Sequence[str | TextPair | None]
    errors: Sequence[str | None]


def rows_of(texts: Sequence[str | TextPair | None]) -> Rows:
    return Rows(texts, ["unreadable" if text is None else None for text in texts])


def row_model(model: KnownModel | None = None) -> RowModel:
    preparation = Preparation(PairTokenizer(), LIMIT, 20_000)
    return RowModel(model or KnownModel(), preparation, 2, 128, 16, 5000)


def random_texts(count: int, seed: int = 1) -> list[str]:
    generator = random.Random(seed)
    words = ["good", "bad", "film", "a", "slow", "story", "of", "people"]
    return [" ".join(generator.choices(words, k=generator.randint(1, 90))) for _ in range(count)]


def split(texts: Sequence[str | TextPair | None], *sizes: int) -> Iterator[Rows]:
    start = 0
    while start < len(texts):
        for size in sizes:
            yield rows_of(texts[start : start + size])
            start += size


def all_logits(answered: Sequence[tuple[Rows, RowAnswers]]) -> Logits:
    return np.concatenate([answers.logits for _, answers in answered])


def test_rows_keep_their_order_whatever_the_windows() -> None:
    texts = random_texts(700)
    alone = np.concatenate([row_model().answer(rows_of([text]), END).logits for text in texts])
    for sizes in ((700,), (1,), (3, 0, 50), (699, 1)):
        sources = list(split(texts, *sizes))
        answered = list(row_model().answers(iter(sources), END))
        assert [source for source, _ in answered] == sources
        assert [len(answers.logits) for _, answers in answered] == [
            len(each.texts) for each in sources
        ]
        np.testing.assert_array_equal(all_logits(answered), alone)


def test_batches_have_sequences_of_similar_length() -> None:
    model = KnownModel()
    list(row_model(model).answers(split(random_texts(700), 100), END))
    several = [batch for batch in model.batches if len(batch) > 1]
    padded = sum(len(batch) * max(batch) for batch in several)
    assert padded < 1.2 * sum(map(sum, several))


def test_a_row_without_an_answer_says_why_and_others_have_theirs() -> None:
    texts: list[str | TextPair | None] = [
        "good",
        "  ",
        None,
        f"a {POISON} story",
        "x" * 5001,
        f"a {OVERFLOW}",
        "a\0b",
        "slow",
    ]
    ((_, found),) = row_model().answers([rows_of(texts)], END)
    assert {place: str(why) for place, why in found.failures.items()} == {
        1: "Input 0 is blank. Send text to classify.",
        2: "unreadable",
        3: "The model failed on this text: RuntimeError: out of luck.",
        4: str(TooManyCharacters(5000)),
        5: str(NonFiniteLogits()),
        6: "Input 0 contains NUL (U+0000), which no text does. Remove it.",
    }
    assert np.isnan(found.logits).all(axis=1).tolist() == [
        place in found.failures for place in range(8)
    ]
    assert found.windows.tolist() == [1, 0, 0, 0, 0, 0, 0, 1]
    expected = row_model().answer(rows_of(["slow"]), END).logits[0]
    np.testing.assert_array_equal(found.logits[7], expected)


def test_a_model_that_answers_nothing_ends_the_job() -> None:
    model = KnownModel()
    model.broken = True
    with pytest.raises(Unavailable, match="answers nothing any more: RuntimeError: out of luck"):
        list(row_model(model).answers([rows_of(["good", "bad"])], END))


def test_an_error_of_the_source_comes_behind_what_was_read_before_it() -> None:
    def sources() -> Iterator[Rows]:
        yield rows_of(["good"])
        yield rows_of(["bad", "slow"])
        raise OSError("the file is truncated")

    found: list[tuple[Rows, RowAnswers]] = []
    with pytest.raises(OSError, match="truncated"):
        found.extend(row_model().answers(sources(), END))
    assert [source.texts for source, _ in found] == [["good"], ["bad", "slow"]]


def test_rows_without_an_answer_are_never_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = RowModel._answered

    def short(model: RowModel, rows: Sequence[object], stopped: object) -> RowAnswers:
        return part_of(whole(model, rows, stopped), 0, len(rows) - 1)  # type: ignore[arg-type]

    monkeypatch.setattr(RowModel, "_answered", short)
    with pytest.raises(RuntimeError, match="no answer"):
        list(row_model().answers([rows_of(["good", "bad"])], END))


def test_few_rows_are_in_memory() -> None:
    """However long the input: what is read and not answered yet is bounded."""
    read = 0

    def sources() -> Iterator[Rows]:
        nonlocal read
        for _ in range(120):
            read += 1000
            yield rows_of(["good"] * 10 + [None] * 990)

    answered = most = 0
    for source, _ in row_model().answers(sources(), END):
        answered += len(source.texts)
        most = max(most, read - answered)
    assert answered == read == 120_000
    assert most < 8 * GROUP_ROWS


@pytest.mark.parametrize("text", [None, "x" * 2_000_000, "good"])
def test_few_sources_are_in_memory_where_they_have_few_tokens(text: str | None) -> None:
    """As windows of a row each are, where rows have images beside them or are too long."""
    made = answered = most = 0

    def sources() -> Iterator[Rows]:
        nonlocal made, most
        for _ in range(200):
            made += 1
            most = max(most, made - answered)
            yield rows_of([text])

    for _ in row_model().answers(sources(), END):
        answered += 1
    assert answered == made == 200
    assert most < 50


def test_an_iterator_that_is_left_ends_its_threads() -> None:
    answers = row_model().answers(split(random_texts(500), 10), END)
    next(answers)
    answers.close()
    names = {each.name for each in threading.enumerate()}
    assert not {"tokenize rows", "compute rows"} & names


class WaitingModel(KnownModel):
    """Computes rows of several words once nobody reads the answers any more."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()

    def logits(self, sequences: Sequence[TokenSequence]) -> Logits:
        if max(map(len, sequences)) > 5:
            self.asked.set()
            for each in threading.enumerate():
                if each.name == "tokenize rows":
                    each.join(60)
        return super().logits(sequences)


def test_who_stops_reading_waits_for_a_batch_and_not_for_a_group() -> None:
    model = WaitingModel()
    short = [rows_of(["good"])] * 4  # sources of a group
    long = (rows_of(["a slow story of people"] * 1000) for _ in count())
    answers = row_model(model).answers(chain(short, long), END)
    next(answers)
    assert model.asked.wait(60)
    answers.close()
    assert "compute rows" not in {each.name for each in threading.enumerate()}
    # A group has some 30.
    assert len(model.batches) < 10


def test_windows_and_refusals_follow_the_truncation() -> None:
    long = rows_of(["good " * 150])
    windows = row_model().answer(long, Truncation("window"))
    assert windows.windows.tolist() == [3]
    assert windows.tokens.tolist() == windows.tokens_read.tolist() == [152]
    cut = row_model().answer(long, END)
    assert (cut.tokens.tolist(), cut.tokens_read.tolist()) == ([152], [LIMIT])
    refused = row_model().answer(long, None)
    assert "Input 0 has 152 tokens" in str(refused.failures[0])
