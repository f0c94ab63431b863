"""The ladder: one rung after the other, on one device after the other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint
from distilbert_sentiment_arch.compile_cache import cache_directory
from distilbert_sentiment_arch.errors import CacheError
from distilbert_sentiment_arch.machine.accelerators import Accelerator, Accelerators
from distilbert_sentiment_arch.machine.processor import read_processor
from distilbert_sentiment_arch.probe.kept import AcceleratorPrecision, keep_verdict
from distilbert_sentiment_arch.probe.rung_process import run_rung
from distilbert_sentiment_arch.probe.rungs import OPENING, ProbedDevice, Rung, RungsOf, rungs_of
from distilbert_sentiment_arch.probe.verdict import CLASSIFIER, RungVerdict

TIMEOUT_S = 600.0
"""Seconds that a rung may take. Compiling a large classifier takes minutes on a small machine."""

OnVerdict = Callable[[RungVerdict], None]
OnStart = Callable[[str, str], None]


def _ignore(device: str, rung: str) -> None:
    """Does nothing."""


@dataclass(frozen=True)
class Climbing:
    """How the ladder is climbed.

    Attributes:
        timeout_s: Seconds that a rung may take, compilation included.
        logs: Directory for what the rungs' processes say; None for one in the cache.
        rungs_of: Returns the rungs of a device.
        on_start: Is called before each rung, with the device and the rung's name.
    """

    timeout_s: float = TIMEOUT_S
    logs: Path | None = None
    rungs_of: RungsOf = rungs_of
    on_start: OnStart = field(default=_ignore)


def probed_devices(accelerators: Accelerators) -> list[ProbedDevice]:
    """Returns the CPU and what MAX finds besides."""
    found = [ProbedDevice("cpu", read_processor().name)]
    return found + [ProbedDevice(each.name, _described(each), each) for each in accelerators.found]


def climb(
    devices: Sequence[ProbedDevice],
    checkpoint: NamedCheckpoint | None,
    on_verdict: OnVerdict,
    climbing: Climbing = Climbing(),
) -> list[RungVerdict]:
    """Runs all rungs of all devices, and keeps what accelerators made of the classifier.

    A rung is run whatever became of those before it, unless the device does not open at all.

    Args:
        devices: The devices.
        checkpoint: What the last rung loads; None leaves that rung out.
        on_verdict: Is called with each verdict as it is there.
        climbing: How the ladder is climbed.

    Returns:
        The verdicts, in the order of devices and rungs.

    Raises:
        OSError: The logs cannot be written, or no process can be started.
    """
    logs = climbing.logs or _log_directory()
    logs.mkdir(parents=True, exist_ok=True)
    verdicts: list[RungVerdict] = []
    for device in devices:
        closed: RungVerdict | None = None
        for rung in climbing.rungs_of(device):
            loaded = checkpoint if rung.graph == CLASSIFIER else None
            if rung.graph == CLASSIFIER and checkpoint is None:
                continue
            if closed is None:
                climbing.on_start(device.name, rung.name)
                log = logs / _log_name(device, rung)
                verdict = run_rung(rung, device.name, loaded, climbing.timeout_s, log)
            else:
                reason = f"{device.name} does not open: {closed.reason}"
                verdict = RungVerdict(device.name, rung.name, "not run", reason)
            if rung.graph == OPENING and verdict.outcome not in ("works", "wrong numbers"):
                closed = verdict
            if loaded is not None and device.accelerator is not None:
                # What was found earlier does not hold for a device that no longer opens.
                kept = verdict if closed is None else replace(closed, rung=rung.name)
                precision: AcceleratorPrecision = (
                    "bfloat16" if rung.dtype == "bfloat16" else "float32"
                )
                keep_verdict(device.accelerator, loaded, kept, precision)
            verdicts.append(verdict)
            on_verdict(verdict)
    return verdicts


def _log_directory() -> Path:
    """Returns a directory in the cache, and a temporary one if it cannot be written to."""
    with suppress(CacheError, OSError):
        logs = cache_directory() / "probe-logs"
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=logs):
            return logs
    return Path(tempfile.mkdtemp(prefix="max-sentiment-probe-"))


def _log_name(device: ProbedDevice, rung: Rung) -> str:
    return f"{device.name}-{rung.name}.log".replace(" ", "-").replace(":", "-")


def _described(accelerator: Accelerator) -> str:
    names = (accelerator.model, accelerator.architecture, accelerator.api)
    driver = f"driver {accelerator.driver}" if accelerator.driver else ""
    return ", ".join(filter(None, (*names, driver)))
