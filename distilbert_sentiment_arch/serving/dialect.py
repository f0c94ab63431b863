"""What a wire format says about itself, and routers whose every answer is in it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response, Security
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException

from distilbert_sentiment_arch.api_keys import server_keys
from distilbert_sentiment_arch.serving.errors import STATUS, Failure, Kind, failure_of
from distilbert_sentiment_arch.serving.observation import Observation


class ModelNameConvertor(Convertor[str]):
    """``{name:model}`` in a path: a name with slashes in it, but none of what follows a name."""

    regex = r".+(?<!:predict)(?<!/infer)(?<!/ready)"

    def convert(self, value: str) -> str:
        """Returns the name as it is."""
        return value

    def to_string(self, value: str) -> str:
        """Returns the name as it is."""
        return value


register_url_convertor("model", ModelNameConvertor())

# Documents the scheme; ApiKeys decides.
_BEARER = Security(HTTPBearer(auto_error=False, description="Where the operator set API keys."))

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True)
class Dialect:
    """A wire format.

    Attributes:
        name: For metrics and logs.
        envelope: Body of a failure.
        error_model: The type of that body, for the OpenAPI document.
        statuses: Where its failures have another HTTP status than ours.
    """

    name: str
    envelope: Callable[[Failure], Mapping[str, Any]]
    error_model: type[BaseModel]
    statuses: Mapping[Kind, int]

    def render(self, failure: Failure) -> Response:
        """Returns the response to a request that was not answered."""
        return JSONResponse(
            self.envelope(failure),
            self.statuses.get(failure.kind, failure.status),
            headers=dict(failure.headers),
        )

    def responses(self) -> dict[int | str, dict[str, Any]]:
        """Returns the failures that the OpenAPI document lists."""
        statuses = {self.statuses.get(kind, status) for kind, status in STATUS.items()}
        # FastAPI would document a 422 of its own, in an envelope of its own.
        return {status: {"model": self.error_model} for status in sorted(statuses | {422})}

    def router(self, *, probes: bool = False) -> APIRouter:
        """Returns a router whose routes fail in this dialect, and are observed.

        Args:
            probes: The routes are for orchestrators and need no API key.
        """
        dialect = self

        class DialectRoute(APIRoute):
            def get_route_handler(self) -> Handler:
                handler = super().get_route_handler()
                path = self.path

                async def answer(request: Request) -> Response:
                    observation = Observation.of(request, dialect.name, path, probe=probes)
                    request.state.observation = observation
                    try:
                        if not probes:
                            server_keys().check(request.headers.get("authorization"))
                        _check_encoding(request)
                        response = await handler(request)
                    except Exception as error:
                        response = dialect.render(failure_of(error))
                    response.headers.update(observation.headers())
                    observation.finish(response.status_code)
                    return response

                return answer

        return APIRouter(
            route_class=DialectRoute,
            responses=self.responses(),
            dependencies=[] if probes else [_BEARER],
            # Clients that leave out the content type send JSON all the same.
            strict_content_type=False,
        )


def _check_encoding(request: Request) -> None:
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        raise HTTPException(
            415, "A compressed body is not read here. Send it without Content-Encoding."
        )
