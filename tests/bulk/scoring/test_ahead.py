"""Iterators whose items are made in a thread ahead."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import count

import pytest

from distilbert_sentiment_arch.bulk.scoring.ahead import Ahead


def test_items_come_in_order_from_another_thread() -> None:
    def source() -> Iterator[tuple[int, str]]:
        for number in range(1000):
            yield number, threading.current_thread().name

    with Ahead(source, 3, "made ahead") as items:
        assert list(items) == [(number, "made ahead") for number in range(1000)]


def test_no_more_are_made_than_may_wait() -> None:
    made: list[int] = []
    resumed = threading.Event()

    def source() -> Iterator[int]:
        for number in count():
            made.append(number)
            if number == 7:
                resumed.set()
            yield number

    with Ahead(source, 3, "ahead") as items:
        reader = iter(items)
        for number in range(5):
            assert next(reader) == number
            # Read, waiting, and none beyond them.
            assert len(made) <= number + 1 + 3
        assert resumed.wait(60)
        assert made == list(range(8))


def test_an_error_comes_behind_the_items_before_it() -> None:
    def source() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("the disk is gone")

    found: list[int] = []
    with Ahead(source, 1, "ahead") as items, pytest.raises(OSError, match="the disk is gone"):
        found.extend(items)
    assert found == [1, 2]


def test_leaving_ends_the_thread_and_closes_the_source() -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            yield from count()
        finally:
            closed.set()

    with Ahead(source, 2, "left early") as items:
        assert next(iter(items)) == 0
    assert closed.is_set()
    assert not any(each.name == "left early" for each in threading.enumerate())


def test_a_reader_that_waits_is_woken() -> None:
    never = threading.Event()

    def source() -> Iterator[int]:
        never.wait(60)
        yield 1

    found: list[int] = []
    with Ahead(source, 1, "ahead") as items:
        reader = threading.Thread(target=lambda: found.extend(items))
        reader.start()
        items.stop()
        reader.join(60)
        assert not reader.is_alive()
        never.set()
    assert found == []
