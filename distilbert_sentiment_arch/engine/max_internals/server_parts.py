"""The three functions from which ``max serve`` builds and runs its HTTP server, replaced."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from max._entrypoints.cli.serve import serve_api_and_model_worker
from max.serve.api_server import ServingTokenGeneratorSettings
from max.serve.config import Settings
from uvicorn import Config


@dataclass(frozen=True)
class ServerParts:
    """What ``max serve`` calls, in this order.

    Attributes:
        fastapi_app: Builds the application.
        fastapi_config: Builds uvicorn's configuration.
        lifespan: Starts the model worker and sets ``app.state.pipeline``; the server runs inside.
    """

    fastapi_app: Callable[[Settings, ServingTokenGeneratorSettings], FastAPI]
    fastapi_config: Callable[[FastAPI, Settings], Config]
    lifespan: Callable[
        [FastAPI, Settings, ServingTokenGeneratorSettings, str], AbstractAsyncContextManager[None]
    ]


def replace_server_parts(parts: ServerParts) -> None:
    """Has the command ``max serve`` of this process use these."""
    module: Any = serve_api_and_model_worker
    module.fastapi_app = parts.fastapi_app
    module.fastapi_config = parts.fastapi_config
    module.lifespan = parts.lifespan


def leave_port_unchecked() -> None:
    """Has the command ``max serve`` of this process start while something else uses its port.

    MAX checks that the port is free before it loads the model; it opens it afterwards.
    """
    module: Any = serve_api_and_model_worker
    module.validate_port_is_free = lambda port: port
