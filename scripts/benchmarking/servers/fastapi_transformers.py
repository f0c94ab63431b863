"""FastAPI around the pipeline of transformers, batched; see ``fastapi_transformers_app.py``."""

from __future__ import annotations

from scripts.benchmarking.servers.server import Launch, Server, uvicorn_server

ENVIRONMENT = "torch"


def make(launch: Launch) -> Server:
    """Returns one uvicorn process with uvloop and httptools."""
    return uvicorn_server(launch, "scripts.benchmarking.servers.fastapi_transformers_app:app")
