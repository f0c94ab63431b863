"""Mojo programs over the kernels, compiled for several instruction sets and run on files."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from commands import ROOT, run

IS_X86 = platform.machine() == "x86_64"


@dataclass(frozen=True)
class InstructionSet:
    """What a program is compiled for.

    Attributes:
        name: Its name in the tests.
        cpu: The compiler's name of a processor that has it; None: this machine's.
        unit: What Linux calls it; None where every machine has it.
        amx: Whether the program uses the matrix unit.
    """

    name: str
    cpu: str | None
    unit: str | None
    amx: bool = False

    def skip_where_absent(self) -> None:
        """Skips a test where this machine does not have it."""
        if self.cpu is not None and not IS_X86:
            pytest.skip(f"{self.name} is an instruction set of x86-64")
        if self.unit is not None and self.unit not in processor_flags():
            pytest.skip(f"this processor does not have {self.unit}")


PORTABLE = InstructionSet("portable", "x86-64-v2", None)
INSTRUCTION_SETS = (
    InstructionSet("native", None, None),
    InstructionSet("AMX", None, "amx_int8", amx=True),
    InstructionSet("AVX-VNNI", "alderlake", "avx_vnni"),
    InstructionSet("AVX2", "x86-64-v3", None),
    PORTABLE,
)


def processor_flags() -> frozenset[str]:
    """Returns what Linux says of this processor."""
    cpuinfo = Path("/proc/cpuinfo")
    return frozenset(cpuinfo.read_text("utf-8").split() if cpuinfo.exists() else [])


def build(source: Path, target: Path, *options: str) -> None:
    """Compiles a Mojo program that imports the kernels."""
    built = run(
        *(Path(sys.executable).with_name("mojo"), "build", *options),
        *("-I", ROOT / "distilbert_sentiment_arch", source, "-o", target),
    )
    assert built.returncode == 0, built.stderr


class Programs:
    """Compiled programs, each compiled once for each processor.

    Args:
        directory: Where they are.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def run(self, source: Path, instructions: InstructionSet, content: bytes) -> bytes:
        """Runs a program on a file; returns the file that it writes."""
        written, said = self._run(source, instructions, content)
        assert written is not None, said
        return written

    def refusal(self, source: Path, instructions: InstructionSet, content: bytes) -> str:
        """Runs a program on a file that it refuses; returns what it says."""
        written, said = self._run(source, instructions, content)
        assert written is None
        return said

    def _run(
        self, source: Path, instructions: InstructionSet, content: bytes
    ) -> tuple[bytes | None, str]:
        instructions.skip_where_absent()
        program = self._directory / f"{source.stem}-{instructions.cpu}"
        if not program.exists():
            cpu = [] if instructions.cpu is None else ["--target-cpu", instructions.cpu]
            build(source, program, *cpu)
        given, written = program.with_suffix(".in"), program.with_suffix(".out")
        given.write_bytes(content)
        written.unlink(missing_ok=True)
        ended = run(program, given, written, "1" if instructions.amx else "0")
        done = ended.returncode == 0
        return written.read_bytes() if done else None, ended.stdout + ended.stderr


class Pieces:
    """Arrays out of bytes, one after the other."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._place = 0

    def take(self, dtype: npt.DTypeLike, *shape: int) -> npt.NDArray[np.generic]:
        """Returns the next array."""
        count = int(np.prod(shape))
        found = np.frombuffer(self._content, dtype, count, self._place).reshape(shape)
        self._place += found.nbytes
        return found

    @property
    def at_the_end(self) -> bool:
        return self._place == len(self._content)
