"""Files of a job: names, globs, directories, URIs; order, and what is refused."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path
from typing import Any

import datasets
import pytest
from object_store import ObjectStore

from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.bulk.reading import streams
from distilbert_sentiment_arch.bulk.reading.input_files import (
    InputFile,
    find_files,
    fingerprint_now,
)
from distilbert_sentiment_arch.errors import InputError


def write(directory: Path, *names: str) -> None:
    for name in names:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text\nhello\n", encoding="utf-8")


def found(directory: Path, *patterns: str, **options: Any) -> list[str]:
    files = find_files([f"{directory}/{each}" for each in patterns], InputOptions(**options))
    return [os.path.relpath(file.path, directory) for file in files]


def test_a_file_is_itself(tmp_path: Path) -> None:
    write(tmp_path, "a.csv")
    (file,) = find_files([str(tmp_path / "a.csv")], InputOptions())
    assert file.path == str(tmp_path / "a.csv")
    assert file.size == 11
    assert file.fingerprint == fingerprint_now(file)


def test_files_keep_the_order_in_which_they_are_named(tmp_path: Path) -> None:
    write(tmp_path, "b.csv", "a.csv", "more/d.csv", "more/c.csv")
    assert found(tmp_path, "b.csv", "a.csv", "more") == [
        "b.csv",
        "a.csv",
        "more/c.csv",
        "more/d.csv",
    ]


def test_no_file_comes_twice(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "b.csv")
    assert found(tmp_path, "b.csv", "*.csv", "", "../" + tmp_path.name + "/a.csv") == [
        "b.csv",
        "a.csv",
    ]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.csv", ["a.csv", "b.csv"]),
        ("?.csv", ["a.csv", "b.csv"]),
        ("[b-z].csv", ["b.csv"]),
        ("*/*.csv", ["x/c.csv", "y/d.csv"]),
        ("**/*.csv", ["a.csv", "b.csv", "x/c.csv", "x/deep/e.csv", "y/d.csv"]),
        ("x/**", ["x/c.csv", "x/deep/e.csv"]),
        ("**/deep/*.csv", ["x/deep/e.csv"]),
        ("*/deep", ["x/deep/e.csv"]),
        ("_*.csv", ["_hidden.csv"]),
        (".*.csv", [".hidden.csv"]),
        ("y/d*", ["y/d.csv"]),
    ],
)
def test_globs_match_as_in_a_shell(tmp_path: Path, pattern: str, names: list[str]) -> None:
    write(tmp_path, "b.csv", "a.csv", "x/c.csv", "y/d.csv", "x/deep/e.csv")
    write(tmp_path, ".hidden.csv", "_hidden.csv", ".git/f.csv", "y/_SUCCESS")
    assert found(tmp_path, pattern) == names


def test_a_file_whose_name_looks_like_a_glob_is_a_file(tmp_path: Path) -> None:
    write(tmp_path, "a[1].csv", "a1.csv")
    assert found(tmp_path, "a[1].csv") == ["a[1].csv"]


def test_a_directory_gives_its_files_at_any_depth(tmp_path: Path) -> None:
    write(tmp_path, "b.csv", "x/a.csv.gz", "c.tsv", "README.md", "info.json", "_x.csv", ".x/a.csv")
    assert found(tmp_path, "") == ["b.csv", "c.tsv", "x/a.csv.gz"]


def test_a_directory_of_a_stated_format_gives_the_files_of_it(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "b.json", "c.txt", "part-00000")
    assert found(tmp_path, "", format="jsonl") == ["b.json"]
    assert found(tmp_path, "", format="parquet") == ["part-00000"]


def test_a_directory_that_leads_to_itself_ends(tmp_path: Path) -> None:
    write(tmp_path, "x/a.csv")
    (tmp_path / "x" / "again").symlink_to(tmp_path)
    (tmp_path / "x" / "gone.csv").symlink_to(tmp_path / "nothing")
    assert found(tmp_path, "") == ["x/a.csv"]
    assert found(tmp_path, "**/*.csv") == ["x/a.csv"]


def test_a_directory_of_datasets_gives_the_files_of_the_last_save(tmp_path: Path) -> None:
    rows = datasets.Dataset.from_dict({"text": ["a", "b", "c"]})
    rows.save_to_disk(tmp_path / "saved", num_shards=3)
    rows.save_to_disk(tmp_path / "saved", num_shards=2)
    write(tmp_path, "saved/cache-1234.arrow")
    assert found(tmp_path, "saved") == [
        "saved/data-00000-of-00002.arrow",
        "saved/data-00001-of-00002.arrow",
    ]


def test_a_dataset_that_lacks_a_file_is_refused(tmp_path: Path) -> None:
    rows = datasets.Dataset.from_dict({"text": ["a", "b", "c"]})
    rows.save_to_disk(tmp_path / "saved", num_shards=3)
    (tmp_path / "saved" / "data-00001-of-00003.arrow").unlink()
    with pytest.raises(InputError, match=r"data-00001-of-00003\.arrow, which is not there"):
        found(tmp_path, "saved")


def test_a_directory_of_splits_gives_the_files_of_all(tmp_path: Path) -> None:
    rows = datasets.Dataset.from_dict({"text": ["a", "b"]})
    datasets.DatasetDict(train=rows, test=rows).save_to_disk(tmp_path / "saved")
    assert found(tmp_path, "saved") == [
        "saved/test/data-00000-of-00001.arrow",
        "saved/train/data-00000-of-00001.arrow",
    ]


def test_buckets_are_searched_like_directories(s3: ObjectStore) -> None:
    write(s3.bucket("search"), "b.csv", "a.csv", "x/c.csv", "_SUCCESS", "with space é#.csv")

    def names(pattern: str) -> list[str]:
        return [file.path for file in find_files([pattern], InputOptions())]

    every = [f"s3://search/{name}" for name in ("a.csv", "b.csv", "with space é#.csv", "x/c.csv")]
    assert names("s3://search") == every
    assert names("s3://search/") == every
    assert names("s3://search/**/*.csv") == every
    assert names("s3://search/?.csv") == every[:2]
    assert names("s3://search/x") == every[3:]
    for file in find_files(["s3://search"], InputOptions()):
        assert fingerprint_now(file) == file.fingerprint


def test_a_changed_or_missing_file_has_another_fingerprint(tmp_path: Path) -> None:
    write(tmp_path, "a.csv")
    (file,) = find_files([str(tmp_path / "a.csv")], InputOptions())
    os.utime(file.path, ns=(0, 1))
    assert fingerprint_now(file) != file.fingerprint
    os.remove(file.path)
    assert fingerprint_now(file) != file.fingerprint


def test_thousands_of_files_are_found_without_reading_them(tmp_path: Path) -> None:
    for number in range(3000):
        # Not readable as what they are called, and not looked into here.
        (tmp_path / f"{number:04}.parquet").touch()
    files = find_files([str(tmp_path), f"{tmp_path}/*.parquet"], InputOptions())
    assert [os.path.basename(file.path) for file in files] == [
        f"{number:04}.parquet" for number in range(3000)
    ]


def test_standard_input_is_known_by_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(content: bytes) -> InputFile:
        monkeypatch.setattr(streams, "STANDARD_INPUT", streams.StandardInput(io.BytesIO(content)))
        (file,) = find_files(["-"], InputOptions(format="text"))
        return file

    assert taken(b"one") == taken(b"one")
    assert taken(b"one").fingerprint != taken(b"two").fingerprint


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("nothing.csv", "there is no such file"),
        ("*.parquet", "no file matches"),
        ("empty", "has no file with a name that is known"),
        ("mixed", "several formats: csv (2), text (1)"),
        ("mixed/b.xlsx", "does not tell its format"),
        ("pipe", "neither a file nor a directory"),
    ],
)
def test_what_is_not_there_or_not_clear_is_refused(tmp_path: Path, pattern: str, told: str) -> None:
    write(tmp_path, "mixed/a.csv", "mixed/b.csv", "mixed/LICENSE.txt", "mixed/b.xlsx")
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError) as error:
        find_files([f"{tmp_path}/{pattern}"], InputOptions())
    assert str(error.value).startswith(f"{tmp_path}/{pattern}: ")
    assert told in str(error.value)


def test_no_input_at_all_is_refused() -> None:
    with pytest.raises(InputError, match="There is no input"):
        find_files([], InputOptions())


def test_standard_input_needs_a_stated_format() -> None:
    with pytest.raises(InputError, match="--input-format"):
        find_files(["-"], InputOptions())


def test_compressed_names_are_files_too(tmp_path: Path) -> None:
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"hello\n"))
    assert found(tmp_path, "*.gz") == ["a.txt.gz"]
