"""DistilBERT text classifiers on MAX, as a custom architecture package.

``max serve --custom-architectures path/to/distilbert_sentiment_arch`` imports this module and reads
``ARCHITECTURES``. Reading it imports MAX and, inside MAX Serve, mounts the HTTP routes; importing
the package does neither.
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
    from distilbert_sentiment_arch.families.distilbert.arch import distilbert_arch

    if "max.serve.api_server" in sys.modules:
        from distilbert_sentiment_arch.serving.inside_max.mount import mount

        mount()
    return [distilbert_arch]
