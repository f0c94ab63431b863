"""Every name of MAX that is private or replaced, and what happens where it changes.

They were read in MAX 26.7.0, which ``pyproject.toml`` pins. ``tests/engine/max_internals/
test_touched.py`` fails on another version, and where a name is gone or takes other arguments: read
the new MAX, correct the module named here, and enter the new version and signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MAX_VERSION = "26.7.0"


@dataclass(frozen=True)
class Touched:
    """A name of MAX.

    Attributes:
        name: ``module:attribute``.
        how: It is called or read, or another takes its place.
        signature: Its parameters, as ``inspect.signature`` has them without annotations; None for
            what is not called.
        where: The module of this package.
        why: What it is for.
        symptom: What an operator sees where it changed and nobody noticed.
    """

    name: str
    how: Literal["used", "replaced"]
    signature: str | None
    where: str
    why: str
    symptom: str


TOUCHED = (
    Touched(
        "max._entrypoints.pipelines:main",
        "used",
        None,
        "engine.max_internals.command_line",
        "`max-sentiment serve` becomes `max serve` in the same process, so that a drained SIGTERM "
        "can end with status 0.",
        "max-sentiment serve ends with an ImportError.",
    ),
    Touched(
        "max._entrypoints.cli.serve.serve_api_and_model_worker:fastapi_app",
        "replaced",
        "(settings, serving_settings)",
        "engine.max_internals.server_parts",
        "Paths of MAX's own need an API key where there are keys.",
        "/openapi.json and /reset_prefix_cache answer without a key.",
    ),
    Touched(
        "max._entrypoints.cli.serve.serve_api_and_model_worker:fastapi_config",
        "replaced",
        "(app, server_settings)",
        "engine.max_internals.server_parts",
        "Connections, heads and uploads are bounded in time and number.",
        "A connection that never ends its head stays open.",
    ),
    Touched(
        "max._entrypoints.cli.serve.serve_api_and_model_worker:lifespan",
        "replaced",
        "(app, settings, serving_settings, zmq_endpoint_base)",
        "engine.max_internals.server_parts",
        "The application of this package is assembled once the model worker runs.",
        "/classify answers 404.",
    ),
    Touched(
        "max._entrypoints.cli.serve.serve_api_and_model_worker:validate_port_is_free",
        "replaced",
        "(port)",
        "engine.max_internals.server_parts",
        "A word list answers at the port while the model is loaded anew after a failure.",
        "After a failure, the server on the CPU ends with 'The network port is already in use'.",
    ),
    Touched(
        "max.serve.api_server:ROUTES",
        "used",
        None,
        "serving.inside_max.mount",
        "The routes of this package come before MAX's.",
        "/classify answers 404.",
    ),
    Touched(
        "max.serve.api_server:register_request",
        "replaced",
        "(app, *, structured_logging)",
        "engine.max_internals.request_session",
        "Naming, timing and counting a request costs a tenth of what MAX's own way does.",
        "Answers have no X-Request-ID, or the server takes a quarter longer for each.",
    ),
    Touched(
        "max.serve.request:_should_count_request",
        "used",
        "(path)",
        "engine.max_internals.request_session",
        "Requests are counted as MAX counts them.",
        "max serve ends with an ImportError.",
    ),
    Touched(
        "max.serve._error_envelope:openai_error_body",
        "used",
        None,
        "engine.max_internals.request_session",
        "An unforeseen failure is answered as MAX answers it.",
        "max serve ends with an ImportError.",
    ),
    Touched(
        "max.serve.router._disconnect:ClientDisconnected",
        "used",
        None,
        "engine.max_internals.request_session",
        "MAX's own routes raise it where the plugin is loaded beside another model.",
        "max serve ends with an ImportError.",
    ),
    Touched(
        "max.serve.telemetry.common:_tracing_enabled",
        "used",
        "()",
        "engine.max_internals.request_session",
        "Where spans are exported, MAX's own way is kept.",
        "max serve ends with an ImportError.",
    ),
    Touched(
        "max.serve.process_control:run_subprocess",
        "replaced",
        "(func, name, daemon, *args, **kwargs)",
        "engine.max_internals.child_processes",
        "Child processes end with a server that is killed.",
        "After kill -9 of the server, its model worker lives on.",
    ),
    Touched(
        "max.serve.pipelines.model_worker:sleep_with_backoff",
        "replaced",
        "(count_no_progress)",
        "engine.max_internals.worker_loop",
        "The model worker waits for the batches of the API process and computes them.",
        "Requests are answered 503 once their deadline has passed.",
    ),
    Touched(
        "max.serve.api_server:ZmqModelWorkerInterface",
        "replaced",
        "(pipeline_task, context_type, request_queue_size)",
        "engine.max_internals.worker_interface",
        "The API process and the model worker have a socket for batches.",
        "max serve ends with an AttributeError: batch_socket.",
    ),
    Touched(
        "max.serve.worker_interface.zmq_interface:ZmqModelWorkerProxy",
        "used",
        None,
        "engine.max_internals.worker_interface",
        "It carries the socket to the application of this package.",
        "max serve ends with an ImportError.",
    ),
    Touched(
        "max.pipelines.lib._hf_config:load_raw_config_json",
        "used",
        None,
        "engine.max_internals.model_config",
        "config.json of a hub repository is read from where MAX downloaded it.",
        "max serve with a hub id ends with an ImportError.",
    ),
    Touched(
        "max.pipelines.lib.config.model_config:_select_quantization_encoding",
        "used",
        None,
        "engine.max_internals.model_config",
        "The graph computes in the encoding that MAX reports.",
        "max serve ends with an ImportError.",
    ),
    Touched(
        "max.pipelines.lib.config.model_config:_discover_default_weight_paths",
        "replaced",
        None,
        "engine.max_internals.weight_discovery",
        "A plain `max serve --model` finds half-precision files, which the weight adapters cast.",
        "max serve says that compatible weights cannot be found for 'float32'.",
    ),
    Touched(
        "max.serve.telemetry.metrics:METRICS",
        "used",
        None,
        "serving.inside_max.telemetry",
        "Measurements go to MAX's metrics port, several in one shipment.",
        "sentiment_* is missing at /metrics.",
    ),
)
"""Beside these names, the name of MAX's compute threads is relied on (``engine.worker_process``),
and that ``--custom-architectures`` imports the package before the checkpoint is opened. Tests of
those modules run the real thing."""
