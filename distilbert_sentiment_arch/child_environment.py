"""Command and environment of child processes; importing MAX changes what they inherit."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping

from distilbert_sentiment_arch.settings.defaults import PACKAGE

CHANGED = ("PYTHONEXECUTABLE", "PYTHONPATH")
"""What MAX sets in C, so that ``os.environ`` does not show it: a Python that inherits it finds no
package of this environment."""

# A path may be relative, to the directory in which this process was started.
_PYTHON = os.path.abspath(shutil.which(sys.orig_argv[0]) or sys.orig_argv[0])


def restore_child_environment() -> None:
    """Makes children inherit what ``os.environ`` shows; call it once MAX is imported."""
    for name in CHANGED:
        if name in os.environ:
            os.putenv(name, os.environ[name])
        else:
            os.unsetenv(name)


def python_command(module: str) -> list[str]:
    """Returns the command that runs a module in a process of its own, in any directory.

    Its Python is that of this process. In MAX's worker ``sys.executable`` is another one.
    """
    return [_PYTHON, "-P", "-m", module]


def python_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Returns the environment of ``python_command``, which finds what this process can import.

    Args:
        environment: What it is made of.
    """
    search = [str(PACKAGE.parent), *filter(None, sys.path)]
    found = {**environment, "PYTHONPATH": os.pathsep.join(search)}
    found.pop("PYTHONEXECUTABLE", None)
    return found
