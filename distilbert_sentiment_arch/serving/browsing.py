"""What a browser is answered: the pages at ``/`` and ``/docs`` with their files.

At ``/`` programs get a JSON index.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from distilbert_sentiment_arch.serving import documentation
from distilbert_sentiment_arch.serving.application import Application
from distilbert_sentiment_arch.serving.index import INDEX, prefers_html
from distilbert_sentiment_arch.serving.observation import Observation
from distilbert_sentiment_arch.serving.page_files import HTML
from distilbert_sentiment_arch.serving.static_files import METHODS, StaticFile
from distilbert_sentiment_arch.worker_threads import in_thread

NAME = "page"
"""Name of these requests in metrics and logs, in the place of a dialect."""


async def respond(app: Application, request: Request) -> Response | None:
    """Responds to a request for a static file or for the index; None if it is for neither."""
    path = request.scope["path"]
    if request.scope["method"] not in methods(app, path):
        return None
    if path in documentation.PATHS:
        files = await in_thread(0, documentation.documentation_files)
        return _file(app, request, files[path])
    if path == HTML and not prefers_html(request.headers.get("accept", "")):
        response = await INDEX.respond(app, request)
        response.headers["Vary"] = "Accept"
        return response
    return _file(app, request, app.page[path])


def methods(app: Application, path: str) -> set[str]:
    """Returns the methods of a path that ``respond`` answers."""
    return set(METHODS) if path in app.page or path in documentation.PATHS else set()


def _file(app: Application, request: Request, found: StaticFile) -> Response:
    # A probe, for the log: files hold nothing of the caller's, and a page has several of them.
    observation = Observation.of(app, request, NAME, found.template, probe=True)
    response = found.respond(request)
    # After the response has been sent.
    asyncio.get_running_loop().call_soon(observation.finish, response.status_code)
    return response
