"""Findings about settings: what the server refuses, in its words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from doctor_answers import MODEL, examined_with

from distilbert_sentiment_arch.cli.main import main
from distilbert_sentiment_arch.doctor.checks.settings import check_settings


def test_settings_that_are_valid_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_SENTIMENT_MAX_INPUTS", "5")
    (finding,) = check_settings(examined_with())
    assert finding.level == "ok"
    assert "MAX_SENTIMENT_MAX_INPUTS" in finding.found


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("MAX_SENTIMENT_DEADLINE_S", "limits"),
        ("MAX_SENTIMENT_API_KEYS_FILE", "api_keys"),
        ("MAX_SENTIMENT_PAGE", "page"),
        ("MAX_SENTIMENT_PRECISION", "precision"),
        ("MAX_SENTIMENT_DEVICE_FALLBACK", "device"),
        ("MAX_SENTIMENT_FALLBACK", "lexicon"),
    ],
)
def test_what_serve_refuses_is_unfit_in_its_words(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    name: str,
) -> None:
    monkeypatch.setenv(variable, "/no/such/value")
    (finding,) = check_settings(examined_with())
    assert (finding.name, finding.level) == (f"settings.{name}", "unfit")
    assert main(["serve", "--dry-run"]) == 1
    assert capsys.readouterr().err == f"max-sentiment: {finding.found}\n"


def test_a_fallback_needs_labels_that_word_lists_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_SENTIMENT_FALLBACK", "overload")
    assert check_settings(examined_with())[0].level == "ok"
    others = replace(MODEL, labels=("joy", "anger"))
    (finding,) = check_settings(examined_with(model=others))
    assert finding.level == "unfit"
    assert "joy, anger" in finding.found
