"""What the server and the command line take for granted alike."""

from pathlib import Path

VERSION = "0.1.0"
"""Of this package, as pyproject.toml publishes it."""

PACKAGE = Path(__file__).resolve().parents[1]
"""The directory that ``--custom-architectures`` names."""

DEFAULT_DIRECTORY = PACKAGE / "default_model"
"""The embedded checkpoint."""

DEFAULT_NAME = "distilbert-minilm-l6-sst2"
"""What clients call it."""

MAX_BATCH_SIZE = 64
"""Most sequences in one pass of the graph. MAX's own default on a CPU is 1: no batching at all."""

MAX_REQUEST_BYTES = 8 * 1024 * 1024
"""Largest body of a request. MAX's own default, made for images, is 100 MiB."""

METRICS_PORT = "MAX_SERVE_METRICS_ENDPOINT_PORT"
"""MAX's variable for the port that Prometheus scrapes."""
