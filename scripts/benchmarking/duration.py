"""Estimate of the duration of a run, from its configuration.

The speeds are those of two cores of an AMD EPYC (Zen 4), rounded down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.benchmarking.config import Config
from scripts.benchmarking.floors import operations
from scripts.benchmarking.models import BenchmarkModel
from scripts.benchmarking.workloads import Workload, Workloads

OPERATIONS_PER_SECOND = 6e10
"""Of one thread, averaged over engines and shapes."""

PEAKS_S = 30.0
LOAD_ENGINE_S = 7.0
START_SERVER_S = 8.0
COLD_START_S = 20.0
START_LOAD_S = 0.5
PEAK_LOAD_S = 1.5
"""A load of a second that the last round repeats while memory is watched, with its start."""


@dataclass(frozen=True)
class Duration:
    """Seconds of the parts of a run, except the installation of environments and profiles.

    Attributes:
        engines_s: Engines in process.
        servers_s: Servers over HTTP.
    """

    engines_s: float
    servers_s: float

    @property
    def minutes(self) -> float:
        """Minutes of the whole run."""
        return (self.engines_s + self.servers_s) / 60

    def __str__(self) -> str:
        return (
            f"about {self.minutes:.0f} minutes on two cores (engines {self.engines_s / 60:.0f}, "
            f"servers {self.servers_s / 60:.0f}), beside installing environments"
        )


def expected_duration(
    config: Config, models: Sequence[BenchmarkModel], *, in_process: bool, servers: bool
) -> Duration:
    """Returns the estimated duration of a run.

    Args:
        config: What is measured, with its number of threads filled in.
        models: The models of ``config.models``.
        in_process: Whether engines are measured.
        servers: Whether servers are measured.
    """
    engines_s = PEAKS_S + sum(engines_duration(config, each) for each in models)
    return Duration(
        engines_s if in_process and config.engines else 0.0,
        servers_duration(config) if servers else 0.0,
    )


def engines_duration(config: Config, model: BenchmarkModel) -> float:
    """Returns the seconds of all engines with one model."""
    workloads = Workloads(model.directory, config.seed)
    found = [workloads.shape(shape) for shape in config.shapes]
    for name, corpus in config.corpora.items():
        found += [workloads.corpus(name, corpus, batch) for batch in corpus.batches]
    turns_s = sum(turn_duration(config, model, workload) for workload in found)
    return len(config.engines) * (LOAD_ENGINE_S + config.repetitions.rounds * turns_s)


def turn_duration(config: Config, model: BenchmarkModel, workload: Workload) -> float:
    """Returns the seconds of one engine's turn at a workload."""
    repetitions = config.repetitions
    pass_s = operations(model.config, workload) / (OPERATIONS_PER_SECOND * config.threads)
    # A started batch of the warm-up and a started pass are completed.
    warmup_s = max(repetitions.warmup_s, pass_s / len(workload.batches))
    return warmup_s + max(repetitions.turn_s + pass_s / 2, repetitions.least_passes * pass_s)


def servers_duration(config: Config) -> float:
    """Returns the seconds of all servers with all models."""
    load = config.load
    round_s = START_SERVER_S + load.kinds * (load.warmup_s + load.seconds + 2 * START_LOAD_S)
    once_s = load.kinds * PEAK_LOAD_S + (COLD_START_S if load.cold_start else 0.0)
    return len(config.server_models) * len(config.servers) * (once_s + load.rounds * round_s)
