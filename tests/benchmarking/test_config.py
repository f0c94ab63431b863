"""Validation of configurations and its error messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scripts.benchmarking.config import check_config, configurations, parse_shape, read_config
from scripts.benchmarking.errors import ConfigError

GOOD: dict[str, Any] = {"baseline": "a", "engines": {"a": {"module": "onnxruntime"}}}


@pytest.mark.parametrize("name", configurations())
def test_the_committed_configurations_are_valid(name: str) -> None:
    config = read_config(name)
    assert config.engines["max"].module == "max_graph"
    assert config.baseline in config.engines


def test_quick_needs_no_torch() -> None:
    assert {engine.module for engine in read_config("quick").engines.values()} <= {
        "max_graph",
        "onnxruntime",
        "openvino",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"thread": 2}, r"mine\.toml: thread: Extra inputs are not permitted"),
        ({"baseline": "b"}, r"mine\.toml: baseline: 'b' is none of those measured: a\."),
        ({"shapes": ["8by32"]}, r"mine\.toml: shapes: '8by32' is not BATCHxTOKENS"),
        ({"shapes": ["8x2"]}, r"'8x2' is not BATCHxTOKENS, such as 8x32, with 3 tokens or more"),
        (
            {"engines": {"a": {"module": "tensorrt"}}},
            r"engines\.a\.module: 'tensorrt' is no file of benchmarking/engines; there are "
            r"lexicon, max_graph, onnxruntime, openvino, pytorch, transformers_pipeline\.",
        ),
        (
            {"servers": {"s": {"module": "triton"}}, "server_baseline": "s"},
            r"servers\.s\.module: 'triton' is no file of benchmarking/servers; there are "
            r"fastapi_onnxruntime, fastapi_transformers, infinity, litserve_onnxruntime, "
            r"max_serve, vllm\.",
        ),
        (
            {"targets": [{"what": "w", "figure": "pass", "subject": "a", "workloads": []}]},
            r"mine\.toml: targets: 'w' needs either against and times, or at_most_ms\.",
        ),
        ({"repetitions": {"rounds": 0}}, r"repetitions\.rounds: .*greater than or equal to 1"),
        ({"corpora": {"mine": {"path": "/none"}}}, r"corpora\.mine\.path: there is no file /none"),
    ],
)
def test_the_error_names_the_mistake(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_config(GOOD | change, "mine.toml")


def test_a_missing_file_is_reported_with_the_existing_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="known configurations are families, full, "):
        read_config("slow")
    broken = tmp_path / "broken.toml"
    broken.write_text("baseline = ")
    with pytest.raises(ConfigError, match="is not TOML"):
        read_config(broken)


def test_shapes() -> None:
    assert parse_shape("32x128") == (32, 128)
