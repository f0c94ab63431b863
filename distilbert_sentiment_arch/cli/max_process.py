"""Runner of the ``max`` command line whose exit status after an orderly shutdown is 0.

    python -m distilbert_sentiment_arch.cli.max_process serve ...

At SIGTERM, MAX Serve answers the requests in flight and exits with 143 (128 + SIGTERM), which an
orchestrator counts as a failure.
"""

from __future__ import annotations

import signal
import sys

from distilbert_sentiment_arch.engine.max_internals.command_line import run_max


def main() -> None:
    """Runs MAX's command line."""
    try:
        run_max()
    except SystemExit as ended:
        if ended.code == 128 + signal.SIGTERM:
            sys.exit(0)
        raise


if __name__ == "__main__":
    main()
