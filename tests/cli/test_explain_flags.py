"""Flags of `classify` for explanations."""

from __future__ import annotations

import argparse

import pytest

from distilbert_sentiment_arch.cli.explain_flags import (
    add_explain_flags,
    add_output_flags,
    explain_options,
)
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.explain.explanation import ExplainOptions


def parsed(*arguments: str) -> ExplainOptions | None:
    parser = argparse.ArgumentParser()
    add_output_flags(parser)
    add_explain_flags(parser)
    return explain_options(parser.parse_args(arguments))


def test_without_the_flag_nothing_is_explained() -> None:
    assert parsed() is None
    assert parsed("--format", "table") is None
    assert parsed("--format", "jsonl") is None


def test_defaults_are_the_explainer_s() -> None:
    assert parsed("--explain") == ExplainOptions()


def test_every_option() -> None:
    flags = "--explain --method owen --units sentence --passes 99 --seed 7 --format html"
    assert parsed(*flags.split()) == ExplainOptions("owen", "sentence", 99, 7)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--method owen", "--method is of explanations. Add --explain"),
        ("--seed 0", "--seed is of explanations"),
        ("--output x", "--output is of explanations"),
        ("--format html", "--format html is not possible without --explain"),
        ("--format text", "table and jsonl are"),
        ("--explain --format table", "text and jsonl and html are"),
        ("--explain --seed -1", "--seed is -1, not from 0 to"),
        ("--explain --method owen --passes 1", "--passes is 1, and the least is 2"),
        ("--explain --passes 0", "--passes is 0"),
        ("--explain --passes 9", "--passes is of --method owen. Add that"),
        ("--explain --method leave_one_out --seed 0", "--seed is of --method owen"),
        (f"--explain --seed {2**53}", "not from 0 to 9007199254740991"),
    ],
)
def test_flags_that_do_not_fit_are_named(arguments: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parsed(*arguments.split())
