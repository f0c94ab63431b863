"""FastAPI and ONNX Runtime with dynamic batching; see ``fastapi_onnxruntime_app.py``.

Options: those of the engine ``onnxruntime``.
"""

from __future__ import annotations

from scripts.benchmarking.servers.server import Launch, Server, uvicorn_server

ENVIRONMENT = "runtimes"


def make(launch: Launch) -> Server:
    """Returns one uvicorn process with uvloop and httptools."""
    return uvicorn_server(launch, "scripts.benchmarking.servers.fastapi_onnxruntime_app:app")
