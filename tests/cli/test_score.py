"""`max-sentiment score` from real files to real files, with a word list."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from commands import run_python
from scored_files import ANSWERS, Score, check_rows, parts, rows, table, texts, write_parquet


def write_csv(path: Path, source: pa.Table) -> None:
    pyarrow.csv.write_csv(source, path)


def write_jsonl(path: Path, source: pa.Table) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in source.to_pylist()), "utf-8")


def write_arrow(path: Path, source: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, source.schema) as writer:
        writer.write_table(source, max_chunksize=100)


def zipped(write: Callable[[Path, pa.Table], None], pack: Callable[[bytes], bytes]) -> Any:
    def written(path: Path, source: pa.Table) -> None:
        write(path, source)
        path.write_bytes(pack(path.read_bytes()))

    return written


INPUTS = {
    "a.parquet": write_parquet,
    "a.csv": write_csv,
    "a.csv.gz": zipped(write_csv, gzip.compress),
    "a.jsonl": write_jsonl,
    "a.jsonl.bz2": zipped(write_jsonl, bz2.compress),
    "a.arrow": write_arrow,
}


@pytest.mark.parametrize("output_format", ["parquet", "jsonl", "csv"])
@pytest.mark.parametrize("name", INPUTS)
def test_every_format_in_and_out(
    score: Score, tmp_path: Path, name: str, output_format: str
) -> None:
    source = table(750)
    INPUTS[name](tmp_path / name, source)
    ended = score(
        tmp_path / name, "--text", "review", "--format", output_format, "--part-rows", "300"
    )
    assert ended.status == 0, ended.stderr
    found = parts(tmp_path / "out")
    assert [part.name for part in found] == [
        f"part-00000-{index:06}.{output_format}" for index in range(3)
    ]
    check_rows(rows(tmp_path / "out"), source)
    assert (tmp_path / "out" / "_SUCCESS").exists()
    assert ended.stdout.startswith("750 rows in 3 parts by afinn-111: 750 scored, 0 failed\n")


def test_lines_of_text_in_a_file_and_on_standard_input(score: Score, tmp_path: Path) -> None:
    lines = texts(30)
    (tmp_path / "a.txt").write_text("\n".join(lines) + "\n", "utf-8")
    assert score(tmp_path / "a.txt").status == 0
    command = ["-m", "distilbert_sentiment_arch.cli", "score", "-", "--input-format", "text"]
    command += ["--model", "afinn-111", "--output", str(tmp_path / "piped")]
    ended = run_python(*command, stdin="\n".join(lines))
    assert ended.returncode == 0, ended.stderr
    for output in (tmp_path / "out", tmp_path / "piped"):
        found = rows(output)
        assert [row["text"] for row in found] == lines
        assert list(found[0]) == ["text", *ANSWERS]


def test_shards_write_one_output_together(score: Score, tmp_path: Path) -> None:
    source = table(100)
    write_parquet(tmp_path / "a.parquet", source)
    flags = [tmp_path / "a.parquet", "--text", "review", "--part-rows", "10"]
    for shard in ("1/2", "0/2"):
        assert not (tmp_path / "out" / "_SUCCESS").exists()
        ended = score(*flags, "--shard", shard)
        assert ended.status == 0, ended.stderr
    assert (tmp_path / "out" / "_SUCCESS").exists()
    check_rows(rows(tmp_path / "out"), source)
    ended = score(*flags, "--shard", "2/2")
    assert ended.status == 1
    assert "--shard is '2/2'" in ended.stderr


def test_explanations_are_a_column_of_json(score: Score, tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", table(5))
    assert score(tmp_path / "a.parquet", "--text", "review", "--explain").status == 0
    for row in rows(tmp_path / "out"):
        units = json.loads(row["explanation"])["units"]
        assert [unit["text"] for unit in units] == row["review"].split()


def test_a_directory_a_glob_and_files_keep_their_order(score: Score, tmp_path: Path) -> None:
    sources = {name: table(20, seed) for seed, name in enumerate(["b", "a", "c"])}
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for name, source in sources.items():
        write_parquet(tmp_path / "in" / f"{name}.parquet", source)
    by_name = pa.concat_tables([sources["a"], sources["b"], sources["c"]])
    for index, given in enumerate([tmp_path / "in", tmp_path / "in" / "*.parquet"]):
        output = tmp_path / f"out{index}"
        assert score(given, "--text", "review", output=output).status == 0
        check_rows(rows(output), by_name)
    given = [tmp_path / "in" / f"{name}.parquet" for name in "cab"]
    assert score(*given, "--text", "review", output=tmp_path / "out2").status == 0
    as_given = pa.concat_tables([sources["c"], sources["a"], sources["b"]])
    check_rows(rows(tmp_path / "out2"), as_given)


def test_columns_that_are_kept(score: Score, tmp_path: Path) -> None:
    source = table(5).append_column("stars", pa.array(range(5)))
    write_parquet(tmp_path / "a.parquet", source)
    cases = {
        (): ["id", "review", "stars"],
        ("--keep", "stars"): ["stars"],
        ("--keep", "stars", "--id", "id"): ["id", "stars"],
        ("--keep", "stars,id"): ["stars", "id"],
        ("--keep", ""): [],
        ("--id", "stars"): ["id", "review", "stars"],
    }
    for index, (flags, names) in enumerate(cases.items()):
        output = tmp_path / f"out{index}"
        ended = score(tmp_path / "a.parquet", "--text", "review", *flags, output=output)
        assert ended.status == 0, ended.stderr
        assert pq.read_schema(parts(output)[0]).names == [*names, *ANSWERS]


def test_csv_with_types_a_delimiter_and_an_encoding(score: Score, tmp_path: Path) -> None:
    content = 'Straße;n\n"good; ""very"" good\nfilm";1\nschön bad;2\n'
    (tmp_path / "a.csv").write_bytes(content.encode("latin-1"))
    ended = score(
        tmp_path / "a.csv",
        *["--text", "Straße", "--delimiter", ";", "--encoding", "latin-1", "--types", "n=int64"],
    )
    assert ended.status == 0, ended.stderr
    found = rows(tmp_path / "out")
    assert [row["Straße"] for row in found] == ['good; "very" good\nfilm', "schön bad"]
    assert [row["n"] for row in found] == [1, 2]
    assert [row["label"] for row in found] == ["POSITIVE", "NEGATIVE"]


def test_running_again_does_nothing_and_new_files_are_added(score: Score, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_parquet(tmp_path / "in" / "b.parquet", table(20, 1))
    assert score(tmp_path / "in", "--text", "review").status == 0
    before = {part.name: part.stat().st_mtime_ns for part in parts(tmp_path / "out")}
    ended = score(tmp_path / "in", "--text", "review")
    assert ended.status == 0
    assert "nothing was left to do" in ended.stdout
    assert {part.name: part.stat().st_mtime_ns for part in parts(tmp_path / "out")} == before
    write_parquet(tmp_path / "in" / "a.parquet", table(10, 2))
    ended = score(tmp_path / "in", "--text", "review")
    assert ended.status == 0, ended.stderr
    assert "10 rows in this run" in ended.stdout
    check_rows(rows(tmp_path / "out"), pa.concat_tables([table(20, 1), table(10, 2)]))


def test_files_without_rows(score: Score, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, source in {"a": table(0), "b": table(3), "c": table(0)}.items():
        write_parquet(tmp_path / "in" / f"{name}.parquet", source)
    assert score(tmp_path / "in", "--text", "review").status == 0
    check_rows(rows(tmp_path / "out"), table(3))
    ended = score(tmp_path / "in" / "a.parquet", "--text", "review", output=tmp_path / "empty")
    assert ended.status == 0, ended.stderr
    assert rows(tmp_path / "empty") == []
    assert json.loads((tmp_path / "empty" / "_SUCCESS").read_text())["rows"] == 0
    assert pq.read_schema(parts(tmp_path / "empty")[0]).names == ["id", "review", *ANSWERS]


def test_thousands_of_tiny_files_become_few_parts(score: Score, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    lines = texts(2_000)
    for index, line in enumerate(lines):
        (tmp_path / "in" / f"{index:05}.txt").write_text(line)
    ended = score(tmp_path / "in")
    assert ended.status == 0, ended.stderr
    assert [row["text"] for row in rows(tmp_path / "out")] == lines
    assert len(parts(tmp_path / "out")) < 20
