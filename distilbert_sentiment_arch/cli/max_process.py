"""``max`` in this process, but a SIGTERM that was obeyed is a success.

    python -m distilbert_sentiment_arch.cli.max_process serve ...

MAX Serve drains and then exits with 143 (128 + SIGTERM), which an orchestrator counts as a failure.
"""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Runs MAX's command line."""
    from max._entrypoints.pipelines import main as max_main

    try:
        max_main(prog_name="max")
    except SystemExit as ended:
        if ended.code == 128 + signal.SIGTERM:
            sys.exit(0)
        raise


if __name__ == "__main__":
    main()
