"""`max-sentiment score` from real files to real files, with a word list."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import os
import random
import re
import stat
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from commands import run_python

from distilbert_sentiment_arch.cli.main import main
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LexiconClassifier
from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list

WORDS = "good bad awful great film plot love hate boring ok nice the a and of superb".split()
ANSWERS = ["label", "score", "probabilities", "tokens", "tokens_read", "windows", "route", "error"]
LABELS = ("NEGATIVE", "NEUTRAL", "POSITIVE")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


Score = Callable[..., Ended]


@pytest.fixture
def score(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Score:
    """Runs the command with a word list, in this process."""

    def run(*arguments: str | Path, output: str | Path = tmp_path / "out") -> Ended:
        command = ["score", *map(str, arguments), "--output", str(output)]
        if "--model" not in command:
            command += ["--model", "afinn-111"]
        status = main(command)
        return Ended(status, *capfd.readouterr())

    return run


def texts(count: int, seed: int = 0) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=chance.randint(1, 12))) for _ in range(count)]


def table(count: int, seed: int = 0) -> pa.Table:
    columns = {"id": [f"{seed}-{row}" for row in range(count)], "review": texts(count, seed)}
    return pa.table(columns, pa.schema(dict.fromkeys(columns, pa.string())))


def parts(output: Path) -> list[Path]:
    return sorted(output.glob("part-*"))


def rows(output: Path) -> list[dict[str, Any]]:
    """All rows of an output, with the probabilities as a list, whatever its format."""
    found: list[dict[str, Any]] = []
    for part in parts(output):
        if part.suffix == ".parquet":
            found += pq.read_table(part).to_pylist()
        elif part.suffix == ".jsonl":
            for line in part.read_text("utf-8").splitlines():
                values = json.loads(line)
                if values["probabilities"] is not None:
                    assert list(values["probabilities"]) == list(LABELS)
                    values["probabilities"] = list(values["probabilities"].values())
                found.append(values)
        else:
            with part.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    values = {
                        name: value or None for name, value in row.items() if name[:2] != "p_"
                    }
                    probabilities = [row[f"p_{label}"] for label in LABELS]
                    values["probabilities"] = (
                        [float(each) for each in probabilities] if probabilities[0] else None
                    )
                    values["score"] = float(row["score"]) if row["score"] else None
                    for name in ("tokens", "tokens_read", "windows"):
                        values[name] = int(row[name])
                    found.append(values)
    return found


def expected(review: str) -> tuple[str, list[float]]:
    """The answer by the classifier that the servers ask."""
    classifier = LexiconClassifier(embedded_word_list("afinn-111"))
    (answer,) = classifier.classify_texts([review])
    scores = pa.array(answer.scores, pa.float32()).to_pylist()
    return answer.label, scores


def check_rows(found: Sequence[dict[str, Any]], source: pa.Table) -> None:
    assert [row["id"] for row in found] == source["id"].to_pylist()
    for row, review in zip(found, source["review"].to_pylist(), strict=True):
        label, scores = expected(review)
        assert row["review"] == review
        assert (row["label"], row["error"], row["route"]) == (label, None, "lexicon")
        assert row["probabilities"] == pytest.approx(scores, abs=1e-7)
        assert row["score"] == pytest.approx(scores[LABELS.index(label)], abs=1e-7)


def write_parquet(path: Path, source: pa.Table) -> None:
    pq.write_table(source, path, row_group_size=100)


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


def test_rows_that_cannot_be_scored_keep_their_place(score: Score, tmp_path: Path) -> None:
    reviews = ["good", None, "", "  ", "nul\0", "bad"]
    source = pa.table({"id": [str(row) for row in range(6)], "review": reviews})
    write_parquet(tmp_path / "a.parquet", source)
    report = tmp_path / "report.html"
    ended = score(tmp_path / "a.parquet", "--text", "review", "--id", "id", "--report", report)
    assert ended.status == 0, ended.stderr
    found = rows(tmp_path / "out")
    assert [row["id"] for row in found] == list("012345")
    assert [row["label"] is None for row in found] == [False, True, True, True, True, False]
    for row in found[1:5]:
        assert row["error"], row
        assert row["score"] is row["probabilities"] is row["route"] is None
        assert (row["windows"]) == 0
    assert "2 scored, 4 failed" in ended.stdout
    page = report.read_text("utf-8")
    failed = page.partition("Failed rows: 4 of 4")[2].partition("</table>")[0]
    listed = re.findall(r"<td><bdi>(\d)</bdi></td><td><bdi>(\d)</bdi></td><td>", failed)
    assert listed == [(each, each) for each in "1234"]


def test_hostile_texts_and_names_do_not_break_the_report(score: Score, tmp_path: Path) -> None:
    name = "<script>alert(1)</script>"
    source = pa.table({"id": [f"{name}{row}" for row in range(3)], "review": [None] * 3})
    write_parquet(tmp_path / "a&b<i>.parquet", source)
    report = tmp_path / "r.html"
    ended = score(tmp_path / "a&b<i>.parquet", "--text", "review", "--id", "id", "--report", report)
    assert ended.status == 0, ended.stderr
    page = report.read_text("utf-8")
    assert "<script" not in page
    assert "<i>" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3


def test_on_error_stop_ends_with_the_row_and_keeps_what_is_done(
    score: Score, tmp_path: Path
) -> None:
    source = table(50)
    reviews = source["review"].to_pylist()
    reviews[31] = None
    write_parquet(tmp_path / "a.parquet", pa.table({"id": source["id"], "review": reviews}))
    flags = [tmp_path / "a.parquet", "--text", "review", "--part-rows", "10"]
    ended = score(*flags, "--on-error", "stop")
    assert ended.status == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "a.parquet: row 32: " in ended.stderr
    assert not (tmp_path / "out" / "_SUCCESS").exists()
    ended = score(*flags)
    assert ended.status == 0, ended.stderr
    assert [row["error"] is None for row in rows(tmp_path / "out")] == [
        index != 31 for index in range(50)
    ]


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


def test_bad_lines_are_rows_with_their_reason(score: Score, tmp_path: Path) -> None:
    lines = [
        b'{"id": "a", "review": "good"}',
        b'{"id": "b", "review": "bad \xff"}',
        b'{"id": "c", "review": "\\ud83d alone"}',
        b"not json",
        b'{"id": "e", "review": 7}',
        b'{"id": "f", "review": "bad"}',
    ]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    ended = score(tmp_path / "a.jsonl", "--text", "review")
    assert ended.status == 0, ended.stderr
    found = rows(tmp_path / "out")
    assert [row["label"] for row in found] == ["POSITIVE", *[None] * 4, "NEGATIVE"]
    assert all(row["error"] for row in found[1:5])


def test_a_quote_that_never_ends_loses_no_row_around_it(score: Score, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,review\n1,good\n2,bad\n3,"never\n4,awful\n')
    ended = score(tmp_path / "a.csv", "--text", "review")
    assert ended.status == 0, ended.stderr
    found = rows(tmp_path / "out")
    assert [row["label"] for row in found] == ["POSITIVE", "NEGATIVE", None, "NEGATIVE"]
    assert "line 4" in found[2]["error"]


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


def test_progress_lines_parse_and_end_with_the_whole_job(score: Score, tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", table(100))
    flags = [tmp_path / "a.parquet", "--text", "review", "--part-rows", "30"]
    ended = score(*flags, "--progress", "jsonl")
    assert ended.status == 0
    assert ended.stdout == ""
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    kinds = [line["event"] for line in lines if line["event"] != "progress"]
    assert kinds == ["start", *["part"] * 4, "end"]
    assert [line["parts"] for line in lines if line["event"] == "part"] == [1, 2, 3, 4]
    assert (lines[0]["rows"], lines[0]["rows_total"], lines[0]["parts_total"]) == (0, 100, 4)
    assert lines[-1]["rows"] == lines[-1]["total"]["rows"] == 100
    again = score(*flags, "--progress", "jsonl")
    end = json.loads(again.stderr.splitlines()[-1])
    assert (end["event"], end["rows"], end["rows_of_this_run"]) == ("end", 100, 0)
    assert end["total"] == lines[-1]["total"]


def test_an_error_is_an_event_and_a_line(score: Score, tmp_path: Path) -> None:
    ended = score(tmp_path / "none.parquet", "--progress", "jsonl")
    assert ended.status == 1
    event, line = ended.stderr.splitlines()
    assert json.loads(event)["event"] == "failed"
    assert line == f"max-sentiment: {json.loads(event)['message']}"


def test_no_progress_is_silence(score: Score, tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", table(10))
    ended = score(tmp_path / "a.parquet", "--text", "review", "--progress", "none")
    assert ended == Ended(0, "", "")


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
