"""The environment that child processes inherit, which importing MAX changes."""

from __future__ import annotations

import os

CHANGED = ("PYTHONEXECUTABLE", "PYTHONPATH")
"""What MAX sets in C, so that ``os.environ`` does not show it: a Python that inherits it finds no
package of this environment."""


def restore_child_environment() -> None:
    """Makes children inherit what ``os.environ`` shows; call it once MAX is imported."""
    for name in CHANGED:
        if name in os.environ:
            os.putenv(name, os.environ[name])
        else:
            os.unsetenv(name)
