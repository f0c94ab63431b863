"""Manifests: units, what they make of a changed input, and what differs between two jobs."""

from __future__ import annotations

import pyarrow as pa
import pytest

from distilbert_sentiment_arch.bulk.job.manifest import (
    UNIT_BYTES,
    UNIT_FILES,
    Manifest,
    Unit,
    grouped,
    grown,
    refuse_difference,
)
from distilbert_sentiment_arch.bulk.reading.input_files import InputFile
from distilbert_sentiment_arch.errors import InputChanged, JobDiffers, OutputError


def files(*sizes: int) -> list[InputFile]:
    return [InputFile(f"{place:03}", size, f"{size}-1") for place, size in enumerate(sizes)]


def test_a_manifest_is_what_was_written() -> None:
    schema = pa.schema([("id", pa.int64())], metadata={"a": "b"})
    units = (Unit(0, (InputFile("naïve \udcff.csv", 5, "5-1"),), None), Unit(1, (), 7))
    manifest = Manifest({"text": "text", "types": {"a": "int64"}}, schema, units)
    found = Manifest.from_json(manifest.to_json(), "out")
    assert found == manifest
    assert found.schema.equals(schema, check_metadata=True)
    assert found.to_json() == manifest.to_json()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"layout": 99}', b"\xff"])
def test_what_is_no_manifest_is_told_with_its_place(content: bytes) -> None:
    with pytest.raises(OutputError, match=r"^scored.*--output"):
        Manifest.from_json(content, "scored")


def test_small_neighbours_share_a_unit_and_large_files_have_their_own() -> None:
    half = UNIT_BYTES // 2
    found = grouped(files(1, half, half, 3 * UNIT_BYTES, 5, half, half - 4))
    assert [[int(each.path) for each in group] for group in found] == [
        [0, 1],
        [2],
        [3],
        [4, 5],
        [6],
    ]
    assert [len(group) for group in grouped(files(*[1] * (2 * UNIT_FILES + 1)))] == [
        UNIT_FILES,
        UNIT_FILES,
        1,
    ]
    assert grouped([]) == []


def test_files_that_came_are_given_back_and_others_stay_in_their_units() -> None:
    old = files(1, 2, 3)
    units = [Unit(0, tuple(old[:2]), 10), Unit(1, (old[2],), None)]
    new = InputFile("a new one", 4, "4-1")
    assert grown(units, [new, *old], {0, 1}) == (units, [new])


def test_a_changed_file_is_refused_where_its_parts_are_done() -> None:
    [old] = files(1)
    changed = InputFile(old.path, 2, "2-9")
    with pytest.raises(InputChanged, match="000: the file had 1 bytes and has 2"):
        grown([Unit(0, (old,), 10)], [changed], {0})
    with pytest.raises(InputChanged, match=r"000: .* not among the inputs"):
        grown([Unit(0, (old,), 10)], [], {0})
    # Counted anew, or left out, where none is.
    assert grown([Unit(0, (old,), 10)], [changed], set()) == ([Unit(0, (changed,), None)], [])
    assert grown([Unit(0, (old,), 10)], [], set()) == ([Unit(0, (), None)], [])


def test_everything_that_differs_is_told() -> None:
    before = {"text": "a", "keep": None, "model": {"model": "x", "version": "1"}}
    now = {"text": "b", "keep": ["id", "text"], "model": {"model": "x", "version": "2"}}
    refuse_difference(before, dict(before), "scored")
    with pytest.raises(JobDiffers) as raised:
        refuse_difference(before, now, "scored")
    assert str(raised.value).startswith(
        "scored: the output holds parts of a job that differs: --text was 'a' and is 'b'; --keep "
        "was not given and is 'id,text'; model version was '1' and is '2'. "
    )
