"""Names of parts, and the runs of parts that are to be made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distilbert_sentiment_arch.bulk.job.manifest import Unit
from distilbert_sentiment_arch.bulk.job.parts import is_part_name, missing_runs, part_name, parts_of
from distilbert_sentiment_arch.bulk.reading.input_files import InputFile
from distilbert_sentiment_arch.errors import InputError

UNIT = Unit(0, (InputFile("a.csv", 1, "1"),), None)


def test_names_sort_in_the_order_of_the_rows() -> None:
    places = [(unit, part) for unit in (0, 9, 10, 99_999) for part in (0, 9, 10, 99_999, 999_999)]
    names = [part_name(unit, part, "parquet") for unit, part in places]
    assert names == sorted(names)
    assert all(map(is_part_name, names))
    assert not is_part_name("party-00000-000000.parquet")


def test_numbers_that_would_not_sort_are_refused() -> None:
    with pytest.raises(InputError, match="--part-rows"):
        part_name(0, 1_000_000, "csv")


@given(
    rows=st.integers(0, 1000),
    part_rows=st.integers(1, 300),
    done=st.sets(st.integers(0, 40)),
    longest=st.none() | st.integers(1, 10),
)
def test_runs_are_all_parts_that_are_missing_once_and_in_order(
    rows: int, part_rows: int, done: set[int], longest: int | None
) -> None:
    total = parts_of(rows, part_rows)
    assert (total - 1) * part_rows < max(rows, 1) <= total * part_rows
    runs = list(missing_runs(UNIT, rows, done, part_rows, longest))
    made = [first + place for first, parts in runs for place in range(parts or 0)]
    assert made == [part for part in range(total) if part not in done]
    assert all(parts is not None and parts <= (longest or total) for _, parts in runs)


@given(done=st.sets(st.integers(0, 40)))
def test_a_unit_of_unknown_length_ends_with_a_run_to_its_end(done: set[int]) -> None:
    *runs, last = missing_runs(UNIT, None, done, 100)
    end = max(done, default=-1) + 1
    assert last == (end, None)
    made = {first + place for first, parts in runs for place in range(parts or 0)}
    assert made == set(range(end)) - done


def test_a_unit_whose_files_are_gone_has_nothing_to_do() -> None:
    assert list(missing_runs(Unit(0, (), None), None, [], 100)) == []
