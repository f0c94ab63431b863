"""A process that loads a model in one precision and measures it, without a server.

    python -m distilbert_sentiment_arch.recommend.measuring RESULT < job

It reads a ``Job`` as a line of JSON and writes what it found to the file ``RESULT``. A process of
its own has memory of its own, sees only its own processors, and takes a crash with it. It ends when
its input does.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distilbert_sentiment_arch.classify.interface import ClassifyRequest, Truncation
from distilbert_sentiment_arch.engine.check_sentences import SENTENCES
from distilbert_sentiment_arch.recommend.closed_loop import closed_loop
from distilbert_sentiment_arch.recommend.cores import (
    chosen_processors,
    limit_processors,
    usable_processors,
)
from distilbert_sentiment_arch.settings.precision import Precision

if TYPE_CHECKING:
    from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier

_TEXTS_AT_ONCE = 32


@dataclass(frozen=True)
class Job:
    """What to measure.

    Attributes:
        directory: The checkpoint's directory.
        device: ``cpu``, ``gpu:0``.
        precision: What to compute in.
        cores: Logical processors to compute on.
        texts: Texts to classify.
        texts_per_request: Texts in a request.
        callers: Callers of the closed loop.
        batches: Most tokens in a batch; each is measured.
        seconds: How long each is measured.
    """

    directory: str
    device: str
    precision: Precision
    cores: int
    texts: Sequence[str]
    texts_per_request: int
    callers: int
    batches: Sequence[int]
    seconds: float


def measure(job: Job) -> dict[str, Any]:
    """Returns what was found, as JSON values; see ``screening.Screened``."""
    if job.cores != usable_processors():
        limit_processors(chosen_processors(job.cores))
    # Behind the limit: MAX starts a thread for each processor it sees.
    from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
    from distilbert_sentiment_arch.engine.device_choice import choose_device
    from distilbert_sentiment_arch.engine.in_process import classifier_of, load_model
    from distilbert_sentiment_arch.families.registry import FAMILIES

    start = time.perf_counter()
    found = find_checkpoint(job.directory, FAMILIES)
    model = load_model(found, choose_device(job.device, found), job.precision)
    loaded = time.perf_counter() - start
    classifiers = {size: classifier_of(model, size) for size in job.batches}
    first = classifiers[job.batches[0]]

    async def measured() -> dict[str, Any]:
        return {
            "computed": model.precision.precision,
            "reason": model.precision.reason,
            "load_s": loaded,
            "logits": await _logits(first, job.texts),
            "check_logits": await _logits(first, SENTENCES),
            "batches": [
                {"tokens": size, **asdict(await _loop(classifier, job))}
                for size, classifier in classifiers.items()
            ],
        }

    return asyncio.run(measured())


async def _logits(classifier: ModelClassifier, texts: Sequence[str]) -> list[list[float]]:
    found: list[list[float]] = []
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        answers = await classifier.classify(_request(texts[start : start + _TEXTS_AT_ONCE]))
        found += [list(map(float, each.logits)) for each in answers.classifications]
    return found


async def _loop(classifier: ModelClassifier, job: Job) -> Any:
    requests = [_request(each) for each in requests_of(job.texts, job.texts_per_request)]

    async def send(number: int) -> int:
        answers = await classifier.classify(requests[number % len(requests)])
        return len(answers.classifications)

    return await closed_loop(send, job.callers, job.seconds)


def _request(texts: Sequence[str]) -> ClassifyRequest:
    return ClassifyRequest(list(texts), Truncation("end"))


def requests_of(texts: Sequence[str], size: int) -> list[list[str]]:
    """Returns requests of so many texts each, until every text is in one.

    The last one is filled with the first texts.
    """
    count = -(-len(texts) // size)
    return [
        [texts[(number * size + place) % len(texts)] for place in range(size)]
        for number in range(count)
    ]


def _end_with_input() -> None:
    """Ends this process once whoever started it is gone."""
    # Not through sys.stdin, whose lock this thread would hold while the interpreter ends.
    while os.read(0, 4096):
        pass
    os._exit(1)


def main() -> None:
    """Reads the job, measures it, writes the result."""
    job = Job(**json.loads(sys.stdin.buffer.readline()))
    threading.Thread(target=_end_with_input, daemon=True).start()
    Path(sys.argv[1]).write_text(json.dumps(measure(job)), encoding="utf-8")
    sys.stdout.flush()
    os._exit(0)  # MAX's threads need no orderly end


if __name__ == "__main__":
    main()
