"""Where ``max-sentiment score`` runs a job: in this process or on a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from distilbert_sentiment_arch.bulk.options import ModelOptions
from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.lexicon.settings import EMBEDDED
from distilbert_sentiment_arch.probe.choice import AUTO, choose_device, on_accelerator
from distilbert_sentiment_arch.settings.precision import requested_precision

if TYPE_CHECKING:
    from distilbert_sentiment_arch.bulk.cluster.ray_cluster import Cluster, Pool
    from distilbert_sentiment_arch.bulk.job.interruption import Interruption
    from distilbert_sentiment_arch.bulk.job.job import Job
    from distilbert_sentiment_arch.bulk.reporting.progress import Progress
    from distilbert_sentiment_arch.bulk.scoring.identity import ModelIdentity
    from distilbert_sentiment_arch.bulk.scoring.scorer import Scorer


class Place(Protocol):
    """Where tasks run."""

    def identity(self) -> ModelIdentity:
        """Returns what scores the rows; loads no model where that can be known without."""

    def prepare(self) -> ModelIdentity:
        """Makes ready to run tasks, and returns what scores the rows, as it is loaded."""

    def run(self, job: Job, interruption: Interruption) -> Mapping[str, float]:
        """Runs the tasks of a job; returns the seconds of each part that was written."""


class Here:
    """This process.

    Args:
        model: The model.
        device: What computes, or ``auto``; None for the CPU.
        progress: Told of rows and parts.
    """

    def __init__(self, model: ModelOptions, device: str | None, progress: Progress) -> None:
        self._model = model
        self._requested = device or "cpu"
        self._progress = progress
        self._scorer: Scorer | None = None

    def identity(self) -> ModelIdentity:
        """See ``Place``."""
        from distilbert_sentiment_arch.bulk.scoring.identification import identify

        return identify(self._model, self._device) or self.prepare()

    @cached_property
    def _device(self) -> str:
        """What ``auto`` comes to here, which is said once; any other device as it is named."""
        if self._requested != AUTO or self._model.model in EMBEDDED:
            return self._requested
        found = find_checkpoint(self._model.model, FAMILIES, self._model.revision)
        precision = on_accelerator(self._model.precision or requested_precision())
        decision = choose_device(AUTO, found, precision)
        self._progress.say(f"computing on {decision.device}: {decision.reason}")
        return decision.device

    def prepare(self) -> ModelIdentity:
        """See ``Place``."""
        return self._loaded().identity

    def run(self, job: Job, interruption: Interruption) -> Mapping[str, float]:
        """See ``Place``."""
        from distilbert_sentiment_arch.bulk.job.local_run import run_here

        return run_here(job, self._loaded(), self._progress, interruption)

    def _loaded(self) -> Scorer:
        from distilbert_sentiment_arch.bulk.scoring.scorer import load_scorer

        if self._scorer is None:
            is_word_list = self._model.model in EMBEDDED
            if not is_word_list:
                self._progress.say("loading the model ...")
            self._scorer = load_scorer(self._model, self._device)
            if not is_word_list:
                from distilbert_sentiment_arch.engine import precision_report

                self._progress.say(str(precision_report.latest()))
        return self._scorer


class OnRay:
    """A Ray cluster.

    Args:
        model: The model.
        cluster: The cluster; this process is connected to it.
        pool: Its workers.
        progress: Told of rows and parts.
    """

    def __init__(
        self, model: ModelOptions, cluster: Cluster, pool: Pool, progress: Progress
    ) -> None:
        self._model = model
        self._cluster = cluster
        self._pool = pool
        self._progress = progress
        self._identity: ModelIdentity | None = None

    def identity(self) -> ModelIdentity:
        """See ``Place``."""
        from distilbert_sentiment_arch.bulk.scoring.identification import identify

        return identify(self._model, self._pool.share.device) or self.prepare()

    def prepare(self) -> ModelIdentity:
        """See ``Place``."""
        from distilbert_sentiment_arch.bulk.cluster.on_ray import identity_on

        if self._identity is None:
            if self._model.model not in EMBEDDED:
                self._progress.say("loading the model on the cluster ...")
            self._identity = identity_on(self._pool, self._model)
        return self._identity

    def run(self, job: Job, interruption: Interruption) -> Mapping[str, float]:
        """See ``Place``."""
        from distilbert_sentiment_arch.bulk.cluster.on_ray import run_on_ray

        return run_on_ray(
            job, self.prepare(), self._cluster, self._pool, self._progress, interruption
        )


@contextmanager
def place_of(
    model: ModelOptions, device: str | None, ray: str | None, progress: Progress
) -> Iterator[Place]:
    """Context in which tasks run in this process, or on a Ray cluster if there is an address.

    Raises:
        DependencyError: Ray is not installed.
        RayError: The cluster does not answer, or no worker fits in it.
    """
    if ray is None:
        yield Here(model, device, progress)
        return
    from distilbert_sentiment_arch.bulk.cluster.ray_cluster import connected, pool_of
    from distilbert_sentiment_arch.bulk.reporting.figures import plural

    with connected(ray, progress.say) as cluster:
        pool = pool_of(cluster, model, _device_on(cluster, model, device or AUTO, progress))
        cores = plural(pool.share.processors, "core")
        progress.say(f"{plural(pool.size, 'worker')} of {cores} on Ray")
        yield OnRay(model, cluster, pool, progress)


def _device_on(cluster: Cluster, model: ModelOptions, device: str, progress: Progress) -> str:
    """Returns what ``auto`` comes to on a cluster; any other device as it is named."""
    if device != AUTO or model.model in EMBEDDED or not cluster.with_gpus:
        return device
    from distilbert_sentiment_arch.bulk.cluster.on_ray import devices_on

    for node, works, why in devices_on(cluster, model):
        if not works:
            progress.say(f"computing on the CPUs of the cluster: on node {node}, {why}")
            return "cpu"
    return "gpu"
