"""The page at ``/docs``: Swagger UI, whose files come from the package ``fastapi-swagger``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from distilbert_sentiment_arch.errors import DependencyError
from distilbert_sentiment_arch.serving.static_files import MEDIA_TYPES, StaticFile

HTML = "/docs"
"""Path of the page; its files are below ``/docs/``."""

TEMPLATE = "/docs/{file}"
"""Path template of the files in metrics and logs."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: Swagger UI's files, this server's answers, and nothing else.

Its icons are in its style sheet, as ``data:``.
"""

_OURS = Path(__file__).parent / "swagger"

_PACKAGE = "fastapi_swagger"

_OF_OURS = {HTML: "index.html", "/docs/start.js": "start.js"}

_OF_PACKAGE = {
    f"/docs/{name}": f"resources/{name}" for name in ("swagger-ui-bundle.js", "swagger-ui.css")
}

PATHS = frozenset({*_OF_OURS, *_OF_PACKAGE})
"""Paths of the page and of its files."""


@cache
def documentation_files() -> Mapping[str, StaticFile]:
    """Reads the files, by path; kept from the first request on, because most servers get none.

    Raises:
        DependencyError: The package is not installed.
    """
    # Its module is not imported: it would import FastAPI, which the lexicon server does without.
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise DependencyError("/docs needs the package fastapi-swagger. Install it.")
    package = Path(spec.origin).parent
    files = {path: _OURS / name for path, name in _OF_OURS.items()}
    files |= {path: package / name for path, name in _OF_PACKAGE.items()}
    return {
        path: StaticFile(
            file.read_bytes(),
            MEDIA_TYPES[file.suffix],
            HTML if path == HTML else TEMPLATE,
            POLICY,
        )
        for path, file in files.items()
    }
