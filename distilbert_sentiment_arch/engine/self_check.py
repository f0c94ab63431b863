"""Self-check of a precision: does this checkpoint answer in it as it does in float32?

The sentences of ``check_sentences`` are computed in the precision and in float32: by
``numpy_encoder``, or by the graph in float32 where it does not compute such an encoder. The spread
of the logits is their standard deviation over the sentences, averaged over the labels. A precision
passes where

- at least 99% of the labels are the same, among sentences whose margin in float32 (the highest
  logit less the second highest; for a single label, its distance from 0) is at least a quarter of
  the spread, and
- the mean difference of the logits is at most 5% of the spread.

The sentences are few, so the first bound allows none of them to change. The second one finds an
unsuitable checkpoint: where the weights of the embedded one are made coarser step by step, it is
exceeded before 1% of the labels of SST-2's development set change. The sentences are more mixed
than those reviews, and their logits differ twice as much.

A verdict is kept in the compile cache, so that later starts have it without computing anything.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.compile_cache import read, store
from distilbert_sentiment_arch.engine.numpy_encoder import Floats, grouped
from distilbert_sentiment_arch.engine.precision import Verdict
from distilbert_sentiment_arch.engine.source_files import imported_modules
from distilbert_sentiment_arch.errors import CacheError
from distilbert_sentiment_arch.machine.processor import Processor
from distilbert_sentiment_arch.settings.defaults import PACKAGE
from distilbert_sentiment_arch.settings.precision import Precision

LEAST_EQUAL_LABELS = 0.99
TINY_MARGIN = 0.25
MOST_DIFFERENCE = 0.05

_MODULES = ("self_check", "packed_layers", "packed_weights", "check_sentences")

_log = logging.getLogger("max.pipelines.sentiment")


def in_groups(
    sequences: Sequence[TokenSequence], compute: Callable[[Sequence[TokenSequence]], Floats]
) -> Floats:
    """Returns the logits of sequences, the shortest one's first.

    Args:
        sequences: The sentences' tokens, none longer than the encoder reads.
        compute: Returns the logits of a batch.
    """
    ordered = sorted(sequences, key=len)
    return np.concatenate([compute(group) for group in grouped(ordered)])


def compare(expected: Floats, computed: Floats) -> Verdict:
    """Returns the verdict on logits ``(sentences, num_labels)``.

    Args:
        expected: In float32.
        computed: In the precision.
    """
    if not (np.isfinite(expected).all() and np.isfinite(computed).all()):
        return Verdict(passed=False, figures="a logit is NaN or infinite")
    spread = float(expected.std(axis=0).mean())
    if expected.shape[1] > 1:
        second, first = np.sort(expected, axis=1)[:, -2:].T
        margins = first - second
        equal = expected.argmax(axis=1) == computed.argmax(axis=1)
    else:
        margins = np.abs(expected[:, 0])
        equal = (expected > 0)[:, 0] == (computed > 0)[:, 0]
    counted = margins >= TINY_MARGIN * spread
    same, total = int(equal[counted].sum()), int(counted.sum())
    difference = float(np.abs(expected - computed).mean())
    return Verdict(
        passed=same >= LEAST_EQUAL_LABELS * total and difference <= MOST_DIFFERENCE * spread,
        figures=f"{same} of {total} labels equal, mean logit difference "
        f"{difference / spread if spread else float('inf'):.1%} of the spread",
    )


class KeptVerdicts:
    """Verdicts on one checkpoint in the compile cache.

    They are named after the checkpoint, the precision, the processor's units and the sources of
    graph, kernels and self-check.

    Args:
        checkpoint: A digest of all weights, and whatever else the checkpoint's logits depend on.
        processor: The processor.
        kernels: The directory with the kernels' sources.
        lower: Units of processors whose code may run here in place of this one's. A verdict on
            such code is found, too: integers are the same, and floats differ by rounding.
    """

    def __init__(
        self,
        checkpoint: str,
        processor: Processor,
        kernels: Path,
        lower: Iterable[frozenset[str]] = (),
    ) -> None:
        modules = imported_modules(f"{PACKAGE.name}.engine.{name}" for name in _MODULES)
        files = [file.read_bytes() for file in [*modules, *sorted(kernels.glob("*.mojo"))]]
        versions = [version(name).encode() for name in ("max", "mojo-compiler")]
        self._keys = [
            _digest([checkpoint.encode(), *versions, *map(str.encode, sorted(units)), *files])
            for units in dict.fromkeys([processor.units, *lower])
        ]

    def find(self, precision: Precision) -> Verdict | None:
        """Returns the verdict on a precision; None if none is kept."""
        try:
            kept = (read(self._name(precision, key)) for key in self._keys)
            content = next((each for each in kept if each is not None), None)
            return None if content is None else Verdict(**json.loads(content))
        except (CacheError, OSError, ValueError, TypeError) as error:
            _log.warning("The self-check is computed again: %s", error)
            return None

    def keep(self, precision: Precision, verdict: Verdict) -> None:
        """Keeps a verdict; where the cache cannot be written to, a warning in the log says so."""
        content = {"passed": verdict.passed, "figures": verdict.figures}
        name = self._name(precision, self._keys[0])
        store(name, json.dumps(content).encode(), "computes")

    def _name(self, precision: Precision, key: str) -> str:
        return f"check-{precision}-{key}.sealed"


def digest_of(config: str, tensors: Mapping[str, npt.NDArray[np.uint8]]) -> str:
    """Returns a digest of a checkpoint.

    Args:
        config: Its configuration.
        tensors: The bytes of its tensors by their names.
    """
    named = ((name.encode(), tensor.data) for name, tensor in sorted(tensors.items()))
    return _digest([config.encode(), *(part for pair in named for part in pair)])


def _digest(parts: Iterable[bytes | memoryview]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()[:16]
