"""Jobs: what a second run does, and what is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bulk_jobs import (
    contents,
    ids,
    job_options,
    part_files,
    run_some,
    run_whole,
    write_jsonl,
    write_parquet,
)

from distilbert_sentiment_arch.bulk.job import open_job
from distilbert_sentiment_arch.bulk.options import InputOptions, JobOptions
from distilbert_sentiment_arch.bulk.scorer import load_scorer
from distilbert_sentiment_arch.errors import (
    InputChanged,
    InputError,
    JobDiffers,
    JobError,
    OutputError,
    OutputInUse,
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_parquet(tmp_path / "in" / "a.parquet", range(450), missing=[7, 8])
    write_parquet(tmp_path / "in" / "b.parquet", range(450, 700))
    return tmp_path / "in"


@pytest.fixture
def options(source: Path, tmp_path: Path) -> JobOptions:
    return job_options(source, tmp_path / "out")


def out(options: JobOptions) -> Path:
    return Path(options.output)


def identity(options: JobOptions):
    return load_scorer(options.model).identity


def test_every_row_comes_out_once_and_in_order(options: JobOptions) -> None:
    summary = run_whole(options)
    assert ids(out(options)) == list(range(700))
    assert [len(pq.read_table(path)) for path in part_files(out(options))] == [100] * 7
    assert summary.counts.rows == 700
    assert (summary.parts, summary.files) == (7, 2)


def test_success_holds_the_counts(options: JobOptions) -> None:
    summary = run_whole(options)
    table = pq.read_table(out(options))
    held = json.loads((out(options) / "_SUCCESS").read_text())
    assert held == summary.to_json()
    assert held["rows"] == table.num_rows
    assert held["failed"] == 2
    assert sum(held["errors"].values()) == 2
    labels = table.column("label").drop_null().value_counts().to_pylist()
    assert held["labels"] == {each["values"]: each["counts"] for each in labels}
    assert held["tokens"] == sum(table.column("tokens").to_pylist())
    assert sum(held["histogram"]) == 698


def test_a_finished_job_has_nothing_to_do(options: JobOptions) -> None:
    run_whole(options)
    before = contents(out(options))
    with open_job(options, identity(options)) as job:
        assert job.finished
        assert job.tasks() == []
        assert job.finish().counts.rows == 700
    assert contents(out(options)) == before


@pytest.mark.parametrize("parts", [1, 4, 7])
def test_a_job_that_was_stopped_continues(options: JobOptions, tmp_path: Path, parts: int) -> None:
    run_some(options, parts)
    assert len(part_files(out(options))) == parts
    assert not (out(options) / "_SUCCESS").exists()
    moments = {path: path.stat().st_mtime_ns for path in part_files(out(options))}
    with open_job(options, identity(options)) as job:
        assert job.done.rows == parts * 100
        assert job.rows == 700
    run_whole(options)
    assert all(path.stat().st_mtime_ns == moment for path, moment in moments.items())
    # The names of the input are in the manifest, so that only its outputs differ.
    uninterrupted = job_options(options.inputs[0], tmp_path / "other")
    run_whole(uninterrupted)
    assert contents(out(options)) == contents(tmp_path / "other")


def test_a_file_without_a_count_of_rows_continues(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "in" / "a.jsonl", range(300))
    options = job_options(tmp_path / "in", tmp_path / "out")
    run_some(options, 2)
    with open_job(options, identity(options)) as job:
        assert job.rows is None
        [task] = job.tasks()
        assert (task.start, task.end) == (200, None)
    run_whole(options)
    assert ids(tmp_path / "out") == list(range(300))
    assert len(part_files(tmp_path / "out")) == 3


def test_a_part_that_was_lost_is_made_again(options: JobOptions) -> None:
    run_whole(options)
    before = contents(out(options))
    part_files(out(options))[2].unlink()
    part_files(out(options))[4].write_bytes(b"cut short")
    with open_job(options, identity(options)) as job:
        assert not job.finished
        assert [(task.first, task.parts) for task in job.tasks()] == [(2, 1), (5, 1)]
        assert not (out(options) / "_SUCCESS").exists()
    run_whole(options)
    assert contents(out(options)) == before


def test_a_record_that_is_not_whole_does_not_count(options: JobOptions) -> None:
    run_whole(options)
    before = contents(out(options))
    record = out(options) / "_parts" / "part-00000-000003.json"
    record.write_bytes(record.read_bytes()[:30])
    run_whole(options)
    assert contents(out(options)) == before


def test_new_files_are_taken_in(options: JobOptions, source: Path) -> None:
    run_whole(options)
    before = contents(out(options))
    write_parquet(source / "0.parquet", range(700, 850))
    with open_job(options, identity(options)) as job:
        assert not job.finished
        assert not (out(options) / "_SUCCESS").exists()
    summary = run_whole(options)
    assert ids(out(options)) == list(range(850))
    assert (summary.counts.rows, summary.files) == (850, 3)
    after = contents(out(options))
    assert all(after[name] == held for name, held in before.items() if name.startswith("part-"))


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


def test_two_runs_into_one_output(options: JobOptions) -> None:
    with open_job(options, identity(options)), pytest.raises(OutputInUse, match="process"):
        open_job(options, identity(options))
    open_job(options, identity(options)).close()


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


def test_a_job_that_is_not_done_does_not_finish(options: JobOptions) -> None:
    run_some(options, 3)
    job = open_job(options, identity(options))
    with job, pytest.raises(JobError, match=r"part-00000-000003\.parquet"):
        job.finish()
    assert not (out(options) / "_SUCCESS").exists()


def test_parts_without_a_record_are_gone_in_the_end(options: JobOptions) -> None:
    run_some(options, 1)
    shutil.copy(part_files(out(options))[0], out(options) / "part-00000-000099.parquet")
    run_whole(options)
    assert ids(out(options)) == list(range(700))


def test_files_without_rows_make_one_part_without_rows(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_parquet(tmp_path / "in" / f"{name}.parquet", [])
    options = job_options(tmp_path / "in", tmp_path / "out")
    assert run_whole(options).counts.rows == 0
    [part] = part_files(tmp_path / "out")
    assert pq.read_table(part).column_names[:3] == ["id", "text", "label"]
    with open_job(options, identity(options)) as job:
        assert job.finished


def test_many_small_files_make_few_parts(tmp_path: Path) -> None:
    for number in range(600):
        write_jsonl(tmp_path / "in" / f"{number:04}.jsonl", [number])
    options = job_options(tmp_path / "in", tmp_path / "out", part_rows=1000)
    assert run_whole(options).files == 600
    assert ids(tmp_path / "out") == list(range(600))
    assert len(part_files(tmp_path / "out")) == 3


def test_tasks_of_a_large_file_run_in_any_order(options: JobOptions) -> None:
    from distilbert_sentiment_arch.bulk.task_run import run_task

    scorer = load_scorer(options.model)
    with open_job(options, scorer.identity) as job:
        tasks = job.tasks(rows=250)
        assert [(task.first, task.parts, task.rows) for task in tasks] == [
            (0, 2, 200),
            (2, 2, 200),
            (4, 2, 200),
            (6, 1, 100),
        ]
        for task in reversed(tasks):
            run_task(task, scorer)
        job.finish()
    assert ids(out(options)) == list(range(700))


def test_only_what_belongs_there_is_left(options: JobOptions) -> None:
    run_whole(options)
    others = {path.name for path in out(options).iterdir()} - {
        path.name for path in part_files(out(options))
    }
    assert others == {"_SUCCESS", "_manifest.json", "_parts"}
