"""A recommendation in text and in JSON."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace

import pytest
from made_recommendations import FIGURES, recommendation

from distilbert_sentiment_arch.cli.main import _parser
from distilbert_sentiment_arch.recommend.candidates import Candidate
from distilbert_sentiment_arch.recommend.intervals import Estimate
from distilbert_sentiment_arch.recommend.report import as_json, as_text
from distilbert_sentiment_arch.recommend.request import Goal, Prices, RecommendRequest

INT8 = Candidate("cpu", "int8", 2, 2048)


def lines(text: str) -> dict[str, str]:
    """Returns the lines that begin with a name, by it."""
    return {line.split()[0]: line for line in text.splitlines() if line.strip()}


def test_the_command_is_one_that_serve_takes() -> None:
    request = RecommendRequest("throughput", "a model", "main")
    text = as_text(recommendation(INT8, 4, request=request))
    command = shlex.split(text.splitlines()[0])
    options = _parser().parse_args(command[1:])
    assert command[0] == "max-sentiment"
    assert (options.model, options.revision, options.cores) == ("a model", "main", 2)
    assert options.MAX_SENTIMENT_PRECISION == "int8"
    assert options.MAX_SENTIMENT_MAX_BATCH_TOKENS == "2048"


def test_what_to_expect_and_in_which_interval() -> None:
    found = lines(as_text(recommendation(INT8, 2)))
    assert found["texts/s"].split(maxsplit=1)[1] == "312 [301, 321]"
    assert found["p50"].split(maxsplit=1)[1] == "41.3 ms [40, 42.5]"
    assert found["p99"].split(maxsplit=1)[1] == "88.1 ms [80.2, unknown]"
    assert found["memory"].split(maxsplit=1)[1].startswith("512 MB [480, 512]")
    assert "95% confidence, from 360 requests" in found["In"]
    assert "16 callers, 1 text a request; 64 built-in sentences" in found["load"]
    assert "cost" not in found


@pytest.mark.parametrize(
    ("goal", "p99", "said"),
    [
        ("latency", None, "a lone request is answered soonest"),
        ("latency", 25.0, "most texts a second, with a p99 of at most 25 ms"),
        ("cost", 25.0, "least to pay for a text, with a p99 of at most 25 ms"),
    ],
)
def test_the_goal_is_in_words(goal: Goal, p99: float | None, said: str) -> None:
    request = RecommendRequest(goal, p99_ms=p99)
    assert said in lines(as_text(recommendation(INT8, 2, request=request)))["goal"]


def test_the_price_model_is_stated() -> None:
    request = RecommendRequest("cost")
    said = lines(as_text(recommendation(INT8, 2, request=request)))["cost"]
    assert said.split(maxsplit=1)[1] == "1.78 [1.73, 1.84] core-hours for a million texts"
    request = RecommendRequest("cost", prices=Prices(0.04, 0.005))
    said = lines(as_text(recommendation(INT8, 2, request=request)))["cost"]
    assert said.endswith("for a million texts, at 0.04 a core-hour and 0.005 a GB-hour")


def test_the_table_has_each_setting_and_why_not() -> None:
    made = recommendation(INT8, 2)
    table = as_text(made).splitlines()[-7:]
    head = next(place for place, line in enumerate(table) if line.startswith("settings"))
    rows = table[head + 1 : head + 1 + len(made.rows)]
    for row, line in zip(made.rows, rows, strict=True):
        assert line.startswith(str(row.candidate))
        assert line.endswith(row.reason or "recommended")


def test_json_has_all_of_it_but_the_texts() -> None:
    request = RecommendRequest("throughput", texts=("secret",))
    made = recommendation(INT8, 2, request=request)
    text = as_json(made)
    assert "secret" not in text
    values = json.loads(text)
    assert values["flags"] == ["--precision", "int8", "--max-batch-tokens", "2048"]
    assert values["figures"]["p99_ms"] == {"value": 88.1, "low": 80.2, "high": None}
    assert [row["recommended"] for row in values["rows"]] == [True, False, False]
    assert values["confidence"] == 0.95
    assert values["remembered"] is True


def test_memory_that_the_system_does_not_say() -> None:
    made = recommendation(INT8, 2, figures=replace(FIGURES, memory_mb=None), remembered=False)
    text = as_text(made)
    assert "memory" not in lines(text)
    assert "Not remembered" in text


def test_an_open_end_of_a_cost() -> None:
    figures = replace(FIGURES, cost=Estimate(2.0, 1.5, None))
    request = RecommendRequest("cost")
    text = as_text(recommendation(INT8, 2, figures=figures, request=request))
    assert "2 [1.5, unknown]" in text
