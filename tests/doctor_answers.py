"""Answers to the doctor's slow questions, as a machine that is fit gives them, and others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from distilbert_sentiment_arch.doctor.child import Answer
from distilbert_sentiment_arch.doctor.examined import Examined, ExamineOptions
from distilbert_sentiment_arch.doctor.model_report import ModelReport
from distilbert_sentiment_arch.doctor.questions import Answers, MaxReport
from distilbert_sentiment_arch.machine.accelerators import Accelerators
from distilbert_sentiment_arch.machine.hub import Hub

HUB = "https://hub.example"

WARM: dict[str, Any] = {
    "precision": "float32",
    "reason": "the setting asks for it",
    "graph": "graph-0123.sealed",
    "compiled": True,
    "problem": "",
    "unchecked": False,
    "compiled_for": "",
}

MODEL = ModelReport(
    "fit",
    "a-model",
    directory="/models/a",
    architecture="BertForSequenceClassification",
    labels=("NEGATIVE", "POSITIVE"),
    float32_bytes=90_852_872,
)

FIT = Answers(MODEL, MaxReport(2.5, WARM, Answer((), 0)), Accelerators(), Hub(HUB))


def failed(errors: str = "", status: int | None = 1) -> MaxReport:
    """Returns what is known where MAX could not be imported."""
    return MaxReport(None, {}, Answer((), status, errors))


def examined_with(options: ExamineOptions | None = None, **answers: Any) -> Examined:
    """Returns what checks are given: a fit machine, with some other answers.

    Args:
        options: What a server is to be started with.
        **answers: Fields of ``Answers``, or of a warm cache as ``warmth``.
    """
    if "warmth" in answers:
        warmth = WARM | answers.pop("warmth")
        answers["max"] = MaxReport(2.5, warmth, Answer((), 0))
    return Examined(options or ExamineOptions(), replace(FIT, **answers))
