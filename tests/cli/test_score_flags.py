"""Flags of `score`, and the job that they make."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from distilbert_sentiment_arch.bulk.options import InputOptions, JobOptions, ModelOptions
from distilbert_sentiment_arch.classify.interface import Truncation
from distilbert_sentiment_arch.cli.score_flags import add_score_flags, job_options, report_path
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.explain.explanation import ExplainOptions


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_score_flags(parser)
    parser.add_argument("--model")
    parser.add_argument("--revision")
    return parser.parse_args([*arguments, "--output", "out"])


def job(*arguments: str) -> JobOptions:
    return job_options(parsed("in", *arguments))


def test_defaults_are_those_of_a_job() -> None:
    model = ModelOptions(precision="float32")
    assert job() == JobOptions(("in",), "out", InputOptions(), model)


def test_every_option() -> None:
    found = job(
        *["more", "--text", "t", "--text-pair", "u", "--keep", 'a,"b, c"', "--keep", "d,a"],
        *["--id", "i", "--input-format", "csv", "--encoding", "latin-1", "--delimiter", "tab"],
        *["--types", "n=int64,d=decimal128(10,2)", "--types", "w=timestamp[ms]"],
        *["--format", "jsonl", "--on-error", "stop", "--part-rows", "7", "--model", "m"],
        *["--revision", "r", "--truncation", "window", "--max-tokens", "64"],
        *["--fallback", "mvp-29", "--explain", "--method", "owen", "--seed", "3"],
    )
    assert found == JobOptions(
        ("in", "more"),
        "out",
        InputOptions(
            "t",
            "u",
            ("i", "a", "b, c", "d"),
            "csv",
            "latin-1",
            "\t",
            {"n": "int64", "d": "decimal128(10,2)", "w": "timestamp[ms]"},
        ),
        ModelOptions(
            "m",
            "r",
            "float32",
            Truncation("window", 64),
            ExplainOptions("owen", seed=3),
            "mvp-29",
        ),
        "jsonl",
        "stop",
        7,
    )


def test_nothing_or_the_id_alone_is_kept() -> None:
    assert job("--keep", "").input.keep == ()
    assert job("--keep", "", "--id", "i").input.keep == ("i",)
    assert job("--id", "i").input.keep is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--part-rows 0", "--part-rows is 0, and the least is 1"),
        ("--max-tokens 2", "--max-tokens is 2, and the least is 3"),
        ("--encoding klingon", "--encoding is 'klingon'"),
        ("--encoding base64", "--encoding is 'base64'"),
        ("--delimiter ab", "--delimiter is 'ab'"),
        ('--delimiter "', "--delimiter is"),
        ("--types n", "--types has 'n', which is not COLUMN=TYPE"),
        ("--types =int64", "--types has '=int64'"),
        ("--seed 3", "--seed is of explanations. Add --explain"),
        ("--report r.pdf", "Let it end in .html or .png"),
        ("--report /nowhere/at/all.html", "not writable"),
        ("--ray auto --shard 0/2", "Leave one of them out"),
    ],
)
def test_flags_that_do_not_fit_are_named(arguments: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        job(*arguments.split())


def test_the_report_is_a_file_in_a_directory(tmp_path: Path) -> None:
    assert report_path(parsed("in")) is None
    path = tmp_path / "r.PNG"
    assert report_path(parsed("in", "--report", str(path))) == path
    (tmp_path / "d.html").mkdir()
    with pytest.raises(InputError, match="is a directory"):
        report_path(parsed("in", "--report", str(tmp_path / "d.html")))
