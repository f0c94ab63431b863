"""Output directories, on a disk and in an S3-compatible server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from bulk_jobs import contents, job_options, run_some, run_whole, write_parquet
from object_store import ObjectStore, object_store

from distilbert_sentiment_arch.bulk.job import lock
from distilbert_sentiment_arch.bulk.job.output_directory import ASIDE, OutputDirectory
from distilbert_sentiment_arch.errors import OutputError


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with object_store(tmp_path_factory.mktemp("store")) as running:
        running.bucket("jobs")
        yield running


@pytest.fixture(params=["disk", pytest.param("s3", marks=pytest.mark.slow), "fsspec"])
def output(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> OutputDirectory:
    if request.param == "disk":
        return OutputDirectory(str(tmp_path / "out"))
    if request.param == "fsspec":
        return OutputDirectory(f"memory://{tmp_path.name}/out")
    for name, value in request.getfixturevalue("store").environment.items():
        monkeypatch.setenv(name, value)
    return OutputDirectory(f"s3://jobs/{request.node.name}")


def test_files_are_written_replaced_listed_and_removed(output: OutputDirectory) -> None:
    assert output.files() == []
    assert output.read("a.json") is None
    output.make()
    output.write("b.json", b"12345")
    output.write("a.json", b"1")
    output.write("a.json", b"123")
    output.write("below/c.json", b"")
    assert output.read("a.json") == b"123"
    assert [(each.name, each.size) for each in output.files()] == [("a.json", 3), ("b.json", 5)]
    assert [each.name for each in output.files("below")] == ["below/c.json"]
    output.remove("a.json")
    output.remove("a.json")
    assert output.read("a.json") is None
    # pyarrow puts an object in the place of the directory then, for which rclone forgets the rest.
    if output.kind != "s3":
        assert [each.name for each in output.files()] == ["b.json"]


def test_a_file_that_was_not_put_leaves_nothing(output: OutputDirectory) -> None:
    output.make()
    with output.aside("part.parquet") as path:
        path.write_bytes(b"half")
    assert not path.exists()
    assert output.files() == output.files(ASIDE) == []


def test_an_upload_that_breaks_off_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    output = OutputDirectory(str(tmp_path / "file"))
    with pytest.raises(OutputError, match=r"file: cannot write to the output.*same command again"):
        output.write("a.json", b"1")


@pytest.mark.slow
def test_a_job_into_an_object_store_is_that_into_a_directory(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(lock, "SETTLING_S", 0.0)
    write_parquet(tmp_path / "in" / "a.parquet", range(450))
    here = job_options(tmp_path / "in", tmp_path / "out")
    there = job_options(tmp_path / "in", "s3://jobs/scored/by/day")
    run_whole(here)
    run_some(there, 2)
    assert "_SUCCESS" not in contents(store.root / "jobs" / "scored" / "by" / "day")
    run_whole(there)
    found = contents(store.root / "jobs" / "scored" / "by" / "day")
    assert found.pop(lock.LOCK) == b"{}"
    assert found == contents(tmp_path / "out")
    assert pq.read_table(f"{store.root}/jobs/scored/by/day").num_rows == 450
