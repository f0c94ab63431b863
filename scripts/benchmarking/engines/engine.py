"""Interface between the harness and an engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import numpy.typing as npt

Precision = Literal["float32", "bfloat16x3", "bfloat16", "int8", "none"]


@dataclass(frozen=True)
class Batch:
    """Sequences that are run together.

    Attributes:
        input_ids: int64 ``(batch, sequence)``, padded on the right with zeros.
        lengths: int64 ``(batch,)``, real tokens in each row.
        texts: The texts behind the rows.
    """

    input_ids: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    texts: Sequence[str] = ()

    @property
    def mask(self) -> npt.NDArray[np.int64]:
        """1 at real tokens, 0 at padding; int64 ``(batch, sequence)``."""
        positions = np.arange(self.input_ids.shape[1])
        return (positions[None] < self.lengths[:, None]).astype(np.int64)


class Engine(ABC):
    """A loaded model.

    Attributes:
        reads: Whether it takes tokens or the text itself.
        precision: Precision of the products of its linear layers.
        settings: Versions, options and thread settings, for the report.
    """

    reads: ClassVar[Literal["tokens", "texts"]] = "tokens"
    precision: Precision = "float32"
    settings: Mapping[str, Any]

    @abstractmethod
    def prepare(self, batch: Batch) -> Any:
        """Returns a batch as the engine's own tensors; not timed."""

    @abstractmethod
    def run(self, prepared: Any) -> npt.NDArray[np.float32]:
        """Returns the logits ``(batch, labels)``; only this call is timed."""

    def operators(self, prepared: Any) -> Mapping[str, float] | None:
        """Returns milliseconds of one run by operator, or None if the engine has no profiler."""
        del prepared
        return None


class Load(Protocol):
    """The function ``load`` of an engine's module."""

    def __call__(
        self, checkpoint: Path, threads: int, cache: Path, options: Mapping[str, Any]
    ) -> Engine:
        """Loads a checkpoint.

        Args:
            checkpoint: Directory of the checkpoint, in Hugging Face's layout.
            threads: Threads to compute with.
            cache: A directory for files derived from the checkpoint; it outlives the process.
            options: The engine's ``options`` in the configuration.
        """
