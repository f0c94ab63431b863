"""``python -m benchmarking``."""

import sys

from benchmarking.cli import main

if __name__ == "__main__":
    sys.exit(main())
