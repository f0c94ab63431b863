"""Tool ``benchmark``: how many texts a second the model answers on this machine."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictInt

from distilbert_sentiment_arch.classify.input_text import check_inputs
from distilbert_sentiment_arch.mcp_server.progress import Report
from distilbert_sentiment_arch.mcp_server.services import Services
from distilbert_sentiment_arch.mcp_server.tool import Arguments, Tool
from distilbert_sentiment_arch.serving.wire import Counted, ValidText, WireModel

MOST_SECONDS = 300.0
START_S = 600.0
"""Most seconds in which the process of a measurement loads the model, and compiles what is not in
the cache."""


class BenchmarkArguments(Arguments):
    """What to measure; the model and its precision are those of the server."""

    texts: Annotated[list[ValidText] | None, Counted] = Field(
        default=None,
        description="Texts as they will come; sentences of one word to a paragraph by default.",
    )
    rounds: StrictInt = Field(default=5, ge=1, le=1000, description="Rounds over all texts.")
    seconds: float = Field(
        default=20.0,
        gt=0,
        le=MOST_SECONDS,
        description="Seconds after which no further request is measured.",
    )


class BenchmarkResult(WireModel):
    """What was measured, without HTTP and without other callers."""

    model: str
    precision: str | None = Field(description="What the model computed in; null for a word list.")
    texts: int = Field(description="Different texts.")
    cores: int = Field(description="Logical processors that the process may use; 0: not known.")
    start_seconds: float = Field(description="Loading and the first requests.")
    complete: bool = Field(description="False where the time was over before all rounds were.")
    texts_per_second: float = Field(description="Of requests with up to 64 texts each.")
    tokens_per_second: float
    texts_measured: int
    p50_ms: float = Field(description="Half of the requests with one text took at most this long.")
    p99_ms: float = Field(description="99 of 100 took at most this long.")
    latencies_measured: int = Field(description="Requests with one text.")


async def benchmark(
    services: Services, arguments: BenchmarkArguments, report: Report
) -> BenchmarkResult:
    """Measures in a process of its own; see ``jobs.benchmark``."""
    if arguments.texts is not None:
        services.check_size(arguments.texts)
        check_inputs(arguments.texts)
    request = {
        "model": services.choice.model,
        "revision": services.choice.revision,
        **arguments.model_dump(),
    }
    timeout_s = START_S + arguments.seconds + services.limits.deadline_s
    found = await services.jobs.measure("benchmark", request, report, timeout_s)
    return BenchmarkResult.model_validate(found)


TOOL = Tool(
    name="benchmark",
    title="Measure speed",
    description=(
        "Measures how fast the served model classifies on this machine, on texts of yours or "
        "built-in ones: texts a second in batches, and the median and 99th percentile of the time "
        "for one text. It takes the seconds that you give it and some more to load the model; it "
        "reports progress and can be cancelled. All processors are busy meanwhile."
    ),
    arguments=BenchmarkArguments,
    result=BenchmarkResult,
    run=benchmark,
)
