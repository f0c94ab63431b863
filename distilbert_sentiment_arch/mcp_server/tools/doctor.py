"""Tool ``doctor``: what runs on this machine, and what to do about the rest."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from distilbert_sentiment_arch.doctor.finding import FIT, FIT_WITH_WARNINGS, UNFIT, Level
from distilbert_sentiment_arch.mcp_server.progress import Report
from distilbert_sentiment_arch.mcp_server.services import Services
from distilbert_sentiment_arch.mcp_server.tool import NoArguments, Tool
from distilbert_sentiment_arch.serving.wire import WireModel

TIMEOUT_S = 600.0

Verdict = Literal["fit", "fit with warnings", "unfit"]

VERDICTS: dict[int, Verdict] = {
    FIT: "fit",
    FIT_WITH_WARNINGS: "fit with warnings",
    UNFIT: "unfit",
}
"""By the exit status of ``max-sentiment doctor``."""


class FindingNote(WireModel):
    """A finding."""

    area: str = Field(description="What it belongs to: software, processor, memory, ...")
    name: str = Field(description="What was looked at; unique.")
    found: str
    meaning: str = Field(description="What that means for a server.")
    remedy: str = Field(description="What to do about it; empty where nothing needs to be done.")
    level: Level


class DoctorResult(WireModel):
    """What was found, and what it comes to."""

    verdict: Verdict
    findings: list[FindingNote]


async def doctor(services: Services, arguments: NoArguments, report: Report) -> DoctorResult:
    """Examines the machine in a process of its own; see ``doctor.examination``."""
    choice = services.choice
    request = {"model": choice.checkpoint, "revision": choice.revision}
    found = await services.jobs.run("doctor", request, report, TIMEOUT_S)
    return DoctorResult.model_validate(
        {"verdict": VERDICTS[found["status"]], "findings": found["findings"]}
    )


TOOL = Tool(
    name="doctor",
    title="Examine the machine",
    description=(
        "Examines the machine of this server: software, processor, memory, accelerators, caches, "
        "limits, ports, network. Says of each what was found, what it means for serving the model, "
        "and the remedy. Takes seconds; use it when something does not work or is slow."
    ),
    arguments=NoArguments,
    result=DoctorResult,
    run=doctor,
    # It asks whether the Hugging Face hub can be reached.
    open_world=True,
)
