"""Lines of JSON that stay whole where several processes write to one pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping


def write_line(content: Mapping[str, object]) -> None:
    """Writes a line in one piece, other than print() where PYTHONUNBUFFERED is set."""
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()
