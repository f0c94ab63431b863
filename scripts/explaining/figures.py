"""Measured figures of explanations, kept in a file from which the tables are written."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

FIGURES = Path(__file__).with_name("figures.json")


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Mean(_Record):
    """A mean over texts and its standard error."""

    value: float
    error: float


class MethodFaithfulness(_Record):
    """How an order of the words is reflected in the answers.

    Attributes:
        method: Where the order is from.
        comprehensiveness: At each share of the words, see ``erasure.SHARES``.
        sufficiency: The same.
        comprehensiveness_aopc: The mean over the shares.
        sufficiency_aopc: The same.
        tau: Kendall's tau-b to leave_one_out, over texts.
    """

    method: str
    comprehensiveness: list[float]
    sufficiency: list[float]
    comprehensiveness_aopc: Mean
    sufficiency_aopc: Mean
    tau: Mean | None


class Faithfulness(_Record):
    """The orders of the words of one file's texts.

    Attributes:
        texts: Texts that were explained.
        words: Words of the middle one of them.
        seed: Seed of the sample of texts and of the random orders.
        model: Name of the checkpoint.
        versions: Versions of the packages.
        date: Day of the measurement.
        methods: A record for each order.
    """

    texts: int
    words: int
    seed: int
    model: str
    versions: dict[str, str]
    date: str
    methods: list[MethodFaithfulness]


class Interval(_Record):
    """A median and its bootstrap interval."""

    value: float
    low: float
    high: float


class ExplainerSpeed(_Record):
    """One text after the other in process, in float32.

    Attributes:
        explainer: What explains.
        p50_ms: Milliseconds of an explanation, median of the rounds' medians.
        per_second: Explanations a second, median of the rounds.
        times: Explanations a second in those of SHAP in the same round.
    """

    explainer: str
    p50_ms: Interval
    per_second: Interval
    times: Interval


class HttpSpeed(_Record):
    """One client, one text after the other, over HTTP, in float32.

    Attributes:
        classify_ms: Median of ``/classify``, median of the rounds.
        explain_ms: Median of ``/v1/explain``.
        times: The second in the first of the same round.
    """

    classify_ms: Interval
    explain_ms: Interval
    times: Interval


class Speed(_Record):
    """Explanations of texts of so many words.

    Attributes:
        words: Words of each text.
        texts: Different texts.
        rounds: Rounds in which all took turns.
        explainers: A record for each.
        http: The server.
        versions: Versions of the packages.
        machine: The processor.
        threads: Cores and threads.
        foreign: Share of the machine that other processes used while those in process were timed.
        date: Day of the measurement.
    """

    words: int
    texts: int
    rounds: int
    explainers: list[ExplainerSpeed]
    http: HttpSpeed
    versions: dict[str, str]
    machine: str
    threads: int
    foreign: float
    date: str


class Figures(_Record):
    """All that was measured.

    Attributes:
        faithfulness: By the name of the file of texts.
        speed: None if it was not measured.
    """

    faithfulness: dict[str, Faithfulness] = {}
    speed: Speed | None = None

    def write(self, path: Path = FIGURES) -> None:
        """Writes the file."""
        path.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_figures(path: Path = FIGURES) -> Figures:
    """Reads the file; without one nothing was measured."""
    if not path.exists():
        return Figures()
    return Figures.model_validate_json(path.read_text(encoding="utf-8"))
