"""Measured figures of the families, kept in a file from which the tables are written."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

FIGURES = Path(__file__).with_name("figures.json")


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Parity(_Record):
    """How far a family's logits are from those of Hugging Face transformers.

    Attributes:
        cases: Random checkpoints that were compared.
        texts: Texts that each of them was given.
        kernels: Largest difference of a logit in the graph of kernels.
        operations: The same in the graph of MAX's own operations.
    """

    cases: int
    texts: int
    kernels: float
    operations: float


class Memory(_Record):
    """A server with one checkpoint; memory is that of its process tree, shared pages once.

    Attributes:
        weights_mb: The weights on disk.
        cold_start_s: Seconds to the first answer with an empty compile cache.
        compiling_mb: Memory at the peak of that start.
        warm_start_s: Seconds to the first answer with a filled cache.
        short_mb: Memory with short texts.
        long_mb: Memory at the peak of 64 texts of 512 tokens.
    """

    weights_mb: float
    cold_start_s: float
    compiling_mb: float
    warm_start_s: float
    short_mb: float
    long_mb: float


class Figures(_Record):
    """All that was measured, apart from the benchmark's result.

    Attributes:
        parity: By architecture.
        memory: By the benchmark's name of the model.
        machine: The processor that memory and starts were measured on, and the cores used.
    """

    parity: dict[str, Parity] = {}
    memory: dict[str, Memory] = {}
    machine: str = ""

    def write(self, path: Path = FIGURES) -> None:
        """Writes the file."""
        path.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_figures(path: Path = FIGURES) -> Figures:
    """Reads the file; without one nothing was measured."""
    if not path.exists():
        return Figures()
    return Figures.model_validate_json(path.read_text(encoding="utf-8"))
