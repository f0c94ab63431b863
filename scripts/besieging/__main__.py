"""``python -m besieging``."""

import sys

from besieging.cli import main

if __name__ == "__main__":
    sys.exit(main())
