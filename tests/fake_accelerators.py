"""Accelerators that MAX reports in child processes, and that do not exist."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SITE = Path(__file__).with_name("fake_accelerator")
"""The directory whose ``sitecustomize`` changes what MAX reports."""

ONE: tuple[Mapping[str, Any], ...] = ({"model": "Fake accelerator"},)


def environment_with(*described: Mapping[str, Any]) -> dict[str, str]:
    """Returns variables for a child process in which MAX reports accelerators.

    Args:
        *described: For each, ``api``, ``architecture``, ``model`` and ``memory_bytes``; all of them
            may be left out.
    """
    search = [str(SITE), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        "PYTHONPATH": os.pathsep.join(search),
        "FAKE_ACCELERATORS": json.dumps(described or ONE),
    }
