"""Tables of explanations, from figures that are made up."""

from __future__ import annotations

from scripts.explaining.figures import (
    ExplainerSpeed,
    Faithfulness,
    Figures,
    HttpSpeed,
    Interval,
    Mean,
    MethodFaithfulness,
    Speed,
)
from scripts.explaining.reference_worker import SHAP
from scripts.explaining.tables import (
    CAVEAT,
    NOT_MEASURED,
    WRITTEN,
    faithfulness_lines,
    printed,
    speed_lines,
)


def method(name: str, aopc: float, tau: float | None = None) -> MethodFaithfulness:
    return MethodFaithfulness(
        method=name,
        comprehensiveness=[0.01, 0.05, 0.1, 0.2, 0.5],
        sufficiency=[0.6, 0.4, 0.3, 0.2, 0.1],
        comprehensiveness_aopc=Mean(value=aopc, error=0.004),
        sufficiency_aopc=Mean(value=0.32, error=0.01),
        tau=None if tau is None else Mean(value=tau, error=0.01),
    )


def speed(times: float, http_times: float, foreign: float = 0.0) -> Speed:
    def at(value: float) -> Interval:
        return Interval(value=value, low=value / 2, high=value * 2)

    def explainer(name: str, p50: float, ratio: float) -> ExplainerSpeed:
        return ExplainerSpeed(
            explainer=name, p50_ms=at(p50), per_second=at(1000 / p50), times=at(ratio)
        )

    return Speed(
        words=25,
        texts=16,
        rounds=5,
        explainers=[explainer("leave_one_out", 20, times), explainer(SHAP, 1600, 1)],
        http=HttpSpeed(classify_ms=at(2), explain_ms=at(2 * http_times), times=at(http_times)),
        versions={"max": "1", "shap": "2"},
        machine="A CPU",
        threads=1,
        foreign=foreign,
        date="2026-01-01",
    )


def test_what_was_not_measured_has_no_figure() -> None:
    assert faithfulness_lines(Figures())[-1] == NOT_MEASURED
    assert speed_lines(None)[-1] == NOT_MEASURED


def test_the_best_order_is_first_and_the_caveat_is_there() -> None:
    found = Faithfulness(
        texts=100,
        words=19,
        seed=0,
        model="a-model",
        versions={"shap": "2"},
        date="2026-01-01",
        methods=[method("random order", 0.05), method("owen", 0.3, 0.71)],
    )
    lines = faithfulness_lines(Figures(faithfulness={"mine": found}))
    rows = [line for line in lines if line.startswith("| ")]
    assert rows[1] == (
        "| owen | 0.300 ± 0.004 | 0.010 | 0.050 | 0.100 | 0.200 | 0.500 | 0.320 ± 0.010 | 0.600 | "
        "0.400 | 0.300 | 0.200 | 0.100 | 0.71 |"
    )
    assert rows[2].startswith("| random order | 0.050")
    assert rows[2].endswith("|  |")
    assert "| 1% | 5% | 10% | 20% | 50% |" in rows[0]
    assert lines[-1] == CAVEAT
    assert "**mine**" in lines
    assert any("100 texts, 19 words in the middle one" in line for line in lines)


def test_targets_are_met_or_missed() -> None:
    text = printed(speed_lines(speed(times=20, http_times=11.9)))
    assert "| leave_one_out | 20 [10, 40] | 50 [25, 100] | 20 [10, 40] | 20: met |" in text
    assert "11.9 [5.95, 23.8] times as long (target: under 12; met)" in text
    assert "A CPU, 1 thread; medians of 5 rounds" in text
    assert WRITTEN not in text
    assert "Other processes" not in text
    text = printed(speed_lines(speed(times=19.9, http_times=12, foreign=0.25)))
    assert "20: missed" in text
    assert "under 12; missed" in text
    assert "Other processes used 25% of the machine meanwhile." in text
