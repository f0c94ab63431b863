"""`max-sentiment score` where it cannot start or go on: one line, and nothing half-written."""

from __future__ import annotations

import gzip
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest
from scored_files import Score, table, write_parquet


def test_other_options_are_refused_with_what_differs(score: Score, tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", table(20))
    flags = [tmp_path / "a.parquet", "--text", "review"]
    assert score(*flags).status == 0
    for more, said in (
        (["--model", "mvp-29"], "afinn-111"),
        (["--keep", "id"], "--keep"),
        (["--part-rows", "7"], "--part-rows"),
    ):
        ended = score(*flags, *more)
        assert ended.status == 1
        assert len(ended.stderr.splitlines()) == 1
        assert said in ended.stderr
    write_parquet(tmp_path / "a.parquet", table(21))
    ended = score(*flags)
    assert ended.status == 1
    assert "a.parquet" in ended.stderr


def truncated_parquet(path: Path) -> Path:
    write_parquet(path / "a.parquet", table(500))
    content = (path / "a.parquet").read_bytes()
    (path / "a.parquet").write_bytes(content[: len(content) // 2])
    return path / "a.parquet"


def no_parquet(path: Path) -> Path:
    (path / "a.parquet").write_bytes(b"<html>404</html>" * 100)
    return path / "a.parquet"


def truncated_gzip(path: Path) -> Path:
    content = gzip.compress("".join(f"good {row}\n" for row in range(9999)).encode())
    (path / "a.txt.gz").write_bytes(content[:-20])
    return path / "a.txt.gz"


def mixed_schemas(path: Path) -> Path:
    (path / "in").mkdir()
    write_parquet(path / "in" / "a.parquet", table(5))
    write_parquet(path / "in" / "b.parquet", pa.table({"id": [1], "text": ["good"]}))
    return path / "in"


def mixed_types(path: Path) -> Path:
    (path / "in").mkdir()
    write_parquet(path / "in" / "a.parquet", table(5))
    other = pa.table({"id": [{"a": 1}], "review": ["good"]})
    write_parquet(path / "in" / "b.parquet", other)
    return path / "in"


def empty_directory(path: Path) -> Path:
    (path / "in").mkdir()
    return path / "in"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (truncated_parquet, "a.parquet"),
        (no_parquet, "a.parquet"),
        (truncated_gzip, "a.txt.gz"),
        (mixed_schemas, "b.parquet"),
        (mixed_types, "b.parquet"),
        (empty_directory, "in"),
        (lambda path: path / "nothing.parquet", "nothing.parquet"),
        (lambda path: path / "*.csv", "*.csv"),
    ],
)
def test_input_that_cannot_be_read_is_said_in_one_line(
    score: Score, tmp_path: Path, make: Callable[[Path], Path], said: str
) -> None:
    given = make(tmp_path)
    column = "text" if given.suffix == ".gz" else "review"
    ended = score(given, "--text", column)
    assert ended.status == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("max-sentiment: ")
    assert said in line
    assert not (tmp_path / "out" / "_SUCCESS").exists()


def test_a_wrong_column_names_those_that_exist(score: Score, tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", table(5))
    for flags in (["--text", "reveiw"], ["--text", "review", "--id", "ids"]):
        ended = score(tmp_path / "a.parquet", *flags)
        assert ended.status == 1
        (line,) = ended.stderr.splitlines()
        assert "'id'" in line
        assert "'review'" in line
        assert flags[-1] in line
    assert not (tmp_path / "out").exists(), "nothing is made before the columns are known"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_output_that_may_not_be_written(score: Score, tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", table(5))
    (tmp_path / "closed").mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
    ended = score(tmp_path / "a.parquet", "--text", "review", output=tmp_path / "closed" / "out")
    assert ended.status == 1
    assert len(ended.stderr.splitlines()) == 1


def test_output_below_a_file_and_output_of_others(score: Score, tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", table(5))
    (tmp_path / "file").write_text("")
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "mine.parquet").write_text("")
    for output in (tmp_path / "file" / "out", tmp_path / "others"):
        ended = score(tmp_path / "a.parquet", "--text", "review", output=output)
        assert ended.status == 1
        (line,) = ended.stderr.splitlines()
        assert str(output) in line
    assert [each.name for each in (tmp_path / "others").iterdir()] == ["mine.parquet"]


def test_without_pyarrow_the_command_to_install_it_is_said(
    score: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distilbert_sentiment_arch.cli import score as module

    found = module.find_spec
    monkeypatch.setattr(
        module, "find_spec", lambda name: None if name == "pyarrow" else found(name)
    )
    ended = score(tmp_path / "a.parquet")
    assert ended.status == 1
    assert "pip install 'max-sentiment[score]'" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert sys.modules["pyarrow"] is pa
