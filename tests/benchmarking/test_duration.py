"""The estimate of a run's duration, against a calculation by hand and the documented durations."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.benchmarking import duration
from scripts.benchmarking.config import Config, read_config
from scripts.benchmarking.duration import expected_duration
from scripts.benchmarking.models import BenchmarkModel, find_model
from scripts.benchmarking.random_models import RANDOM_MODELS


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    cache: Path = tmp_path_factory.getbasetemp() / "benchmark-cache"
    monkeypatch.setenv("MAX_SENTIMENT_BENCHMARK_CACHE", str(cache))


def minutes(config: Config) -> float:
    models = [find_model(name) for name in config.models]
    config = config.model_copy(update={"threads": 2})
    return expected_duration(config, models, in_process=True, servers=True).minutes


@pytest.mark.parametrize(
    ("name", "most"), [("quick", 4), ("published", 18), ("full", 32), ("targets", 36)]
)
def test_a_run_takes_as_long_as_documented(name: str, most: float) -> None:
    assert minutes(read_config(name)) <= most


@pytest.mark.parametrize(("name", "most"), [("families", 17), ("more-families", 6)])
def test_the_families_take_as_long_as_documented(name: str, most: float, tmp_path: Path) -> None:
    config = read_config(name).model_copy(update={"threads": 2})
    models = []
    for model in config.models:
        if model in RANDOM_MODELS:  # without weights, which are gigabytes
            made, directory = RANDOM_MODELS[model], tmp_path / model
            directory.mkdir()
            made.tokenizer.write(directory, made.config["vocab_size"])
            contents = {"id2label": {"0": "A", "1": "B"}, **made.config}
            models.append(BenchmarkModel(model, directory, contents, digest="", trained=False))
        else:
            models.append(find_model(model))
    assert expected_duration(config, models, in_process=True, servers=False).minutes <= most


def test_servers_are_counted_by_rounds_and_loads() -> None:
    config = read_config("published")
    found = expected_duration(config, [], in_process=False, servers=True)
    # 8 servers, 3 rounds; 4 loads of 0.4 + 1.75 + 2 x 0.5 s, a start of 8 s. Memory: once 1.5 s.
    assert found.servers_s == pytest.approx(8 * (3 * (8 + 4 * 3.15) + 4 * 1.5))
    assert found.engines_s == 0
    assert "about 9 minutes" in str(found)


def test_turns_are_counted_by_rounds_and_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    config = read_config("quick").model_copy(
        update={"shapes": ["1x8"], "corpora": {}, "threads": 2}
    )
    monkeypatch.setattr(duration, "OPERATIONS_PER_SECOND", 1e15)  # passes take no time
    models = [find_model("embedded")]
    found = expected_duration(config, models, in_process=True, servers=False)
    # 8 engines: 7 s to load each, and 4 turns of 0.05 + 0.15 s.
    assert found.engines_s == pytest.approx(30 + 8 * (7 + 4 * 0.2), rel=0.01)
