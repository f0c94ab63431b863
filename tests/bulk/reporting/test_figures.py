"""Numbers for people."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.bulk.reporting.figures import (
    clock_time,
    number,
    plural,
    share,
    shares,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (0.1234, "0.123"),
        (9.87, "9.87"),
        (99.4, "99.4"),
        (99.6, "100"),
        (1234567, "1,234,567"),
    ],
)
def test_numbers_have_three_digits_or_are_whole(value: float, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0:00"),
        (7.4, "0:07"),
        (59.6, "1:00"),
        (754, "12:34"),
        (12345, "3:25:45"),
        (90061, "25:01:01"),
    ],
)
def test_times(seconds: float, shown: str) -> None:
    assert clock_time(seconds) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 10, "0.0%"), (1, 10**6, "<0.1%"), (1, 3, "33.3%"), (3, 3, "100.0%"), (0, 0, "0.0%")],
)
def test_a_share_of_something_is_never_nothing(part: int, whole: int, shown: str) -> None:
    assert share(part, whole) == shown


def test_shares_name_the_most_frequent_labels() -> None:
    rows = {"a": 1, "b": 5, "c": 2, "d": 1, "e": 1}
    assert shares(rows) == "b 50.0% c 20.0% a 10.0% d 10.0% and 1 more label"
    assert shares({"no": 1, "yes": 3}) == "yes 75.0% no 25.0%"


def test_plurals() -> None:
    assert (plural(1, "row"), plural(1200, "row")) == ("1 row", "1,200 rows")
