"""MAX's command line in this process."""

from __future__ import annotations


def run_max() -> None:
    """Runs ``max`` with the arguments of this process.

    Raises:
        SystemExit: Always, with MAX's exit status.
    """
    # Importing MAX takes seconds, and this module is imported to be asked about.
    from max._entrypoints.pipelines import main

    main(prog_name="max")
