"""Command ``max-sentiment serve``: checks a checkpoint and runs ``max serve`` with it."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint, find_checkpoint
from distilbert_sentiment_arch.dependencies import check_dependencies
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.lexicon.lexicon_classifier import check_labels
from distilbert_sentiment_arch.lexicon.settings import LexiconSettings
from distilbert_sentiment_arch.serving.ports import check_ports_of_model_server
from distilbert_sentiment_arch.settings.defaults import (
    MAX_BATCH_SIZE,
    MAX_REQUEST_BYTES,
    METRICS_PORT,
    PACKAGE,
)

DEFAULT_DEVICE = "cpu"


def serve(
    model: str | None,
    revision: str | None,
    flags: Sequence[str],
    settings: Mapping[str, str],
    lexicon: LexiconSettings,
    *,
    dry_run: bool = False,
) -> int:
    """Checks the environment, ports and checkpoint, and replaces this process by ``max serve``.

    Args:
        model: A directory, a hub id, or None for the embedded default.
        revision: Revision of a hub id.
        flags: Flags of ``max serve``, passed on unchanged.
        settings: Environment variables of this package that were given as flags.
        lexicon: Settings of the word lists.
        dry_run: Print the command line instead of running it.

    Returns:
        The exit status of a dry run, 0.

    Raises:
        CheckpointError: The checkpoint cannot be served; nothing was started.
        ConfigError: A fallback is set, and a word list does not know the labels of the model.
        DependencyError: Packages are missing in this environment.
        PortInUse: Another process uses a port of the server.
    """
    check_dependencies()
    if not dry_run:
        check_ports_of_max(flags, os.environ)
    found = find_checkpoint(model, FAMILIES, revision)
    if lexicon.fallback != "off":
        check_labels(found.checkpoint.config.labels)
    arguments = max_serve_arguments(found, flags)
    environment = {**serve_environment(os.environ), **settings}
    print(f"max-sentiment: computing on {_device_and_reason(flags)}", file=sys.stderr, flush=True)
    if dry_run:
        assignments = [f"{name}={shlex.quote(value)}" for name, value in environment.items()]
        print(" ".join([*assignments, shlex.join(["max", *arguments])]))
        return 0
    print(
        f"max-sentiment: serving {found.name} from {found.checkpoint.directory}",
        file=sys.stderr,
        flush=True,
    )
    os.environ.update(environment)
    module = "distilbert_sentiment_arch.cli.max_process"
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])


def max_serve_arguments(found: NamedCheckpoint, flags: Sequence[str]) -> list[str]:
    """Returns the arguments of ``max``, beginning with ``serve``.

    A flag of the caller replaces the default of the same name. The default device is the CPU on
    every machine: it is the one that is tested, and a device file, which integrated GPUs have too,
    does not prove that MAX can use the device.
    """
    checkpoint = found.checkpoint
    defaults: list[tuple[str, ...]] = [
        ("--served-model-name", found.name),
        ("--custom-architectures", str(PACKAGE)),
        ("--devices", DEFAULT_DEVICE),
        ("--max-batch-size", str(MAX_BATCH_SIZE)),
        ("--no-enable-prefix-caching",),
    ]
    given = {flag.partition("=")[0] for flag in flags if flag.startswith("--")}
    # With these flags MAX leaves the conversion of half-precision files to the weight adapter, and
    # does not choose bfloat16 for an accelerator by itself: --precision does. The paths are
    # absolute because MAX refuses the relative path of a bfloat16 file.
    defaults.append(("--quantization-encoding", "float32"))
    defaults += [("--weight-path", str(path)) for path in checkpoint.weight_files]
    arguments = ["serve", "--model", str(checkpoint.directory)]
    for flag, *value in defaults:
        if flag not in given or flag == "--custom-architectures":
            arguments += [flag, *value]
    return [*arguments, *flags]


def _device_and_reason(flags: Sequence[str]) -> str:
    devices = _value(flags, "--devices")
    if devices is None:
        return "the CPU, the default (--devices gpu:0 chooses the first GPU)"
    return f"{devices}, the value of --devices"


def check_ports_of_max(flags: Sequence[str], environment: Mapping[str, str]) -> None:
    """Checks the ports of ``max serve``, if they are known at this point.

    A file ``.env`` may set other ports, and flags may be invalid. In these cases the check runs
    later, inside MAX, which then has its settings.

    Raises:
        PortInUse: Another process uses a port.
    """
    if Path(".env").exists() or "--headless" in flags:
        return
    host = _value(flags, "--host") or environment.get("MAX_SERVE_HOST", "0.0.0.0")  # noqa: S104
    try:
        port = int(_value(flags, "--port") or environment.get("MAX_SERVE_PORT", "8000"))
        metrics_port = int(environment.get(METRICS_PORT, "8001"))
    except ValueError:
        return
    if environment.keys() & {"MAX_SERVE_DISABLE_TELEMETRY", "MAX_SERVE_METRIC_RECORDING_METHOD"}:
        metrics_port = 0
    check_ports_of_model_server(host, port, metrics_port)


def _value(flags: Sequence[str], name: str) -> str | None:
    """Returns the last value of a flag (``--name value`` or ``--name=value``); None if not set."""
    value = None
    for place, flag in enumerate(flags):
        if flag == name:
            value = "".join(flags[place + 1 : place + 2])
        elif flag.startswith(f"{name}="):
            value = flag.partition("=")[2]
    return value


def serve_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns variables to add to the environment of ``max serve``; existing ones are kept."""
    wanted = {
        "HF_HUB_OFFLINE": "1",  # the checkpoint is already on disk
        "MAX_SERVE_GRACEFUL_SHUTDOWN_TIMEOUT_S": "30",
        "MAX_SERVE_MAX_REQUEST_BYTES": str(MAX_REQUEST_BYTES),
        # In the API process: see serving.inside_max.metrics_port.
        "MAX_SERVE_METRIC_RECORDING_METHOD": "SYNC",
    }
    if not any(name.startswith("OTEL_EXPORTER_") for name in environment):
        # Disables the start-up log that MAX sends to Modular; local metrics still work.
        wanted["OTEL_SDK_DISABLED"] = "true"
    return {name: value for name, value in wanted.items() if name not in environment}
