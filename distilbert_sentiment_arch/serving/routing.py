"""From a request to its endpoint, or to 404 and 405 in the dialect that the path belongs to."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from distilbert_sentiment_arch.errors import Unauthorized
from distilbert_sentiment_arch.serving import access
from distilbert_sentiment_arch.serving.application import Application
from distilbert_sentiment_arch.serving.dialect import Dialect
from distilbert_sentiment_arch.serving.dialects.kserve import KSERVE_V1, KSERVE_V2
from distilbert_sentiment_arch.serving.dialects.openai_errors import OPENAI
from distilbert_sentiment_arch.serving.dialects.tei_predict import TEI
from distilbert_sentiment_arch.serving.endpoint import Endpoint
from distilbert_sentiment_arch.serving.endpoints import ENDPOINTS
from distilbert_sentiment_arch.serving.errors import Failure, failure_of
from distilbert_sentiment_arch.serving.observation import Observation

_FIXED = {(each.method, each.path): each for each in ENDPOINTS if "{" not in each.path}
_PATTERNS = [(compile_path(each.path)[0], each) for each in ENDPOINTS]
_FIXED_PATHS = {path for _, path in _FIXED} | {*access.DOCUMENTS, *access.ADMINISTRATION}

UNMATCHED = "unmatched"
"""What metrics call every path that no route takes."""


async def respond(app: Application, request: Request) -> Response:
    """Answers any request."""
    endpoint = find(request)
    return unmatched(app, request) if endpoint is None else await endpoint.respond(app, request)


def find(request: Request) -> Endpoint | None:
    """Returns what answers a request, and sets its ``path_params``; None where nothing does."""
    method, path = request.method, request.url.path
    fixed = _FIXED.get((method, path))
    if fixed is not None:
        return fixed
    for pattern, endpoint in _PATTERNS:
        if endpoint.method == method and (match := pattern.match(path)):
            request.scope["path_params"] = match.groupdict()
            return endpoint
    return None


def label_of(path: str) -> str:
    """Returns what metrics call a path: as its route declares it, or ``unmatched``."""
    if path in _FIXED_PATHS:
        return path
    return next(
        (endpoint.path for pattern, endpoint in _PATTERNS if pattern.match(path)), UNMATCHED
    )


def unmatched(app: Application, request: Request) -> Response:
    """Answers 405 where another method would have been taken, 404 elsewhere; 401 before either."""
    path = request.url.path
    dialect = dialect_of(path)
    observation = Observation.of(app, request, dialect.name, UNMATCHED)
    methods = {endpoint.method for pattern, endpoint in _PATTERNS if pattern.match(path)}
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
    """Returns the dialect that a client of this path reads."""
    if path == "/v2" or path.startswith("/v2/"):
        return KSERVE_V2
    if path.startswith("/v1/models/") and path.endswith(":predict"):
        return KSERVE_V1
    if path == "/predict" or path.startswith("/predict/"):
        return TEI
    return OPENAI
