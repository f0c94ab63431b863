"""Command ``max-sentiment serve``: checks a checkpoint and runs ``max serve`` with it.

On the CPU this process becomes ``max serve``. Where something else is to serve after a failure, it
stays, and supervises the servers.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint, find_checkpoint
from distilbert_sentiment_arch.child_environment import python_command, python_environment
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.cli.device_fallback import (
    DevicePlan,
    RememberedFailures,
    fallback_of,
)
from distilbert_sentiment_arch.cli.ready_check import Address
from distilbert_sentiment_arch.cli.supervision import supervise
from distilbert_sentiment_arch.dependencies import check_dependencies
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.lexicon.lexicon_classifier import check_labels
from distilbert_sentiment_arch.lexicon.settings import LexiconSettings
from distilbert_sentiment_arch.probe.choice import (
    DeviceDecision,
    check_device,
    choose_device,
    on_accelerator,
)
from distilbert_sentiment_arch.probe.kept import AcceleratorPrecision
from distilbert_sentiment_arch.serving.ports import check_ports_of_model_server
from distilbert_sentiment_arch.settings.defaults import (
    ANY_ADDRESS,
    MAX_BATCH_SIZE,
    MAX_REQUEST_BYTES,
    METRICS_PORT,
    PACKAGE,
)
from distilbert_sentiment_arch.settings.device import DeviceFallback, DeviceUse, requested_fallback
from distilbert_sentiment_arch.settings.precision import PRECISION

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
    """Checks the environment, ports, device and checkpoint, and runs ``max serve``.

    Args:
        model: A directory, a hub id, or None for the embedded default.
        revision: Revision of a hub id.
        flags: Flags of ``max serve``, passed on unchanged.
        settings: Environment variables of this package that were given as flags.
        lexicon: Settings of the word lists.
        dry_run: Print the command line instead of running it.

    Returns:
        The exit status of a dry run, 0, or that of a server that was supervised.

    Raises:
        CheckpointError: The checkpoint cannot be served; nothing was started.
        ConfigError: A fallback is set, and a word list does not know the labels of the model; or no
            device has the name that was given.
        DependencyError: Packages are missing in this environment.
        DeviceError: MAX does not find the accelerator that was asked for.
        PortInUse: Another process uses a port of the server.
    """
    check_dependencies()
    if not dry_run:
        check_ports_of_max(flags, os.environ)
    requested = (_value(flags, "--devices") or DEFAULT_DEVICE).lower()
    given = requested_fallback({**os.environ, **settings})
    check_device(requested)
    found = find_checkpoint(model, FAMILIES, revision)
    if lexicon.fallback != "off":
        check_labels(found.checkpoint.config.labels)
    precision = _accelerator_precision(flags, {**os.environ, **settings})
    decision = choose_device(requested, found, precision)
    by_words = lexicon.fallback == "always-available"
    policy = fallback_of(given, requested, decision.device, by_words=by_words)
    if policy == "always":
        _check_last_resort(found.checkpoint.config.labels)
    if "--headless" in flags:
        policy = "off"  # there is no HTTP to supervise
    server = Server(found, flags, {**serve_environment(os.environ), **settings})
    use = DeviceUse(decision.device, requested, _reason(flags, decision))
    print(f"max-sentiment: computing on {use.computed}: {use.reason}", file=sys.stderr, flush=True)
    if dry_run:
        variables = {**server.settings, **use.as_variable()}
        assignments = [f"{name}={shlex.quote(value)}" for name, value in variables.items()]
        print(" ".join([*assignments, shlex.join(["max", *server.arguments(use)])]))
        return 0
    print(
        f"max-sentiment: serving {found.name} from {found.checkpoint.directory}",
        file=sys.stderr,
        flush=True,
    )
    if is_supervised(policy, decision.device):
        remember = RememberedFailures(found, decision.accelerator, precision)
        return supervise(DevicePlan(use, policy, server.start, server.word_list, remember))
    os.environ.update({**server.settings, **use.as_variable()})
    os.execv(sys.executable, [sys.executable, *MAX_PROCESS, *server.arguments(use)])


MAX_PROCESS = ("-m", "distilbert_sentiment_arch.cli.max_process")


def is_supervised(policy: DeviceFallback, device: str) -> bool:
    """Whether something else is to serve where a server on a device fails."""
    return policy == "always" or (policy == "cpu" and device != DEFAULT_DEVICE)


@dataclass(frozen=True)
class Server:
    """A checkpoint that is served, on one device or another, or by a word list.

    Attributes:
        found: The checkpoint.
        flags: Flags of ``max serve``, as they were given.
        settings: Environment variables that are added to those of this process.
    """

    found: NamedCheckpoint
    flags: Sequence[str]
    settings: Mapping[str, str]

    def arguments(self, use: DeviceUse) -> list[str]:
        """Returns the arguments of ``max`` that serve on a device."""
        return max_serve_arguments(self.found, flags_on(use.computed, use.requested, self.flags))

    def start(self, use: DeviceUse) -> tuple[list[str], dict[str, str]]:
        """Returns command line and environment of ``max serve`` on a device."""
        command = [sys.executable, *MAX_PROCESS, *self.arguments(use)]
        return command, {**os.environ, **self.settings, **use.as_variable()}

    def word_list(
        self, use: DeviceUse, served_at: Address | None, metrics: bool
    ) -> tuple[list[str], dict[str, str]]:
        """Returns those of the word list that answers in place of the model.

        Args:
            use: What failed before.
            served_at: Where the model was served; None for where it was to be served.
            metrics: Whether it opens the port for Prometheus.
        """
        environment = {**python_environment(), **self.settings, **use.as_variable()}
        port = _value(self.flags, "--port") or environment.get("MAX_SERVE_PORT", "")
        address = served_at or Address(
            _value(self.flags, "--host") or environment.get("MAX_SERVE_HOST", ANY_ADDRESS),
            int(port) if port.isdecimal() else 8000,
        )
        name = _value(self.flags, "--served-model-name") or self.found.name
        command = [
            *python_command("distilbert_sentiment_arch.cli"),
            *("lexicon", "--model", str(self.found.checkpoint.directory)),
            *("--served-model-name", name, "--host", address.host, "--port", str(address.port)),
            *([] if metrics else ["--metrics-port", "0"]),
        ]
        return command, environment


def _check_last_resort(labels: LabelSet) -> None:
    try:
        check_labels(labels)
    except ConfigError:
        raise ConfigError(
            "--device-fallback always ends with the word list, which cannot answer with the labels "
            f"{', '.join(labels.names)}: it knows NEGATIVE, POSITIVE and NEUTRAL. Serve with "
            "--device-fallback cpu."
        ) from None


def flags_on(device: str, requested: str, flags: Sequence[str]) -> list[str]:
    """Returns the flags of ``max serve`` with a device in place of the one that was asked for.

    Args:
        device: The device.
        requested: The setting, in small letters.
        flags: The flags as they were given.
    """
    if device == requested:
        return list(flags)
    kept: list[str] = []
    values = iter(flags)
    for flag in values:
        if flag == "--devices":
            next(values, None)
        elif not flag.startswith("--devices="):
            kept.append(flag)
    return [*kept] if device == DEFAULT_DEVICE else ["--devices", device, *kept]


def _accelerator_precision(
    flags: Sequence[str], environment: Mapping[str, str]
) -> AcceleratorPrecision:
    """Returns what an accelerator would compute in: the precision's setting goes first."""
    encoding = _value(flags, "--quantization-encoding") or "float32"
    return on_accelerator(environment.get(PRECISION, encoding))


def _reason(flags: Sequence[str], decision: DeviceDecision) -> str:
    if _value(flags, "--devices") is None:
        return "the default (--devices auto takes an accelerator whose probe passed)"
    return decision.reason


def max_serve_arguments(found: NamedCheckpoint, flags: Sequence[str]) -> list[str]:
    """Returns the arguments of ``max``, beginning with ``serve``.

    A flag of the caller replaces the default of the same name.
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


def check_ports_of_max(flags: Sequence[str], environment: Mapping[str, str]) -> None:
    """Checks the ports of ``max serve``, if they are known at this point.

    A file ``.env`` may set other ports, and flags may be invalid. In these cases the check runs
    later, inside MAX, which then has its settings.

    Raises:
        PortInUse: Another process uses a port.
    """
    if Path(".env").exists() or "--headless" in flags:
        return
    host = _value(flags, "--host") or environment.get("MAX_SERVE_HOST", ANY_ADDRESS)
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
