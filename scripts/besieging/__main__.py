"""Entry point of ``python -m scripts.besieging``."""

import sys

from scripts.besieging.cli import main

if __name__ == "__main__":
    sys.exit(main())
