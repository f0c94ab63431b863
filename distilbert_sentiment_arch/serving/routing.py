"""Routes that answer every failure in the envelope of their dialect."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from distilbert_sentiment_arch.serving.errors import Failure, failure_of

Envelope = Callable[[Failure], Mapping[str, Any]]
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def dialect_router(envelope: Envelope) -> APIRouter:
    """Returns a router whose routes render failures with ``envelope``."""

    class DialectRoute(APIRoute):
        def get_route_handler(self) -> Handler:
            handler = super().get_route_handler()

            async def answer(request: Request) -> Response:
                try:
                    return await handler(request)
                except Exception as error:
                    failure = failure_of(error)
                    return JSONResponse(
                        envelope(failure), status_code=failure.status, headers=failure.headers
                    )

            return answer

    # Clients that leave out the content type send JSON all the same.
    return APIRouter(route_class=DialectRoute, strict_content_type=False)
