"""A Ray cluster: how it is reached, and how many workers fit in it with which share of a node."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from distilbert_sentiment_arch.bulk.options import ModelOptions
from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.errors import DependencyError, InputError, RayError, SentimentError
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.lexicon.settings import EMBEDDED

if TYPE_CHECKING:
    from distilbert_sentiment_arch.bulk.cluster.ray_worker import Share

AUTO = "auto"

CORES_A_WORKER = 4
"""Logical processors of a worker on a CPU: more of them compute a pass at a lower efficiency."""

WORD_LIST_MEMORY = 400 * 10**6
MODEL_MEMORY = 800 * 10**6
"""Bytes of a worker without its weights: interpreter, Ray, MAX, rows on their way."""
MEMORY_A_WEIGHT_BYTE = 3.0
"""Bytes of a worker for each byte of its weights, packed ones included."""

_OBJECT_STORE_BYTES = 128 * 2**20
"""Of a cluster of this machine; rows do not pass through it."""

_CONNECT_S = 10.0

WATCH_S = 5.0
"""Seconds between two looks at the head of a cluster during a job."""
_MOST_MISSED = 3

_SETTINGS = "MAX_SENTIMENT_"
_QUIET = {
    # Sends nothing to Ray's makers.
    "RAY_USAGE_STATS_ENABLED": "0",
    # Of Ray's driver; its errors arrive as exceptions.
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


@dataclass(frozen=True)
class Pool:
    """The workers of a job.

    Attributes:
        share: What each has of its node.
        size: How many fit in the cluster now.
        gpus: Of each, as Ray counts them.
        memory: Of each, in bytes, for Ray to place it by.
    """

    share: Share
    size: int
    gpus: int
    memory: int


@dataclass(frozen=True)
class Cluster:
    """A cluster that this process is connected to.

    Attributes:
        nodes: Resources of each node that lives, by its id.
        started: Whether it was started for this process, and ends with it.
    """

    nodes: Mapping[str, Mapping[str, float]]
    started: bool

    @property
    def working(self) -> list[str]:
        """Ids of the nodes that have a processor for workers."""
        return [node for node, has in self.nodes.items() if has.get("CPU", 0) >= 1]

    @property
    def with_gpus(self) -> list[str]:
        """Ids of those that have a GPU as well."""
        return [node for node in self.working if self.nodes[node].get("GPU", 0) >= 1]


def require_ray() -> ModuleType:
    """Imports Ray.

    Raises:
        DependencyError: It is not installed.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if find_spec("ray") is None:
        raise DependencyError(
            "--ray needs Ray, which is not installed here: pip install 'max-sentiment[ray]'"
        )
    import ray

    return ray


@contextlib.contextmanager
def connected(
    address: str, say: Callable[[str], None], cores: int | None = None
) -> Iterator[Cluster]:
    """Context in which this process is the driver of a cluster.

    ``auto`` is the cluster that ``RAY_ADDRESS`` names or that runs on this machine; where there is
    none, one is started here and ends with the context.

    Args:
        address: ``auto``, or host and port of the cluster's head.
        say: Tells the user something.
        cores: Logical processors of a cluster that is started; None for all.

    Raises:
        DependencyError: Ray is not installed.
        InputError: It is an address of Ray's client.
        RayError: The cluster does not answer.
    """
    ray = require_ray()
    if address.startswith("ray://"):
        raise InputError(
            f"--ray {address}: the command runs on a node of the cluster, not through Ray's client."
            " Submit it: ray job submit --address http://HEAD:8265 -- max-sentiment score ... "
            "--ray auto"
        )
    _check_answers(address)
    options: dict[str, Any] = {
        "log_to_driver": False,
        "logging_level": logging.ERROR,
        "configure_logging": True,
    }
    started = False
    with _handlers_kept(), _stderr_muted(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ray.init(address=address, **options)
        except (ConnectionError, RuntimeError, ValueError) as error:
            if address != AUTO or os.environ.get("RAY_ADDRESS"):
                where = os.environ.get("RAY_ADDRESS") if address == AUTO else None
                raise RayError(
                    f"--ray {address}{f' (RAY_ADDRESS={where})' if where else ''}: no Ray cluster "
                    f"answers ({_first_line(error)}). Check the address, and that this machine is "
                    "a node of the cluster, or run without --ray."
                ) from error
            started = True
            ray.init(
                num_cpus=cores or _processors(),
                include_dashboard=False,
                object_store_memory=_OBJECT_STORE_BYTES,
                **options,
            )
    try:
        nodes = {node["NodeID"]: node["Resources"] for node in ray.nodes() if node["Alive"]}
        if started:
            count = int(sum(has.get("CPU", 0) for has in nodes.values()))
            say(f"no Ray cluster runs here: started one with {count} cores for this job")
        yield Cluster(nodes, started)
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ray.shutdown()


def pool_of(
    cluster: Cluster, model: ModelOptions, device: str = AUTO, cores: int | None = None
) -> Pool:
    """Returns as many workers as fit in a cluster.

    Args:
        cluster: The cluster.
        model: What they load.
        device: ``cpu``, ``gpu``, or ``auto`` for GPUs where the cluster has some, whatever they
            compute: ``on_ray.devices_on`` asks about that.
        cores: Logical processors of each; None for ``CORES_A_WORKER``, or all of a smaller node.

    Raises:
        CheckpointError: There is no such model.
        RayError: Not one fits.
    """
    from distilbert_sentiment_arch.bulk.cluster.ray_worker import Share

    nodes = [cluster.nodes[node] for node in cluster.working]
    has_gpus = bool(cluster.with_gpus)
    gpus = int(model.model not in EMBEDDED and (device == "gpu" or (device == AUTO and has_gpus)))
    largest = int(max((node["CPU"] for node in nodes), default=0))
    each = cores or max(1, min(CORES_A_WORKER, largest))
    memory = memory_of(model)
    fitting = [
        min(
            int(node["CPU"] // each),
            int(node.get("memory", 0) // memory),
            *([int(node.get("GPU", 0) // gpus)] if gpus else []),
        )
        for node in nodes
    ]
    if not sum(fitting):
        wanted = f"{each} cores, {memory / 1e9:.1f} GB of memory" + (", a GPU" if gpus else "")
        most = ", ".join(
            f"{node['CPU']:.0f} cores with {node.get('memory', 0) / 1e9:.1f} GB" for node in nodes
        )
        raise RayError(
            f"No node of the Ray cluster has room for a worker ({wanted}); there are: "
            f"{most or 'none with cores'}. Add nodes, or start them with more memory."
        )
    return Pool(Share(each, "gpu" if gpus else "cpu"), sum(fitting), gpus, memory)


def memory_of(model: ModelOptions) -> int:
    """Returns what a worker takes at its peak, in bytes, by the size of the weights.

    Raises:
        CheckpointError: There is no such model.
    """
    if model.model in EMBEDDED:
        return WORD_LIST_MEMORY
    checkpoint = find_checkpoint(model.model, FAMILIES, model.revision).checkpoint
    weights = sum(path.stat().st_size for path in checkpoint.weight_files)
    return MODEL_MEMORY + int(MEMORY_A_WEIGHT_BYTE * weights)


def environment_of(share: Share) -> dict[str, str]:
    """Returns the variables of a worker: this process's settings, and the threads of libraries."""
    settings = {name: value for name, value in os.environ.items() if name.startswith(_SETTINGS)}
    threads = str(share.processors)
    return settings | {"RAYON_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}


def refusal(error: BaseException) -> SentimentError:
    """Returns an error of Ray's in words for the user."""
    return RayError(
        f"The Ray cluster failed the job: {_first_line(error)} Finished parts are kept: run the "
        "same command again, on the cluster or without --ray."
    )


@contextlib.contextmanager
def watched(address: str, say: Callable[[str], None], pause: float = WATCH_S) -> Iterator[None]:
    """Context in which the user is told that the head of the cluster does not answer.

    Ray tries for a minute, and then its native code ends this process without a word.

    Args:
        address: Host and port of the head.
        say: Tells the user; called in a thread.
        pause: Seconds between two looks.
    """
    ended = threading.Event()

    def watch() -> None:
        missed = 0
        while not ended.wait(pause):
            missed = 0 if _answers(address) is None else missed + 1
            if missed == _MOST_MISSED:
                say(
                    f"the head of the Ray cluster at {address} does not answer. If it stays away, "
                    "Ray ends this process in about a minute. Finished parts are kept: run the "
                    "same command again, on a cluster or without --ray."
                )

    threading.Thread(target=watch, name="ray-watch", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _check_answers(address: str) -> None:
    """Checks that something listens at an address, for which Ray would try for minutes.

    Raises:
        RayError: Nothing does.
    """
    if (error := _answers(address)) is not None:
        raise RayError(
            f"--ray {address}: no Ray cluster answers ({error}). Check the address, or run without "
            "--ray."
        ) from error


def _answers(address: str) -> Exception | None:
    """Returns why nothing listens at a host and port; None where something does."""
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        return None
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_S).close()
    except (OSError, OverflowError) as error:
        return error
    return None


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".") + "."


@contextlib.contextmanager
def _stderr_muted() -> Iterator[None]:
    """Drops what Ray's native code prints at its start; stderr is for machines to read."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextlib.contextmanager
def _handlers_kept() -> Iterator[None]:
    """Keeps the signal handlers of this process, which Ray replaces."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
