"""Processes of a Ray cluster: those that run the tasks of a job, and what they tell its driver."""

from __future__ import annotations

import pickle
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import ray

from distilbert_sentiment_arch.bulk.cluster.core_limit import threads_for
from distilbert_sentiment_arch.bulk.job.counts import Counts
from distilbert_sentiment_arch.bulk.job.local_run import TaskProgress
from distilbert_sentiment_arch.bulk.job.parts import Task
from distilbert_sentiment_arch.bulk.job.task_run import TaskResult, run_task
from distilbert_sentiment_arch.bulk.options import ModelOptions
from distilbert_sentiment_arch.bulk.reporting.progress import Progress
from distilbert_sentiment_arch.bulk.scoring.identity import ModelIdentity
from distilbert_sentiment_arch.bulk.scoring.scorer import Scorer, load_scorer
from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.errors import SentimentError
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.messages import one_line
from distilbert_sentiment_arch.probe.choice import AUTO, choose_device
from distilbert_sentiment_arch.probe.kept import AcceleratorPrecision

MOST_ATTEMPTS = 4
"""Workers that may die of a task before it counts as failed."""

TOLD_EVERY_S = 0.5
"""Seconds between two messages of a worker about the rows of its task."""


@dataclass(frozen=True)
class Share:
    """What a worker has of its node.

    Attributes:
        processors: Logical processors; its model computes with as many threads as these have cores.
        device: What its model computes on: ``cpu`` or ``gpu``.
    """

    processors: int
    device: str


@dataclass(frozen=True)
class TaskEnd:
    """How a task ended.

    Attributes:
        number: Its place among the tasks of the run.
        result: What it did; None where it failed.
        failure: Why it failed, in words for the user.
        for_all: Whether every task would fail for this reason.
        seconds: What each of its parts took, by name.
    """

    number: int
    result: TaskResult | None
    failure: str | None = None
    for_all: bool = False
    seconds: dict[str, float] | None = None


class Board:
    """What the workers of a run tell its driver; an actor beside the driver."""

    def __init__(self) -> None:
        self._attempts: Counter[int] = Counter()
        self._rows: Counter[int] = Counter()
        self._parts: set[str] = set()
        self._news: deque[tuple[str, Any]] = deque()

    def begin(self, task: int) -> tuple[int, int]:
        """Notes that a worker begins a task.

        Returns:
            How many workers have begun it, and of how many of its rows the driver knows.
        """
        self._attempts[task] += 1
        return self._attempts[task], self._rows[task]

    def scored(self, task: int, rows: int, counts: Counts) -> None:
        """Takes rows that are scored.

        Args:
            task: The task.
            rows: Rows of the task up to here.
            counts: Of those since the message before.
        """
        if rows > self._rows[task]:
            self._rows[task] = rows
            self._news.append(("scored", counts))

    def part_written(self, name: str) -> None:
        """Takes a part that is in the output."""
        if name not in self._parts:
            self._parts.add(name)
            self._news.append(("part", name))

    def take(self) -> list[tuple[str, Any]]:
        """Returns what came since the call before."""
        news = list(self._news)
        self._news.clear()
        return news


class TaskWorker:
    """An actor that loads a model once and runs tasks with it.

    Args:
        model: The model.
        identity: The model that the job was opened with.
        share: What the worker has of its node.
        board: What it tells the driver through.
    """

    def __init__(
        self, model: ModelOptions, identity: ModelIdentity, share: Share, board: Any
    ) -> None:
        self._board = board
        self._scorer: Scorer | None = None
        self._refusal: str | None = None
        try:
            self._scorer = load_share(model, share)
            self._refusal = difference(identity, self._scorer.identity)
        except SentimentError as error:
            self._refusal = f"node {node_name()}: {error}"

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Runs a task: a batch of one row."""
        number, task = pickle.loads(batch["task"][0].as_py())  # noqa: S301  # of the driver
        return pa.table({"end": [pickle.dumps(self._run(number, task))]})

    def _run(self, number: int, task: Task) -> TaskEnd:
        if self._refusal is not None or self._scorer is None:
            return TaskEnd(number, None, self._refusal, for_all=True)
        attempt, known = ray.get(self._board.begin.remote(number))
        if attempt > MOST_ATTEMPTS:
            return TaskEnd(
                number,
                None,
                f"{task.files[0].path}: {MOST_ATTEMPTS} workers ended in the middle of these rows, "
                f"the last ones on node {node_name()} or before. Look for the reason in Ray's logs "
                "(memory is the usual one), then run the same command again.",
            )
        progress = TaskProgress(task, _ToBoard(self._board, number, known))
        try:
            result = run_task(task, self._scorer, progress.scored)
        except SentimentError as error:
            return TaskEnd(number, None, str(error))
        except ray.exceptions.RayError:
            # The driver or its node is gone.
            raise
        except Exception as error:  # other tasks may do
            return TaskEnd(
                number,
                None,
                f"{task.files[0].path}: node {node_name()}: {type(error).__name__}: "
                f"{one_line(str(error))}",
            )
        progress.end(len(result.parts))
        return TaskEnd(number, result, seconds=progress.seconds)


class _ToBoard(Progress):
    """Progress of one task that the driver is told of.

    Args:
        board: The actor.
        task: Number of the task.
        known: Rows of the task that the driver knows of from a worker that ended.
    """

    def __init__(self, board: Any, task: int, known: int) -> None:
        super().__init__()
        self._board = board
        self._task = task
        self._known = known
        self._seen = 0
        self._waiting = Counts()
        self._told = time.monotonic()

    def scored(self, counts: Counts) -> None:
        """Takes rows; windows are the same whoever reads them, so none is counted twice."""
        self._seen += counts.rows
        if self._seen <= self._known:
            return
        self._waiting.add(counts)
        if time.monotonic() - self._told >= TOLD_EVERY_S:
            self.tell()

    def part_written(self, name: str) -> None:
        """Takes a part, and tells of all rows up to its end."""
        self.tell()
        self._board.part_written.remote(name)

    def tell(self) -> None:
        """Tells the driver of the rows since the last time."""
        waiting, self._waiting = self._waiting, Counts()
        self._told = time.monotonic()
        if waiting.rows:
            self._board.scored.remote(self._task, self._seen, waiting)


def load_share(model: ModelOptions, share: Share) -> Scorer:
    """Loads a scorer that computes with a part of the node.

    Raises:
        CheckpointError: The model cannot be loaded.
    """
    pa.set_cpu_count(share.processors)
    with threads_for(share.processors):
        return load_scorer(model, share.device)


def identify(model: ModelOptions, share: Share) -> ModelIdentity | str:
    """Loads a model on a node of the cluster; returns what it is, or why it cannot be loaded."""
    try:
        return load_share(model, share).identity
    except SentimentError as error:
        return f"node {node_name()}: {error}"


def accelerator_here(model: ModelOptions, precision: AcceleratorPrecision) -> tuple[str, bool, str]:
    """Returns this node's name, whether the probe of its GPU with a model passed, and why."""
    try:
        found = find_checkpoint(model.model, FAMILIES, model.revision)
        decision = choose_device(AUTO, found, precision)
    except SentimentError as error:
        return node_name(), False, str(error)
    return node_name(), decision.accelerator is not None, decision.reason


def difference(expected: ModelIdentity, found: ModelIdentity) -> str | None:
    """Returns in what a node's model is not the job's, in words; None where it is the same."""
    before, now = asdict(expected), asdict(found)
    different = [name for name in before if before[name] != now[name]]
    if not different:
        return None
    name = different[0]
    remedy = (
        "Its processor computes otherwise: name a --precision that all nodes have."
        if name == "precision"
        else "Install the same version and the same model on all nodes."
    )
    return (
        f"node {node_name()}: the {name.replace('_', ' ')} of the model is {now[name]} there and "
        f"{before[name]} for this job. {remedy}"
    )


def node_name() -> str:
    """Returns the address of the node that this process is on."""
    address: str = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
    return address
