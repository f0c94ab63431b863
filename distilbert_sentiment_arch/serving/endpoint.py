"""Endpoint of a dialect: authentication, parsing, handling and rendering of a request.

Independent of the server (MAX Serve or the lexicon server) that runs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from distilbert_sentiment_arch.serving.application import Application
from distilbert_sentiment_arch.serving.body import (
    Content,
    RequestBytes,
    read_body,
    validated,
)
from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialect import Dialect
from distilbert_sentiment_arch.serving.disconnect import CLIENT_CLOSED_REQUEST
from distilbert_sentiment_arch.serving.errors import failure_of
from distilbert_sentiment_arch.serving.observation import Observation
from distilbert_sentiment_arch.settings.limits import Limits
from distilbert_sentiment_arch.worker_threads import LARGE, in_thread

Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Any]])


class ModelNameConvertor(Convertor[str]):
    """Path parameter ``{name:model}``: a model name, which may contain slashes.

    It does not match the suffixes of paths that follow a name: ``:predict``, ``:explain``,
    ``/infer``, ``/ready``.
    """

    regex = r".+(?<!:predict)(?<!:explain)(?<!/infer)(?<!/ready)"

    def convert(self, value: str) -> str:
        """Returns the name unchanged."""
        return value

    def to_string(self, value: str) -> str:
        """Returns the name unchanged."""
        return value


register_url_convertor("model", ModelNameConvertor())


@dataclass(frozen=True)
class Endpoint:
    """An HTTP method of a path, with its handler.

    Attributes:
        dialect: The wire format.
        tag: Heading in the OpenAPI document.
        probe: It is a probe of an orchestrator, and needs no API key.
        method: ``GET`` or ``POST``.
        path: The path, in Starlette's notation.
        handler: Handles a call; the parsed body, if there is one, is its second argument.
        answer: Type of its result; None for an empty response body.
        body: Type of the JSON body of a request.
        parse: Parses a body that is not only JSON; may run in a thread.
        drop_none: Omit fields that are None from the response.
        failures: Types of response bodies, by status, that differ from the dialect's error body.
    """

    dialect: Dialect
    tag: str
    probe: bool
    method: str
    path: str
    handler: Callable[..., Awaitable[Any]]
    answer: Any
    body: type[BaseModel] | None = None
    parse: Callable[[Content, Mapping[str, str], Limits], Any] | None = None
    drop_none: bool = False
    failures: Mapping[int, type[BaseModel]] = field(default_factory=dict)

    async def respond(self, app: Application, request: Request) -> Response:
        """Responds to a request; failures become error responses of the dialect."""
        observation = Observation.of(app, request, self.dialect.name, self.path, probe=self.probe)
        try:
            if not self.probe:
                app.keys.check(request.headers.get("authorization"))
            _check_encoding(request)
            with app.buffered.share() as held:
                response = await self._answered(Call(app, request, observation), held)
            response.raw_headers += [
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in observation.headers().items()
            ]
        except asyncio.CancelledError:  # the client disconnected, or the server shuts down
            observation.finish(CLIENT_CLOSED_REQUEST)
            raise
        except Exception as error:
            response = self.dialect.render(failure_of(error))
        # After the response has been sent.
        asyncio.get_running_loop().call_soon(observation.finish, response.status_code)
        return response

    async def _answered(self, call: Call, held: RequestBytes) -> Response:
        if self.body is None:
            answer = await self.handler(call)
        else:
            answer = await self.handler(call, await self._read(call, held))
        if self.answer is None:
            return Response(status_code=call.status)
        content = self._adapter.dump_json(answer, exclude_none=self.drop_none)
        return Response(content, call.status, media_type="application/json")

    async def _read(self, call: Call, held: RequestBytes) -> Any:
        """Receives and parses the body; its bytes are freed when this returns."""
        limits = call.app.limits
        content = await read_body(call.request, held, limits.body_timeout_s)
        if len(content) > LARGE:
            return await in_thread(len(content), self._parsed, content, call.request, limits)
        return self._parsed(content, call.request, limits)

    def _parsed(self, content: Content, request: Request, limits: Limits) -> Any:
        if self.parse is not None:
            return self.parse(content, request.headers, limits)
        assert self.body is not None
        return validated(content, self.body, limits)

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.answer)


class Endpoints:
    """Collection of the endpoints of a dialect, which its module adds with decorators.

    Args:
        dialect: The wire format.
        tag: Heading in the OpenAPI document.
        probes: They are probes of orchestrators, and need no API key.
    """

    def __init__(self, dialect: Dialect, tag: str, *, probes: bool = False) -> None:
        self._of = (dialect, tag, probes)
        self._found: list[Endpoint] = []

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self._found)

    def get(self, path: str, answer: Any, **more: Any) -> Callable[[Handler], Handler]:
        """Returns a decorator that adds a handler of GET."""
        return self._add("GET", path, answer, more)

    def post(
        self, path: str, body: type[BaseModel], answer: Any, **more: Any
    ) -> Callable[[Handler], Handler]:
        """Returns a decorator that adds a handler of POST."""
        return self._add("POST", path, answer, {"body": body, **more})

    def _add(
        self, method: str, path: str, answer: Any, more: Mapping[str, Any]
    ) -> Callable[[Handler], Handler]:
        def add(handler: Handler) -> Handler:
            self._found.append(Endpoint(*self._of, method, path, handler, answer, **more))
            return handler

        return add


def _check_encoding(request: Request) -> None:
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        raise HTTPException(
            415, "A compressed body is not read here. Send it without Content-Encoding."
        )
