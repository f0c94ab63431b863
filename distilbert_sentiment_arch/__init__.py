"""Text classifiers on MAX, as a custom architecture package.

``max serve --custom-architectures path/to/distilbert_sentiment_arch`` imports this module and reads
``ARCHITECTURES``. Reading it checks that the environment has every package that is needed, imports
MAX and, inside MAX Serve, mounts the HTTP routes; importing the package does none of this.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from max.pipelines.lib import SupportedArchitecture

    ARCHITECTURES: list[SupportedArchitecture]


def __getattr__(name: str) -> list[SupportedArchitecture]:
    if name != "ARCHITECTURES":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    _check_dependencies()
    from distilbert_sentiment_arch.engine.max_internals import weight_discovery
    from distilbert_sentiment_arch.families.registry import FAMILIES, architectures

    weight_discovery.install(FAMILIES)
    if "max.serve.api_server" in sys.modules:
        from distilbert_sentiment_arch.serving.inside_max.mount import mount

        mount()
    return architectures()


def _check_dependencies() -> None:
    """Checks the environment; if packages are missing, ends a command of MAX with one line.

    Raises:
        DependencyError: Packages are missing, and no command of MAX is running.
        SystemExit: Packages are missing, and a command of MAX is running; status 1, and stderr
            names them.
    """
    from distilbert_sentiment_arch.dependencies import check_dependencies
    from distilbert_sentiment_arch.errors import DependencyError

    try:
        check_dependencies()
    except DependencyError as error:
        # MAX would print a traceback. Its commands use click, which is imported already.
        click = sys.modules.get("click")
        if click is None or click.get_current_context(silent=True) is None:
            raise
        sys.exit(f"max-sentiment: {error}")
