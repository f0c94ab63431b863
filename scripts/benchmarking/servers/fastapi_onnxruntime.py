"""FastAPI and ONNX Runtime, as a competent user writes it; see ``fastapi_onnxruntime_app.py``.

Options: those of the engine ``onnxruntime``.
"""

from __future__ import annotations

from scripts.benchmarking.servers.server import Launch, Server

ENVIRONMENT = "runtimes"


def make(launch: Launch) -> Server:
    """Returns one uvicorn process with uvloop and httptools."""
    app = "scripts.benchmarking.servers.fastapi_onnxruntime_app:app"
    uvicorn = ["--host", "127.0.0.1", "--port", str(launch.port), "--loop", "uvloop"]
    uvicorn += ["--http", "httptools", "--log-level", "warning", "--no-access-log"]
    return Server(
        command=[str(launch.python), "-m", "uvicorn", app, *uvicorn],
        path="/classify",
        body=lambda texts: {"texts": list(texts)},
        labels=lambda answer: answer["labels"],
        environment=launch.app_environment(),
        settings={"uvicorn": " ".join(uvicorn[4:]), "most sequences in a batch": 32},
    )
