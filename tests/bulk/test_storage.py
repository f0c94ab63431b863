"""Storages: paths of this machine, a real S3-compatible server, fsspec, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import fsspec
import pytest
from object_store import ObjectStore
from pyarrow import fs

from distilbert_sentiment_arch.bulk.storage import locate, open_storage
from distilbert_sentiment_arch.errors import InputError


def content(uri: str) -> bytes:
    storage, path = open_storage(uri)
    with storage.open_input_stream(path) as stream:
        return bytes(stream.read())


@pytest.mark.parametrize("name", ["plain.txt", "with space é#%20?.txt", "a=1/b?c=d.txt"])
def test_paths_of_this_machine_are_taken_as_they_are(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"hello")
    assert content(str(path)) == b"hello"
    assert content(os.path.relpath(path)) == b"hello"
    assert content(f"file://{path}") == b"hello"


def test_the_home_directory_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_storage("~/reviews")[1] == str(tmp_path / "reviews")


def test_s3_listens_to_the_endpoint_of_the_environment(s3: ObjectStore) -> None:
    (s3.bucket("reading") / "with space é#1.txt").write_bytes(b"hello")
    assert content("s3://reading/with space é#1.txt") == b"hello"


def test_s3_writes_what_can_be_read_again(s3: ObjectStore) -> None:
    bucket = s3.bucket("writing")
    storage, path = open_storage("s3://writing/scored/part.txt")
    with storage.open_output_stream(path) as stream:
        stream.write(b"label")
    assert (bucket / "scored" / "part.txt").read_bytes() == b"label"


def test_the_endpoint_of_s3_comes_before_that_of_all_services(
    s3: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (s3.bucket("endpoints") / "a.txt").write_bytes(b"hello")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.environment["AWS_ENDPOINT_URL"])
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert content("s3://endpoints/a.txt") == b"hello"


def test_parameters_of_an_s3_uri_are_listened_to(
    s3: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (s3.bucket("parameters") / "a.txt").write_bytes(b"hello")
    host = s3.environment["AWS_ENDPOINT_URL"].removeprefix("http://")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    uri = f"s3://parameters/a.txt?endpoint_override={host}&scheme=http&region=us-east-1"
    assert content(uri) == b"hello"
    location = locate(uri)
    assert location.uri(location.path) == uri


def test_a_question_mark_in_an_s3_path_is_a_wildcard(s3: ObjectStore) -> None:
    location = locate("s3://bucket/part-?.parquet")
    assert (location.path, location.query) == ("bucket/part-?.parquet", "")


def test_gs_paths_have_their_bucket_first() -> None:
    storage, path = open_storage("gs://bucket/reviews/a.parquet")
    assert isinstance(storage, fs.GcsFileSystem)
    assert path == "bucket/reviews/a.parquet"


def test_other_schemes_are_opened_with_fsspec() -> None:
    with fsspec.open("memory://reviews/a.txt", "wb") as file:
        file.write(b"hello")
    assert content("memory://reviews/a.txt") == b"hello"
    location = locate("memory://reviews/a.txt")
    assert location.uri(location.path) == "memory://reviews/a.txt"


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("nosuch://host/a.txt", "'nosuch' is no scheme"),
        ("dropbox://host/a.txt", "the package for 'dropbox://' is missing"),
        ("hdfs://host:8020/a.txt", "its storage cannot be opened"),
        ("s3://*/a.txt", "wildcard"),
    ],
)
def test_a_storage_that_cannot_be_opened_is_refused(uri: str, told: str) -> None:
    with pytest.raises(InputError) as error:
        open_storage(uri)
    assert str(error.value).startswith(f"{uri}: ")
    assert told in str(error.value)
