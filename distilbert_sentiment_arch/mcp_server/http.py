"""Tools over streamable HTTP, for clients that share a server."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import ipaddress
import json
import logging
import signal
import socket
import sys
from contextlib import suppress
from types import FrameType

import anyio
import uvicorn
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from distilbert_sentiment_arch.errors import ConfigError, PortInUse, Unauthorized
from distilbert_sentiment_arch.mcp_server.options import PATH, HttpOptions
from distilbert_sentiment_arch.mcp_server.server import ToolServer
from distilbert_sentiment_arch.mcp_server.services import Services
from distilbert_sentiment_arch.serving.errors import failure_of
from distilbert_sentiment_arch.serving.http_protocol import bounded_protocol
from distilbert_sentiment_arch.settings.api_keys import KEYS, ApiKeys

logger = logging.getLogger("max.serve.sentiment")

DRAIN_S = 30.0
"""Most seconds after SIGTERM or SIGINT in which calls in flight are completed."""

CLOSE_S = 5.0
"""Most seconds after that until every answer is sent, and then every connection closed."""

IDLE_S = 900.0
"""Seconds without a request or an open stream after which a session is forgotten."""

KEEP_ALIVE_S = 120
"""Seconds that an idle connection stays open."""

BACKLOG = 2048
"""Connections that wait to be accepted."""

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


def listening_socket(options: HttpOptions, keys: ApiKeys) -> socket.socket:
    """Opens the port.

    Raises:
        ConfigError: The address is none of this machine, or other machines reach it and no API key
            is set.
        PortInUse: Another process uses the port.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            options.host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ConfigError(f"--host is {options.host!r}, which is no address ({error}).") from None
    if not ipaddress.ip_address(address[0]).is_loopback and not keys.required:
        raise ConfigError(
            f"--host {options.host} is reached from other machines, and no API key is set. Pass "
            f"--api-keys-file or set {KEYS}, or listen at 127.0.0.1."
        )
    try:
        return socket.create_server(address, family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"port {options.port} is in use on {options.host}. Stop what listens there, or "
                "pass --port."
            ) from None
        raise ConfigError(f"--host {options.host}: nothing can listen there ({error}).") from None


async def serve_http(
    services: Services, options: HttpOptions, keys: ApiKeys, listener: socket.socket
) -> None:
    """Serves clients until SIGTERM or SIGINT, and completes the calls in flight.

    Args:
        services: What tools work with.
        options: Where and for whom.
        keys: API keys that are accepted.
        listener: What ``listening_socket`` returned.
    """
    server = ToolServer(services)
    manager = StreamableHTTPSessionManager(
        server.protocol,
        security_settings=_security(options),
        session_idle_timeout=IDLE_S,
        max_request_body_size=options.max_body_bytes,
        max_sessions=options.max_sessions,
    )
    app = KeyedApp(manager, keys)
    web = _WebServer(
        uvicorn.Config(
            app,
            http=bounded_protocol(services.limits),
            ws="none",
            lifespan="off",
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=int(CLOSE_S),
            log_config=None,
            access_log=False,
            server_header=False,
        )
    )
    server.start()
    async with manager.run():
        serving = asyncio.create_task(web.serve([listener]))
        # Should it end by itself, nobody is served any more.
        serving.add_done_callback(lambda _: web.stopping.set())
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        print(f"max-sentiment: tools at http://{shown}:{port}{PATH}", file=sys.stderr, flush=True)
        await web.stopping.wait()
        await server.drain(DRAIN_S)
        await app.drain(CLOSE_S)
    # The sessions have ended, and with them the streams of their responses.
    web.should_exit = True
    await serving


class KeyedApp:
    """The tools at their path, for requests with an API key if any is set.

    Args:
        manager: The sessions; one is open to the key that began it only.
        keys: The keys.
    """

    def __init__(self, manager: StreamableHTTPSessionManager, keys: ApiKeys) -> None:
        self._manager = manager
        self._keys = keys
        self._answering = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._streams: set[anyio.CancelScope] = set()

    async def drain(self, seconds: float) -> None:
        """Waits until every answer to a message is sent, but not for longer; ends all streams."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        for each in list(self._streams):
            each.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] != "http":
            return
        if scope["path"].rstrip("/") != PATH:
            message = f"There is nothing here. The tools are at {PATH}."
            await _refusal(404, message, {})(scope, receive, send)
            return
        authorization = Headers(scope=scope).get("authorization")
        try:
            self._keys.check(authorization)
        except Unauthorized as error:
            failure = failure_of(error)
            refusal = _refusal(failure.status, failure.message, dict(failure.headers))
            await refusal(scope, receive, send)
            return
        if self._keys.required and authorization is not None:
            digest = hashlib.sha256(authorization.partition(" ")[2].encode()).hexdigest()
            token = AccessToken(token="", client_id=digest, scopes=[])
            scope["user"] = AuthenticatedUser(token)
        if scope["method"] == "GET":
            await self._stream(scope, receive, send)
            return
        self._answering += 1
        self._idle.clear()
        try:
            await self._manager.handle_request(scope, receive, send)
        finally:
            self._answering -= 1
            if not self._answering:
                self._idle.set()

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with a stream that stays open until the session or the server ends."""
        unfinished = False

        async def noted(message: Message) -> None:
            nonlocal unfinished
            await send(message)
            unfinished = message["type"] == "http.response.start" or message.get("more_body", False)

        with anyio.CancelScope() as stream:
            self._streams.add(stream)
            try:
                await self._manager.handle_request(scope, receive, noted)
            finally:
                self._streams.discard(stream)
        if stream.cancelled_caught and unfinished:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


class _WebServer(uvicorn.Server):
    """uvicorn's server, which leaves open at a signal what calls in flight are answered over.

    Attributes:
        stopping: Set at SIGTERM and SIGINT.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopping = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Notes a signal."""
        logger.info("ending at %s", signal.Signals(sig).name)
        self._loop.call_soon_threadsafe(self.stopping.set)


def _security(options: HttpOptions) -> TransportSecuritySettings:
    """Returns the hosts that a request may name: without them, any page could call a browser's own.

    A page of another site that resolves its name to this machine (DNS rebinding) names its own.
    """
    bound = f"[{options.host}]" if ":" in options.host else options.host
    names = {*LOOPBACK_NAMES, bound, *options.allowed_hosts}
    hosts = [*names, *(f"{name}:*" for name in names)]
    origins = [f"http://{name}" for name in LOOPBACK_NAMES]
    return TransportSecuritySettings(
        allowed_hosts=hosts, allowed_origins=[*origins, *(f"{each}:*" for each in origins)]
    )


def _refusal(status: int, message: str, headers: dict[str, str]) -> Response:
    content = json.dumps({"error": message})
    return Response(content, status, headers=headers, media_type="application/json")
