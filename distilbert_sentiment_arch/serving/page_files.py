"""Files of the page at ``/``, by the path at which each is served."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from distilbert_sentiment_arch.serving.static_files import MEDIA_TYPES, StaticFile

DIRECTORY = Path(__file__).parent / "page"

HTML = "/"
"""Path of the page itself; the other files are below ``/page/``."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: the page's own files and this server's answers, and nothing else."""

TEMPLATE = "/page/{file}"
"""Path template of the files in metrics and logs."""


def page_files() -> Mapping[str, StaticFile]:
    """Reads the files of the package.

    What is served is fixed with this: a path of a request is looked up, never joined to a
    directory.
    """
    files = {}
    for each in sorted(DIRECTORY.iterdir()):
        if each.suffix not in MEDIA_TYPES:
            continue
        is_html = each.name == "index.html"
        files[HTML if is_html else f"/page/{each.name}"] = StaticFile(
            each.read_bytes(),
            MEDIA_TYPES[each.suffix],
            HTML if is_html else TEMPLATE,
            POLICY,
            # The same path has a JSON index.
            {"Vary": "Accept"} if is_html else {},
        )
    return files
