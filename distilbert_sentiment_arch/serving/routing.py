"""Routing of requests to endpoints, with 404 and 405 responses in the dialect of the path."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import Scope

from distilbert_sentiment_arch.errors import Unauthorized
from distilbert_sentiment_arch.serving import access, browsing, documentation, page_files
from distilbert_sentiment_arch.serving.application import Application
from distilbert_sentiment_arch.serving.dialect import Dialect
from distilbert_sentiment_arch.serving.dialects.kserve import KSERVE_V1, KSERVE_V2
from distilbert_sentiment_arch.serving.dialects.openai_errors import OPENAI, VLLM
from distilbert_sentiment_arch.serving.dialects.tei_predict import TEI
from distilbert_sentiment_arch.serving.endpoint import Endpoint
from distilbert_sentiment_arch.serving.endpoints import ENDPOINTS
from distilbert_sentiment_arch.serving.errors import Failure, failure_of
from distilbert_sentiment_arch.serving.observation import Observation

_FIXED = {(each.method, each.path): each for each in ENDPOINTS if "{" not in each.path}
_PATTERNS = [(compile_path(each.path)[0], each) for each in ENDPOINTS]
_FIXED_PATHS = {path for _, path in _FIXED} | {
    *access.DOCUMENTS,
    *access.ADMINISTRATION,
    page_files.HTML,
}
_PAGE_PATHS = frozenset(page_files.page_files())

UNMATCHED = "unmatched"
"""Path label in metrics for all paths without an endpoint."""


async def respond(app: Application, request: Request) -> Response:
    """Responds to any request."""
    endpoint = find(request.scope)
    if endpoint is not None:
        return await endpoint.respond(app, request)
    return await browsing.respond(app, request) or unmatched(app, request)


def find(scope: Scope) -> Endpoint | None:
    """Returns the endpoint of a request, and sets its ``path_params``; None if there is none."""
    method, path = scope["method"], scope["path"]
    fixed = _FIXED.get((method, path))
    if fixed is not None:
        return fixed
    for pattern, endpoint in _PATTERNS:
        if endpoint.method == method and (match := pattern.match(path)):
            scope["path_params"] = match.groupdict()
            return endpoint
    return None


def label_of(path: str) -> str:
    """Returns the label of a path in metrics: the path template of its endpoint, or ``unmatched``.

    Metrics therefore do not get a new label for every path that a client invents.
    """
    if path in _FIXED_PATHS:
        return path
    for paths, template in (
        (_PAGE_PATHS, page_files.TEMPLATE),
        (documentation.PATHS, documentation.TEMPLATE),
    ):
        if path in paths:
            return template
    return next(
        (endpoint.path for pattern, endpoint in _PATTERNS if pattern.match(path)), UNMATCHED
    )


def unmatched(app: Application, request: Request) -> Response:
    """Responds to a request without an endpoint.

    Returns:
        401 without a valid API key, 405 if the path has an endpoint for another method, or 404.
    """
    path = request.url.path
    dialect = dialect_of(path)
    observation = Observation.of(app, request, dialect.name, UNMATCHED)
    methods = {endpoint.method for pattern, endpoint in _PATTERNS if pattern.match(path)}
    methods |= browsing.methods(app, path)
    if refused := _without_key(app, request):
        response = dialect.render(failure_of(refused))
    elif methods:
        allowed = ", ".join(sorted(methods))
        message = f"{request.method} is not possible here. Allowed: {allowed}."
        response = dialect.render(Failure("method_not_allowed", message))
        response.headers["Allow"] = allowed
    else:
        message = "There is nothing at this path. GET /openapi.json lists what there is."
        response = dialect.render(Failure("not_found", message))
    observation.finish(response.status_code)
    return response


def _without_key(app: Application, request: Request) -> Unauthorized | None:
    try:
        app.keys.check(request.headers.get("authorization"))
    except Unauthorized as error:
        return error
    return None


def dialect_of(path: str) -> Dialect:
    """Returns the dialect of error responses for a path."""
    if path == "/v2/rerank":  # Cohere's, not KServe's
        return VLLM
    if path == "/v2" or path.startswith("/v2/"):
        return KSERVE_V2
    if path.startswith("/v1/models/") and path.endswith((":predict", ":explain")):
        return KSERVE_V1
    if path.startswith(("/predict/", "/rerank/")) or path in ("/predict", "/rerank"):
        return TEI
    return OPENAI
