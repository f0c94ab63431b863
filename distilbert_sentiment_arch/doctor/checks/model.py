"""The checkpoint: whether it is one that can be served, in the words with which it is refused."""

from __future__ import annotations

from distilbert_sentiment_arch.doctor.examined import Examined
from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.doctor.model_report import ModelReport
from distilbert_sentiment_arch.machine.hub import Hub

AREA = "model"
NAME = "model.checkpoint"

_SHOWN = 4
"""Labels that are listed."""


def check_model(examined: Examined) -> list[Finding]:
    """Returns the findings of this area."""
    answers = examined.answers
    if answers.model is None:
        return [
            Finding(
                AREA,
                NAME,
                examined.options.model or "the embedded one",
                f"could not be looked at: {answers.model_failure}",
                "See software.packages, memory.limit and memory.address_space.",
                "unfit",
            )
        ]
    return [finding_of(answers.model, answers.hub)]


def finding_of(report: ModelReport, hub: Hub) -> Finding:
    """Returns the finding about a checkpoint."""
    if report.state == "fit":
        labels = ", ".join([*report.labels[:_SHOWN], *["..."] * (len(report.labels) > _SHOWN)])
        return Finding(
            AREA,
            NAME,
            f"{report.name}: {report.architecture}, labels {labels}",
            "configuration, weights and tokenizer can be served",
        )
    if report.state == "refused":
        return Finding(AREA, NAME, report.name, report.reason, "As the message says.", "unfit")
    if hub.reachable:
        return Finding(
            AREA,
            NAME,
            report.name,
            f"not whole on this machine ({report.reason}): the start downloads it first",
            "Download it ahead: hf download, or `max-sentiment warm`.",
            "warning",
        )
    return Finding(
        AREA,
        NAME,
        report.name,
        f"{report.reason}, and the hub cannot be asked: the server does not start",
        "Bring the checkpoint here and pass its directory as --model, or let this machine reach "
        f"{hub.address}.",
        "unfit",
    )
