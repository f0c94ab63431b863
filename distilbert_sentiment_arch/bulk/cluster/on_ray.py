"""A job on a Ray cluster: Ray Data gives its tasks to actors, which write the parts."""

from __future__ import annotations

import hashlib
import logging
import pickle
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import ray
import ray.data
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from distilbert_sentiment_arch.bulk.cluster.ray_cluster import (
    Cluster,
    Pool,
    environment_of,
    refusal,
    watched,
)
from distilbert_sentiment_arch.bulk.cluster.ray_worker import (
    Board,
    TaskEnd,
    TaskWorker,
    accelerator_here,
    identify,
    node_name,
)
from distilbert_sentiment_arch.bulk.job.interruption import Interruption
from distilbert_sentiment_arch.bulk.job.job import Job
from distilbert_sentiment_arch.bulk.job.manifest import MANIFEST
from distilbert_sentiment_arch.bulk.job.output_directory import OutputDirectory
from distilbert_sentiment_arch.bulk.job.parts import Task
from distilbert_sentiment_arch.bulk.options import ModelOptions
from distilbert_sentiment_arch.bulk.reading.input_files import InputFile, fingerprint_now
from distilbert_sentiment_arch.bulk.reporting.progress import Progress
from distilbert_sentiment_arch.bulk.scoring.identity import ModelIdentity
from distilbert_sentiment_arch.bulk.scoring.scorer import load_scorer
from distilbert_sentiment_arch.errors import CheckpointError, JobError, RayError, SentimentError
from distilbert_sentiment_arch.lexicon.settings import EMBEDDED
from distilbert_sentiment_arch.probe.choice import on_accelerator
from distilbert_sentiment_arch.settings.defaults import VERSION
from distilbert_sentiment_arch.settings.precision import requested_precision

TASKS_A_WORKER = 4
"""Tasks of a worker, where files can be divided: the last ones to end leave little idle."""

_POLL_S = 0.5

_PROBE = "_probe"


def devices_on(cluster: Cluster, model: ModelOptions) -> list[tuple[str, bool, str]]:
    """Asks each node with a GPU whether the probe of that GPU with a model passed.

    Returns:
        Of each node its name, whether it did, and why or why not.

    Raises:
        RayError: The cluster cannot run a task.
    """
    precision = on_accelerator(model.precision or requested_precision())
    with _told():
        asked = [
            ray.remote(accelerator_here)
            .options(
                num_cpus=1,
                num_gpus=1,
                scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False),
            )
            .remote(model, precision)
            for node in cluster.with_gpus
        ]
        found: list[tuple[str, bool, str]] = ray.get(asked)
        return found


def identity_on(pool: Pool, model: ModelOptions) -> ModelIdentity:
    """Returns what a model is, as a worker of the cluster loads it.

    Raises:
        CheckpointError: The model cannot be loaded there.
        RayError: The cluster cannot run a worker.
    """
    if model.model in EMBEDDED:
        return load_scorer(model).identity
    remote = ray.remote(identify).options(
        num_cpus=pool.share.processors,
        num_gpus=pool.gpus,
        memory=pool.memory,
        max_retries=2,
        runtime_env={"env_vars": environment_of(pool.share)},
    )
    with _told():
        found = ray.get(remote.remote(model, pool.share))
    if isinstance(found, str):
        raise CheckpointError(found)
    return found


def run_on_ray(
    job: Job,
    identity: ModelIdentity,
    cluster: Cluster,
    pool: Pool,
    progress: Progress,
    interruption: Interruption,
) -> Mapping[str, float]:
    """Runs every task of a job that is to be done.

    A task whose worker or node ends is run again by another. A task that fails leaves the others to
    go on; the job fails behind them.

    Args:
        job: The job; it is open.
        identity: Its model.
        cluster: Where it runs; this process is connected to it.
        pool: Workers.
        progress: Told of rows and parts.
        interruption: Where signals arrive.

    Returns:
        Seconds of each part that was written, by its name.

    Raises:
        Interrupted: A signal arrived; parts that were finished are in the output.
        InputError, OutputError: The input or the output is not what every node sees.
        JobError: Tasks failed; the message has the first reason.
        RayError: The cluster failed.
    """
    tasks = job.tasks(rows_of_a_task(job.tasks(), pool.size))
    if not tasks:
        return {}
    seconds: dict[str, float] = {}
    failures: list[TaskEnd] = []
    with _told():
        check_nodes(job.plan.options.output, tasks[0].files[0], cluster)
        head = ray.get_runtime_context().gcs_address
        with watched(head, progress.say), _board(progress) as board:
            for end in _ends(tasks, identity, pool, board, interruption):
                seconds |= end.seconds or {}
                if end.failure is None:
                    continue
                if end.for_all:
                    raise JobError(end.failure)
                failures.append(end)
    interruption.raise_pending()
    if failures:
        others = f" {len(failures) - 1} other tasks failed, too." if len(failures) > 1 else ""
        raise JobError(f"{failures[0].failure}{others}")
    return seconds


def rows_of_a_task(tasks: Sequence[Task], workers: int) -> int | None:
    """Returns the most rows of a task that give every worker ``TASKS_A_WORKER`` of them.

    Args:
        tasks: What is to be done.
        workers: How many share it.

    Returns:
        None where the rows are not known before they are read.
    """
    known = [each.rows for each in tasks if each.rows is not None]
    return max(1, sum(known) // (TASKS_A_WORKER * workers)) if known else None


def _ends(
    tasks: Sequence[Task],
    identity: ModelIdentity,
    pool: Pool,
    board: Any,
    interruption: Interruption,
) -> Iterator[TaskEnd]:
    """Yields how each task ended, as they end."""
    rows = [{"task": task_of(number, each)} for number, each in enumerate(tasks)]
    size = min(pool.size, len(tasks))
    with _quiet_ray_data(size):
        scored = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            TaskWorker,
            fn_constructor_kwargs={
                "model": tasks[0].plan.options.model,
                "identity": identity,
                "share": pool.share,
                "board": board,
            },
            batch_size=1,
            batch_format="pyarrow",
            # A worker that is busy shall not hold back what another could begin.
            compute=ray.data.ActorPoolStrategy(size=size, max_tasks_in_flight_per_actor=1),
            num_cpus=pool.share.processors,
            num_gpus=pool.gpus or None,
            memory=pool.memory,
            runtime_env={"env_vars": environment_of(pool.share)},
        )
        ends = iter(scored.iter_rows())
        while True:
            with interruption.interruptible():
                row = next(ends, None)
            if row is None:
                return
            yield pickle.loads(row["end"])  # noqa: S301  # of our own actors


def task_of(number: int, task: Task) -> bytes:
    """Returns a task as a worker takes it.

    It has no names of the inputs but its own files: a shell may have made a glob into as many names
    as there are tasks.
    """
    options = replace(task.plan.options, inputs=())
    return pickle.dumps((number, replace(task, plan=replace(task.plan, options=options))))


@contextmanager
def _quiet_ray_data(workers: int) -> Iterator[None]:
    """Context in which Ray Data prints nothing and waits for the longest task."""
    context = ray.data.DataContext.get_current()
    logger = logging.getLogger("ray.data")
    names = (
        "enable_progress_bars",
        "print_on_execution_start",
        "execution_no_progress_timeout_s",
        "max_consecutive_actor_init_deaths",
    )
    before, level = {name: getattr(context, name) for name in names}, logger.level
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.execution_no_progress_timeout_s = -1
    # A node that is lost while its workers load the model is no reason to end.
    context.max_consecutive_actor_init_deaths = 3 * workers
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
        for name, value in before.items():
            setattr(context, name, value)


@contextmanager
def _board(progress: Progress) -> Iterator[Any]:
    """Context in which a board lives, whose news reach the progress."""
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    actor: Any = ray.remote(Board)
    board = actor.options(num_cpus=0, scheduling_strategy=here).remote()
    ended = threading.Event()

    def follow() -> None:
        with suppress(ray.exceptions.RayError):
            while not ended.wait(_POLL_S):
                _show(ray.get(board.take.remote()), progress)

    follower = threading.Thread(target=follow, name="ray-progress", daemon=True)
    follower.start()
    try:
        yield board
        ended.set()
        follower.join()
        with suppress(ray.exceptions.RayError):
            _show(ray.get(board.take.remote()), progress)
    finally:
        ended.set()
        with suppress(ray.exceptions.RayError):
            ray.kill(board)


def _show(news: Sequence[tuple[str, Any]], progress: Progress) -> None:
    for kind, value in news:
        if kind == "scored":
            progress.scored(value)
        else:
            progress.part_written(value)


def check_nodes(output: str, file: InputFile, cluster: Cluster) -> None:
    """Checks that every node sees the input and the output of a job, and has this version.

    Raises:
        RayError: One does not; the message names it.
    """
    manifest = hashlib.sha256(OutputDirectory(output).read(MANIFEST) or b"").hexdigest()
    asked = {
        node: ray.remote(probe)
        .options(num_cpus=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False))
        .remote(output, file, manifest, f"{_PROBE}-{node}")
        for node in cluster.working
    }
    seen = OutputDirectory(output)
    for node, answer in asked.items():
        try:
            problem = ray.get(answer)
        except ray.exceptions.RayTaskError as error:
            reason = str(error).strip().splitlines()[-1]
            problem = (
                f"a node cannot run max-sentiment {VERSION} ({reason}). Install it there with "
                "pip install 'max-sentiment[ray]'."
            )
        except ray.exceptions.RayError:
            continue  # a node that was lost since
        name = f"{_PROBE}-{node}"
        if problem is None and seen.read(name) is None:
            problem = f"what a node writes to {output} does not arrive here. {_REMEDY}"
        seen.remove(name)
        if problem is not None:
            raise RayError(f"The Ray cluster cannot run the job: {problem}")


_REMEDY = (
    "Every node reads the input and writes the output under the same names: put both into an "
    "object store, or on a file system that all nodes mount, or run without --ray."
)


def probe(output: str, file: InputFile, manifest: str, name: str) -> str | None:
    """Returns what is wrong with a job as the node of this process sees it; None for nothing."""
    where = f"node {node_name()}"
    try:
        if fingerprint_now(file) != file.fingerprint:
            return f"{where} does not see {file.path}, or another file. {_REMEDY}"
        directory = OutputDirectory(output)
        found = directory.read(MANIFEST)
        if found is None or hashlib.sha256(found).hexdigest() != manifest:
            return f"{where} does not see {output}, or another directory. {_REMEDY}"
        directory.write(name, b"")
    except SentimentError as error:
        return f"{where}: {error}"
    return None


@contextmanager
def _told() -> Iterator[None]:
    """Turns errors of Ray's into ours."""
    try:
        yield
    except ray.exceptions.RayError as error:
        raise refusal(error) from error
