"""Findings about a checkpoint."""

from __future__ import annotations

import pytest
from doctor_answers import HUB, MODEL, examined_with

from distilbert_sentiment_arch.doctor.checks.hub import check_hub
from distilbert_sentiment_arch.doctor.checks.model import check_model, finding_of
from distilbert_sentiment_arch.doctor.examined import ExamineOptions
from distilbert_sentiment_arch.doctor.model_report import ModelReport
from distilbert_sentiment_arch.machine.hub import Hub

REACHABLE, OFFLINE, SILENT = Hub(HUB), Hub(HUB, offline=True), Hub(HUB, error="timed out")


def test_a_checkpoint_that_can_be_served() -> None:
    finding = finding_of(MODEL, SILENT)
    assert finding.level == "ok"
    assert finding.found == "a-model: BertForSequenceClassification, labels NEGATIVE, POSITIVE"


def test_a_refusal_is_in_the_words_of_serve() -> None:
    reason = "config.json: architectures is GPT2LMHeadModel, which is not served."
    finding = finding_of(ModelReport("refused", "a-model", reason), REACHABLE)
    assert (finding.level, finding.meaning) == ("unfit", reason)


@pytest.mark.parametrize("state", ["absent", "incomplete"])
@pytest.mark.parametrize(
    ("hub", "level"), [(REACHABLE, "warning"), (OFFLINE, "unfit"), (SILENT, "unfit")]
)
def test_what_is_not_here_has_to_come_from_the_hub(state: str, hub: Hub, level: str) -> None:
    report = ModelReport(state, "someone/a-model", "not here")  # type: ignore[arg-type]
    assert finding_of(report, hub).level == level


def test_a_process_that_fails_over_a_checkpoint_is_a_finding() -> None:
    (finding,) = check_model(examined_with(model=None, model_failure="ended by SIGKILL"))
    assert finding.level == "unfit"
    assert "ended by SIGKILL" in finding.meaning


@pytest.mark.parametrize(
    ("model", "hub", "level"),
    [
        (None, SILENT, "ok"),
        ("/a/directory", SILENT, "ok"),
        ("someone/a-model", SILENT, "warning"),
        ("someone/a-model", OFFLINE, "ok"),
        ("someone/a-model", REACHABLE, "ok"),
    ],
)
def test_the_hub_matters_to_models_of_the_hub(model: str | None, hub: Hub, level: str) -> None:
    (finding,) = check_hub(examined_with(ExamineOptions(model=model), hub=hub))
    assert finding.level == level
