"""LitServe and ONNX Runtime; see ``litserve_onnxruntime_app.py``.

Options: those of the engine ``onnxruntime``.
"""

from __future__ import annotations

from scripts.benchmarking.servers.server import MAX_BATCH, Launch, Server

ENVIRONMENT = "runtimes"


def make(launch: Launch) -> Server:
    """Returns one LitServe worker with batching."""
    return Server(
        command=[str(launch.python), "-m", "scripts.benchmarking.servers.litserve_onnxruntime_app"],
        path="/predict",
        body=lambda texts: {"texts": list(texts)},
        labels=lambda answer: answer["labels"],
        environment=launch.app_environment(),
        settings={"workers_per_device": 1, "max_batch_size": MAX_BATCH, "fast_queue": True},
    )
