"""This project: ``max serve`` with its routes.

Options:
    precision: ``float32`` (the default here), ``bfloat16x3``, ``bfloat16``, ``int8`` or ``auto``.
"""

from __future__ import annotations

from distilbert_sentiment_arch.settings.precision import PRECISION
from scripts.benchmarking.servers.server import Json, Launch, Server

ENVIRONMENT = "product"


def make(launch: Launch) -> Server:
    """Returns the server as ``./scripts/serve`` starts it."""
    arguments = ["--model", str(launch.checkpoint), "--host", "127.0.0.1"]
    arguments += ["--port", str(launch.port)]
    precision = str(launch.options.get("precision", "float32"))
    cache = str(launch.cache / "modular")
    return Server(
        command=[str(launch.python), "-m", "distilbert_sentiment_arch.cli", "serve", *arguments],
        path="/classify",
        body=lambda texts: {"input": list(texts), "truncation": "end"},
        labels=lambda answer: [datum["label"] for datum in answer["data"]],
        environment={
            PRECISION: precision,
            "MAX_SERVE_METRICS_ENDPOINT_PORT": str(launch.spare_port),
            "MODULAR_CACHE_DIR": cache,
            "MODULAR_MAX_CACHE_DIR": cache,
        },
        about="/v1/models",
        why_wrong=lambda about: _why_wrong(about, precision),
        settings={"flags": "defaults of max-sentiment serve", "precision": precision},
    )


def _why_wrong(about: Json, precision: str) -> str | None:
    """Returns why the served model is in another precision than the one asked for."""
    choices = [model["precision"] for model in about["data"] if model.get("precision")]
    if precision == "auto" or any(choice["computed"] == precision for choice in choices):
        return None
    reasons = "; ".join(f"{choice['computed']}: {choice['reason']}" for choice in choices)
    return f"it does not compute in {precision} ({reasons or 'it does not say in what'})"
