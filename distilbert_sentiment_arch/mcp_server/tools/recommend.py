"""Tool ``recommend``: the flags of ``max-sentiment serve`` that suit this machine and texts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt

from distilbert_sentiment_arch.classify.input_text import check_inputs
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.mcp_server.progress import Report
from distilbert_sentiment_arch.mcp_server.services import Services
from distilbert_sentiment_arch.mcp_server.tool import Arguments, Tool
from distilbert_sentiment_arch.recommend.request import LEAST_AGREEMENT, SECONDS, Goal
from distilbert_sentiment_arch.serving.wire import Counted, ValidText, WireModel
from distilbert_sentiment_arch.settings.precision import PRECISIONS, Precision

MOST_SECONDS = 600.0
STARTS_S = 1800.0
"""Most seconds for the starts of all that is measured, each of which may compile."""


class RecommendArguments(Arguments):
    """What to recommend settings for; the model is that of the server."""

    goal: Goal = Field(
        description="latency: a lone text is answered soonest; throughput: most texts a second; "
        "cost: least to pay for a text."
    )
    texts: Annotated[list[ValidText] | None, Counted] = Field(
        default=None, description="Texts as they will come; built-in sentences by default."
    )
    p99_ms: float | None = Field(
        default=None, gt=0, description="Milliseconds that 99 of 100 requests may take at most."
    )
    least_agreement: float = Field(
        default=LEAST_AGREEMENT,
        ge=0,
        le=100,
        description="Percentage of labels of your texts that a lower precision has to share with "
        "float32.",
    )
    precisions: list[Precision] | None = Field(
        default=None,
        max_length=len(PRECISIONS),
        description="Precisions to try beside float32; all that this processor is fast in by "
        "default.",
    )
    seconds: float = Field(
        default=SECONDS,
        gt=0,
        le=MOST_SECONDS,
        description="Seconds of measuring; the starts of what is measured come on top.",
    )
    callers: StrictInt | None = Field(
        default=None, ge=1, le=64, description="Clients that send requests at the same time."
    )
    texts_per_request: StrictInt = Field(default=1, ge=1, le=64)


class SettingsNote(WireModel):
    """Settings of a server."""

    device: str
    precision: str
    cores: int
    batch_tokens: int


class EstimateNote(WireModel):
    """A figure with its 95% interval."""

    value: float
    low: float
    high: float | None


class FiguresNote(WireModel):
    """What was measured."""

    texts_per_second: EstimateNote
    p50_ms: EstimateNote
    p99_ms: EstimateNote
    cost: EstimateNote = Field(description="Of a million texts, in core-hours.")
    memory_mb: EstimateNote | None
    requests: int
    failed: int


class OtherSettings(WireModel):
    """Settings that are not recommended."""

    settings: SettingsNote
    stage: Literal["not measured", "without a server", "served"]
    reason: str = Field(description="Why they are not recommended.")
    agreement: float | None = Field(description="Percentage of labels shared with float32.")
    figures: FiguresNote | None


class RecommendResult(WireModel):
    """Settings for a goal, and what to expect of them."""

    model: str
    flags: list[str] = Field(
        description="Flags of max-sentiment serve; none where its defaults are best."
    )
    settings: SettingsNote
    callers: int = Field(description="Clients at a time that the figures hold for.")
    figures: FiguresNote
    texts: str = Field(description="What was measured with, in words.")
    machine: str
    versions: dict[str, str]
    seconds: float = Field(description="Seconds that it took.")
    others: list[OtherSettings]


async def recommend(
    services: Services, arguments: RecommendArguments, report: Report
) -> RecommendResult:
    """Measures in a process of its own; see ``recommend.recommendation``."""
    if services.model is None:
        raise InputError("This server has word lists only, and settings are those of a model.")
    if arguments.texts is not None:
        services.check_size(arguments.texts)
        check_inputs(arguments.texts)
    request = {
        "model": services.choice.checkpoint,
        "revision": services.choice.revision,
        **arguments.model_dump(),
    }
    timeout_s = STARTS_S + arguments.seconds
    found = await services.jobs.measure("recommend", request, report, timeout_s)
    return RecommendResult.model_validate(found)


TOOL = Tool(
    name="recommend",
    title="Recommend settings",
    description=(
        "Measures the settings that make sense on this machine for the served model (device, "
        "precision, cores, batch size), on texts of yours or built-in ones, and returns the flags "
        "of max-sentiment serve for a goal, with texts a second, latency and memory to expect. "
        "It takes minutes; it reports progress and can be cancelled. All processors are busy "
        "meanwhile. Nothing is changed or remembered."
    ),
    arguments=RecommendArguments,
    result=RecommendResult,
    run=recommend,
)
