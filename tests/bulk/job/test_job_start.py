"""Starts of jobs: what is refused, with what differs, and what may differ."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bulk_jobs import (
    contents,
    identity,
    ids,
    job_options,
    out,
    part_files,
    run_some,
    run_whole,
    write_parquet,
)

from distilbert_sentiment_arch.bulk.job import parts
from distilbert_sentiment_arch.bulk.job.job import open_job
from distilbert_sentiment_arch.bulk.options import InputOptions, JobOptions
from distilbert_sentiment_arch.errors import (
    InputChanged,
    InputError,
    JobDiffers,
    OutputError,
)


def test_new_files_with_other_columns_are_refused(options: JobOptions, source: Path) -> None:
    run_whole(options)
    table = pa.table({"id": [1], "text": ["good"], "stars": [5]})
    pq.write_table(table, source / "c.parquet")
    with pytest.raises((JobDiffers, InputError), match=r"c\.parquet.*stars"):
        open_job(options, identity(options))


@pytest.mark.parametrize("change", ["content", "gone"])
def test_a_file_that_changed_after_its_parts_is_refused(
    options: JobOptions, source: Path, change: str
) -> None:
    run_some(options, 2)
    if change == "gone":
        (source / "a.parquet").unlink()
    else:
        write_parquet(source / "a.parquet", range(1000, 1450))
    before = contents(out(options))
    with pytest.raises(InputChanged, match=r"a\.parquet"):
        open_job(options, identity(options))
    assert contents(out(options)) == before


def test_a_file_that_changed_before_its_parts_is_read_as_it_is(
    options: JobOptions, source: Path
) -> None:
    # A job without a part: nothing of the old file is in the output.
    open_job(options, identity(options)).close()
    write_parquet(source / "b.parquet", range(450, 500))
    run_whole(options)
    assert ids(out(options)) == list(range(500))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"part_rows": 50}, "--part-rows was 100 and is 50"),
        ({"format": "csv"}, "--format was 'parquet' and is 'csv'"),
        ({"input": InputOptions(keep=("id",))}, "--keep was not given and is 'id'"),
        ({"model": "mvp-29"}, "model was 'afinn-111' and is 'mvp-29'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_another_job_is_refused_with_what_differs(
    options: JobOptions, change: dict[str, object], told: str
) -> None:
    run_some(options, 1)
    if "model" in change:
        change = {"model": replace(options.model, model=change["model"])}
    other = replace(options, **change)  # type: ignore[arg-type]
    with pytest.raises(JobDiffers) as raised:
        open_job(other, identity(other))
    assert told in str(raised.value)
    assert "--output" in str(raised.value)


def test_other_options_are_taken_while_there_is_no_part(options: JobOptions) -> None:
    open_job(options, identity(options)).close()
    run_whole(replace(options, part_rows=350))
    assert len(part_files(out(options))) == 2


def test_on_error_may_change(options: JobOptions) -> None:
    run_some(options, 1)
    run_whole(replace(options, on_error="stop"))
    assert ids(out(options)) == list(range(700))


def test_an_output_within_an_input_is_refused(options: JobOptions, source: Path) -> None:
    inside = replace(options, output=str(source / "scored"))
    with pytest.raises(OutputError, match="lies within the input"):
        open_job(inside, identity(inside))
    everything = replace(inside, inputs=(f"{source}/**",))
    with pytest.raises(OutputError, match="lies within the input"):
        open_job(everything, identity(everything))
    assert not (source / "scored").exists()


def test_an_input_within_the_output_is_refused(options: JobOptions, source: Path) -> None:
    around = replace(options, output=str(source), inputs=(str(source / "a.parquet"),))
    with pytest.raises(OutputError, match="within the output"):
        open_job(around, identity(around))


@pytest.mark.parametrize("begun", [False, True])
def test_files_of_something_else_are_refused(options: JobOptions, begun: bool) -> None:
    if begun:
        run_some(options, 1)
    out(options).mkdir(exist_ok=True)
    (out(options) / "mine.parquet").write_bytes(b"")
    with pytest.raises(OutputError, match=r"mine\.parquet"):
        open_job(options, identity(options))
    assert (out(options) / "mine.parquet").exists()


def test_an_output_that_cannot_be_written_is_refused(options: JobOptions, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    wrong = replace(options, output=str(tmp_path / "file" / "out"))
    with pytest.raises(OutputError, match="--output"):
        open_job(wrong, identity(wrong))


def test_a_manifest_of_something_else_is_refused(options: JobOptions) -> None:
    run_some(options, 1)
    (out(options) / "_manifest.json").write_text("[]")
    with pytest.raises(OutputError, match="no manifest"):
        open_job(options, identity(options))


def test_a_column_of_the_answer_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    table = pa.table({"text": ["good"], "label": [1], "id": [2]})
    pq.write_table(table, tmp_path / "in" / "a.parquet")
    options = job_options(tmp_path / "in", tmp_path / "out")
    with pytest.raises(InputError, match="--keep text,id"):
        open_job(options, identity(options))
    assert run_whole(replace(options, input=InputOptions(keep=("id",)))).counts.rows == 1


def test_more_parts_than_names_sort_are_refused_before_any_row_is_scored(
    options: JobOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_PART_DIGITS", 2)
    with pytest.raises(InputError, match="--part-rows"):
        open_job(replace(options, part_rows=2), identity(options))
    assert part_files(out(options)) == []


def test_limits_of_the_environment_belong_to_the_job(
    options: JobOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text over one has an error, so that parts of two of them would not be of one job."""
    run_some(options, 1)
    monkeypatch.setenv("MAX_SENTIMENT_MAX_REQUEST_CHARACTERS", "100")
    with pytest.raises(JobDiffers, match=r"limits max request characters was .* and is '?100"):
        open_job(options, identity(options))
