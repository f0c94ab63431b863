"""Requests that no route takes: 404 and 405, in the dialect that the path belongs to."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from distilbert_sentiment_arch.serving.dialect import Dialect
from distilbert_sentiment_arch.serving.dialects.kserve import KSERVE_V1, KSERVE_V2
from distilbert_sentiment_arch.serving.dialects.openai_errors import OPENAI
from distilbert_sentiment_arch.serving.dialects.tei_predict import TEI
from distilbert_sentiment_arch.serving.errors import Failure
from distilbert_sentiment_arch.serving.observation import Observation
from distilbert_sentiment_arch.serving.served import is_served

PROBES_OF_MAX = ("/v1/health", "/ping")


class Unmatched(APIRouter):
    """Takes what is left once our routes had their turn, but for MAX's own probes.

    Args:
        ours: The routes that had their turn.
    """

    def __init__(self, ours: APIRouter) -> None:
        super().__init__()
        self._ours = ours

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Takes every path that is not a probe of MAX."""
        if scope["type"] != "http" or scope["path"] in PROBES_OF_MAX or not is_served(scope):
            return Match.NONE, {}
        return Match.FULL, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 405 where another method would have been taken, 404 elsewhere."""
        request = Request(scope, receive)
        dialect = dialect_of(scope["path"])
        observation = Observation.of(request, dialect.name, "unmatched")
        methods = self._methods(scope["path"])
        if methods:
            allowed = ", ".join(sorted(methods))
            message = f"{scope['method']} is not possible here. Allowed: {allowed}."
            response = dialect.render(Failure("method_not_allowed", message))
            response.headers["Allow"] = allowed
        else:
            message = "There is nothing at this path. GET /openapi.json lists what there is."
            response = dialect.render(Failure("not_found", message))
        observation.finish(response.status_code)
        await response(scope, receive, send)

    def _methods(self, path: str) -> set[str]:
        found: set[str] = set()
        for context in iter_route_contexts(self._ours.routes):
            route = context.original_route
            if isinstance(route, APIRoute) and route.path_regex.match(path):
                found |= route.methods or set()
        return found


def dialect_of(path: str) -> Dialect:
    """Returns the dialect that a client of this path reads."""
    if path == "/v2" or path.startswith("/v2/"):
        return KSERVE_V2
    if path.startswith("/v1/models/") and path.endswith(":predict"):
        return KSERVE_V1
    if path == "/predict" or path.startswith("/predict/"):
        return TEI
    return OPENAI
