"""Tables of explanations: how faithful they are, and how fast."""

from __future__ import annotations

from collections.abc import Sequence

from distilbert_sentiment_arch.cli.explanation_marks import counted
from distilbert_sentiment_arch.explain.explanation import METHODS
from scripts.benchmarking.machine import ForeignLoad
from scripts.benchmarking.report_tables import Table, significant
from scripts.benchmarking.reports import markdown_rows
from scripts.explaining.erasure import SHARES
from scripts.explaining.faithfulness import RANDOM_ORDERS
from scripts.explaining.figures import Faithfulness, Figures, Interval, Mean, Speed
from scripts.explaining.reference_worker import SHAP

WRITTEN = "<!-- written by `./scripts/explanations` -->"
NOT_MEASURED = "Not measured yet."

CAVEAT = (
    "These metrics delete words, so they favour methods that delete words, as leave_one_out and "
    "owen do: they measure what deletion does to the answer, not what a reader "
    "would call the reason."
)

LEAST_TIMES_SHAP = 20
MOST_TIMES_CLASSIFY = 12


def faithfulness_lines(figures: Figures) -> list[str]:
    """Returns a table for each file of texts, and what it means."""
    if not figures.faithfulness:
        return [WRITTEN, "", NOT_MEASURED]
    lines = [WRITTEN]
    for name, found in figures.faithfulness.items():
        lines += ["", f"**{name}**", "", *markdown_rows(faithfulness_table(name, found)), ""]
        versions = ", ".join(" ".join(each) for each in found.versions.items())
        lines.append(
            f"`{found.model}`, {found.texts} texts, {found.words} words in the middle one, seed "
            f"{found.seed}; {versions}; {found.date}."
        )
    lines += [
        "",
        "Each number is the mean change of the answered label's probability; behind ± is the "
        "standard error. Comprehensiveness: the first words of an order are deleted, higher is "
        "better. Sufficiency: only they are left, lower is better. AOPC is the mean over the five "
        "shares of the words, each rounded up; words of equal value are in random order. Random "
        f"order is the mean of {RANDOM_ORDERS} orders. τ is Kendall's rank correlation with "
        f"{METHODS[0]}, the mean over texts.",
        "",
        CAVEAT,
    ]
    return lines


def faithfulness_table(name: str, found: Faithfulness) -> Table:
    """Returns a row for each order of the words, and columns for both metrics."""
    shares = [f"{share:.0%}" for share in SHARES]
    head = ["order by", "comprehensiveness", *shares, "sufficiency", *shares, "τ"]
    rows = [
        [
            each.method,
            _mean(each.comprehensiveness_aopc),
            *[f"{value:.3f}" for value in each.comprehensiveness],
            _mean(each.sufficiency_aopc),
            *[f"{value:.3f}" for value in each.sufficiency],
            "" if each.tau is None else f"{each.tau.value:.2f}",
        ]
        for each in sorted(found.methods, key=lambda each: -each.comprehensiveness_aopc.value)
    ]
    return Table(f"Faithfulness, {name}", head, rows)


def speed_lines(speed: Speed | None) -> list[str]:
    """Returns the tables of speed, in process and over HTTP."""
    if speed is None:
        return [WRITTEN, "", NOT_MEASURED]
    http = speed.http
    versions = ", ".join(" ".join(each) for each in speed.versions.items())
    lines = [WRITTEN, "", *markdown_rows(speed_table(speed)), ""]
    lines += [
        f"Over HTTP, one client: `/classify` {_interval(http.classify_ms)} ms, `/v1/explain` "
        f"{_interval(http.explain_ms)} ms, {_interval(http.times)} times as long (target: under "
        f"{MOST_TIMES_CLASSIFY}; {_met(http.times.value < MOST_TIMES_CLASSIFY)}).",
        "",
        f"{speed.texts} texts of {speed.words} words one after the other, float32, "
        f"{speed.machine}, {counted(speed.threads, 'thread')}; medians of {speed.rounds} rounds "
        f"with their 95% intervals; {versions}; {speed.date}.",
    ]
    if speed.foreign > ForeignLoad.LIMIT:
        lines.append(f"Other processes used {speed.foreign:.0%} of the machine meanwhile.")
    return lines


def speed_table(speed: Speed) -> Table:
    """Returns a row for each explainer."""
    head = ["explainer", "p50 ms", "explanations/s", f"times {SHAP}", "target"]
    rows = []
    for each in speed.explainers:
        target = ""
        if each.explainer == METHODS[0]:
            target = f"{LEAST_TIMES_SHAP}: {_met(each.times.value >= LEAST_TIMES_SHAP)}"
        row = [each.explainer, *map(_interval, (each.p50_ms, each.per_second, each.times)), target]
        rows.append(row)
    return Table("Speed", head, rows)


def _met(met: bool) -> str:
    return "met" if met else "missed"


def _mean(mean: Mean) -> str:
    return f"{mean.value:.3f} ± {mean.error:.3f}"


def _interval(found: Interval) -> str:
    return f"{significant(found.value)} [{significant(found.low)}, {significant(found.high)}]"


def printed(lines: Sequence[str]) -> str:
    """Returns lines for a terminal."""
    return "\n".join(line for line in lines if line != WRITTEN).strip()
