"""Report of the precision in use, from where the model is loaded to where requests are answered.

MAX Serve loads the model in its worker, a process of its own. The API process names a file in a
directory that only this user can write to, in an environment variable that the worker inherits. The
worker writes the file when the model is loaded, which is before MAX opens the port.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

from distilbert_sentiment_arch.settings.precision import PrecisionChoice

_FILE = "MAX_SENTIMENT_PRECISION_REPORT"

_log = logging.getLogger("max.pipelines.sentiment")

_latest: PrecisionChoice | None = None


def expect() -> None:
    """Names the file that the processes started from now on report to."""
    directory = tempfile.mkdtemp(prefix="max-sentiment-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    os.environ[_FILE] = str(Path(directory) / "precision.json")


def publish(choice: PrecisionChoice) -> None:
    """Reports the precision of a model that this process has loaded."""
    global _latest
    _latest = choice
    name = os.environ.get(_FILE)
    if name is None:
        return
    try:
        Path(name).write_text(json.dumps(asdict(choice)), encoding="utf-8")
    except OSError as error:
        _log.warning("The precision is not reported to the API process: %s", error)


def latest() -> PrecisionChoice | None:
    """Returns the precision of the model that this process loaded last; None if it loaded none."""
    return _latest


def receive() -> PrecisionChoice | None:
    """Returns what was reported since ``expect``, once; None if nothing was."""
    name = os.environ.pop(_FILE, None)
    if name is None:
        return None
    file = Path(name)
    try:
        return PrecisionChoice(**json.loads(file.read_text(encoding="utf-8")))
    except OSError:
        return None
    finally:
        shutil.rmtree(file.parent, ignore_errors=True)
