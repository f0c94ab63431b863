"""``python -m scripts.benchmarking``."""

import sys

from scripts.benchmarking.cli import main

if __name__ == "__main__":
    sys.exit(main())
