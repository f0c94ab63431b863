"""Constants that the server and the command line share."""

from pathlib import Path

VERSION = "0.1.0"
"""Version of this package, the same as in pyproject.toml."""

PACKAGE = Path(__file__).resolve().parents[1]
"""Directory of this package, the value of ``--custom-architectures``."""

DEFAULT_DIRECTORY = PACKAGE / "default_model"
"""Directory of the embedded checkpoint."""

DEFAULT_NAME = "distilbert-minilm-l6-sst2"
"""Model name of the embedded checkpoint in requests."""

MAX_BATCH_SIZE = 64
"""Maximum sequences in one pass of the graph. MAX's own default on a CPU is 1: no batching."""

MAX_REQUEST_BYTES = 8 * 1024 * 1024
"""Maximum bytes of a request's body. MAX's own default, chosen for images, is 100 MiB."""

ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - the default of MAX Serve
"""Address of a server that listens at all of the machine's IPv4 addresses."""

METRICS_PORT = "MAX_SERVE_METRICS_ENDPOINT_PORT"
"""Environment variable of MAX with the port that Prometheus scrapes."""
