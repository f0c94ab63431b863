"""This project: ``max serve`` with its routes."""

from __future__ import annotations

from scripts.benchmarking.servers.server import Launch, Server

ENVIRONMENT = "product"


def make(launch: Launch) -> Server:
    """Returns the server as ``./scripts/serve`` starts it."""
    arguments = ["--model", str(launch.checkpoint), "--host", "127.0.0.1"]
    arguments += ["--port", str(launch.port)]
    cache = str(launch.cache / "modular")
    return Server(
        command=[str(launch.python), "-m", "distilbert_sentiment_arch.cli", "serve", *arguments],
        path="/classify",
        body=lambda texts: {"input": list(texts), "truncation": "end"},
        labels=lambda answer: [datum["label"] for datum in answer["data"]],
        environment={
            "MAX_SERVE_METRICS_ENDPOINT_PORT": str(launch.spare_port),
            "MODULAR_CACHE_DIR": cache,
            "MODULAR_MAX_CACHE_DIR": cache,
        },
        settings={"flags": "defaults of max-sentiment serve"},
    )
