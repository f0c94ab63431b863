"""Accelerators of this machine, as MAX sees them.

A process of its own asks MAX: importing it takes seconds, and a damaged driver may crash or hang
whoever asks. A file such as ``/dev/kfd`` or ``/dev/dxg`` says nothing: integrated GPUs have them.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from functools import cache

from distilbert_sentiment_arch.child_environment import python_command, python_environment
from distilbert_sentiment_arch.settings.defaults import PACKAGE

TIMEOUT_S = 60.0
"""Seconds that MAX may take to say what it finds."""

MODULE = f"{PACKAGE.name}.engine.probing.devices"
"""Prints what MAX finds, as JSON."""


@dataclass(frozen=True)
class Accelerator:
    """A device other than the CPU.

    Attributes:
        number: From 0; ``gpu:<number>`` names it.
        api: ``cuda``, ``hip``, ``metal``.
        architecture: For example ``sm_90``.
        model: For example ``NVIDIA H100``.
        driver: Version of the driver; empty if it is not known.
        memory_bytes: Its memory; 0 if it is not known.
    """

    number: int
    api: str
    architecture: str = ""
    model: str = ""
    driver: str = ""
    memory_bytes: int = 0

    @property
    def name(self) -> str:
        """The value of ``--devices`` that takes it."""
        return f"gpu:{self.number}"


@dataclass(frozen=True)
class Accelerators:
    """What MAX said.

    Attributes:
        found: The accelerators that MAX finds.
        error: Why MAX did not answer; empty if it did.
    """

    found: tuple[Accelerator, ...] = ()
    error: str = ""


@cache
def find_accelerators(timeout_s: float = TIMEOUT_S) -> Accelerators:
    """Asks MAX, once in each process, which accelerators it finds.

    Args:
        timeout_s: Seconds to wait for the answer.
    """
    try:
        asked = subprocess.run(  # noqa: S603 - this Python, this module
            python_command(MODULE),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            env=python_environment(),
        )
    except subprocess.TimeoutExpired:
        return Accelerators(error=f"MAX did not say within {timeout_s:g} seconds what it finds")
    except OSError as error:
        return Accelerators(error=f"the process that asks MAX does not start ({error})")
    if asked.returncode:
        said = (asked.stderr.strip().splitlines() or [""])[-1]
        return Accelerators(error=f"MAX ended with status {asked.returncode}: {said}")
    listed = json.loads(asked.stdout.strip().splitlines()[-1])
    return Accelerators(tuple(Accelerator(**each) for each in listed))
