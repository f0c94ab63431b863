"""Output directories, on a disk and in an S3-compatible server."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import fsspec
import pyarrow.parquet as pq
import pytest
from bulk_jobs import contents, job_options, run_some, run_whole, write_parquet
from fsspec.implementations.memory import MemoryFileSystem
from object_store import ObjectStore, object_store

from distilbert_sentiment_arch.bulk.job import lock
from distilbert_sentiment_arch.bulk.job.manifest import MANIFEST
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


class Killed(Exception):
    """The end of the process."""


@pytest.fixture(params=["renames", "refuses", "refuses in silence"])
def killed_after(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int, str], contextlib.AbstractContextManager[None]]:
    """A context in which fsspec's memory ends the process after so many steps at a file.

    Its file system renames over a file, refuses that as HDFS does, or as WebHDFS does, which tells
    nobody.
    """
    original = {name: getattr(MemoryFileSystem, name) for name in ("mv", "rm")}

    def rename(self: MemoryFileSystem, path: str, target: str, **options: Any) -> None:
        if not self.exists(target) or request.param == "renames":
            original["mv"](self, path, target, **options)
        elif request.param == "refuses":
            raise FileExistsError(target)

    monkeypatch.setattr(MemoryFileSystem, "mv", rename)

    @contextlib.contextmanager
    def context(steps: int, name: str) -> Iterator[None]:
        left = iter(range(steps))

        def counted(function: Callable[..., None]) -> Callable[..., None]:
            def step(self: MemoryFileSystem, *arguments: Any, **options: Any) -> None:
                if any(str(each).endswith(name) for each in arguments) and next(left, None) is None:
                    raise Killed
                function(self, *arguments, **options)

            return step

        with monkeypatch.context() as patched:
            patched.setattr(MemoryFileSystem, "mv", counted(rename))
            patched.setattr(MemoryFileSystem, "rm", counted(original["rm"]))
            yield

    return context


def test_a_run_that_is_killed_while_it_replaces_a_file_leaves_the_old_or_the_new(
    killed_after: Callable[[int, str], contextlib.AbstractContextManager[None]], tmp_path: Path
) -> None:
    whole = False
    for steps in count():
        output = OutputDirectory(f"memory://{tmp_path.name}/{steps}")
        output.make()
        output.write("below/a.json", b"old")
        with killed_after(steps, "a.json"):
            try:
                output.write("below/a.json", b"new")
                whole = True
            except Killed:
                pass
        left = {b"new"} if whole else {b"old", b"new"}
        assert output.read("below/a.json") in left
        output.clear_aside()
        assert output.read("below/a.json") in left
        assert [each.name for each in output.files("below")] == ["below/a.json"]
        output.write("below/a.json", b"newer")
        assert output.read("below/a.json") == b"newer"
        output.remove("below/a.json")
        assert output.read("below/a.json") is None
        if whole:
            break
    assert steps


def test_a_file_system_that_fails_to_move_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = OutputDirectory(f"memory://{tmp_path.name}/out")
    output.make()
    monkeypatch.setattr(MemoryFileSystem, "mv", lambda *_, **__: None)
    with pytest.raises(OutputError, match=r"a\.json cannot be replaced.*same command again"):
        output.write("a.json", b"1")


def test_a_job_that_was_killed_while_it_took_in_new_files_goes_on(
    killed_after: Callable[[int, str], contextlib.AbstractContextManager[None]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lock, "SETTLING_S", 0.0)
    write_parquet(tmp_path / "in" / "a.parquet", range(150))
    for steps in count():
        options = job_options(tmp_path / "in", f"memory://{tmp_path.name}/{steps}")
        (tmp_path / "in" / "b.parquet").unlink(missing_ok=True)
        run_whole(options)
        write_parquet(tmp_path / "in" / "b.parquet", range(150, 210))
        whole = False
        with killed_after(steps, MANIFEST), contextlib.suppress(Killed):
            run_whole(options)
            whole = True
        assert run_whole(options).counts.rows == 210
        names = {each.name for each in OutputDirectory(options.output).files()}
        assert {MANIFEST, "_SUCCESS"} < names
        assert len(fsspec.filesystem("memory").glob(f"{options.output}/part-*")) == 3
        if whole:
            break
    assert steps


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
