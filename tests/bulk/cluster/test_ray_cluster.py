"""How many workers fit in a cluster, with which share of its nodes."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from commands import ROOT

from distilbert_sentiment_arch.bulk.cluster.ray_cluster import (
    MODEL_MEMORY,
    WORD_LIST_MEMORY,
    Cluster,
    environment_of,
    memory_of,
    pool_of,
    watched,
)
from distilbert_sentiment_arch.bulk.options import ModelOptions
from distilbert_sentiment_arch.errors import RayError
from distilbert_sentiment_arch.settings.defaults import PACKAGE

GB = 10**9
EMBEDDED = ModelOptions()
WORD_LIST = ModelOptions(model="afinn-111")


def cluster(*nodes: dict[str, float]) -> Cluster:
    return Cluster({str(number): node for number, node in enumerate(nodes)}, started=False)


def node(cores: float, gigabytes: float = 64, gpus: float = 0) -> dict[str, float]:
    return {"CPU": cores, "memory": gigabytes * GB} | ({"GPU": gpus} if gpus else {})


@pytest.mark.parametrize(
    ("nodes", "processors", "size"),
    [
        ([node(4)], 4, 1),
        ([node(16), node(16)], 4, 8),
        ([node(6)], 4, 1),
        ([node(2), node(1)], 2, 1),
        ([node(1), node(1)], 1, 2),
        ([node(0), node(8)], 4, 2),
        ([node(64, gigabytes=3)], 4, 3),  # 0.93 GB a worker
    ],
)
def test_workers_have_four_cores_or_all_of_a_small_node(
    nodes: list[dict[str, float]], processors: int, size: int
) -> None:
    pool = pool_of(cluster(*nodes), EMBEDDED)
    assert (pool.share.processors, pool.share.device, pool.size) == (processors, "cpu", size)
    assert pool.gpus == 0


def test_a_worker_has_a_gpu_where_there_are_some() -> None:
    nodes = cluster(node(32, gpus=2), node(64))
    pool = pool_of(nodes, EMBEDDED)
    assert (pool.gpus, pool.size, pool.share.device) == (1, 2, "gpu")
    assert nodes.with_gpus == nodes.working[:1]
    assert pool_of(nodes, EMBEDDED, device="cpu").share.device == "cpu"
    assert pool_of(nodes, WORD_LIST).gpus == 0


@pytest.mark.parametrize("nodes", [[], [node(0)], [node(8, gigabytes=0.2)]])
def test_a_cluster_without_room_is_refused_with_what_it_has(nodes: list[dict[str, float]]) -> None:
    with pytest.raises(RayError, match="No node of the Ray cluster has room"):
        pool_of(cluster(*nodes), EMBEDDED)


def test_memory_is_that_of_the_weights_and_more() -> None:
    weights = (PACKAGE / "default_model" / "model.safetensors").stat().st_size
    assert memory_of(EMBEDDED) == MODEL_MEMORY + 3 * weights
    assert memory_of(WORD_LIST) == WORD_LIST_MEMORY


def test_workers_have_the_driver_s_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_SENTIMENT_MAX_REQUEST_TOKENS", "77")
    monkeypatch.setenv("OTHER", "x")
    share = pool_of(cluster(node(8)), WORD_LIST).share
    environment = environment_of(share)
    assert environment["MAX_SENTIMENT_MAX_REQUEST_TOKENS"] == "77"
    assert environment["RAYON_NUM_THREADS"] == "4"
    assert "OTHER" not in environment


def test_without_ray_one_line_says_how_to_install_it(tmp_path: Path) -> None:
    reviews = tmp_path / "reviews.txt"
    reviews.write_text("Good.\n")
    code = """
import sys
from importlib.abc import MetaPathFinder

class Without(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "ray":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Without())
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "ray" else found(name, *rest)
from distilbert_sentiment_arch.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
    ended = subprocess.run(
        [
            *(sys.executable, "-c", code, "score", reviews, "--output", tmp_path / "scored"),
            *("--ray", "auto", "--model", "afinn-111"),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert ended.returncode == 1
    assert "pip install 'max-sentiment[ray]'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_head_that_is_gone_is_told_of_once() -> None:
    told: list[str] = []
    said = threading.Event()

    def say(text: str) -> None:
        told.append(text)
        said.set()

    with socket.create_server(("127.0.0.1", 0)) as head:
        address = f"127.0.0.1:{head.getsockname()[1]}"
        with watched(address, say, pause=0.01):
            for _ in range(5):  # it looks at a head that answers
                head.accept()[0].close()
            assert told == []
            head.close()
            assert said.wait(60)
    assert len(told) == 1
    assert address in told[0]
