"""Command ``max-sentiment mcp``: the classifier as tools for agents."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys

from distilbert_sentiment_arch.cli.settings import MAX_BODY_BYTES, settings_of
from distilbert_sentiment_arch.mcp_server.options import HttpOptions, ModelChoice
from distilbert_sentiment_arch.mcp_server.requirement import check_sdk
from distilbert_sentiment_arch.settings.api_keys import ApiKeys
from distilbert_sentiment_arch.settings.defaults import MAX_REQUEST_BYTES
from distilbert_sentiment_arch.settings.precision import requested_precision


def run(options: argparse.Namespace) -> int:
    """Serves until the client closes its end, or until SIGTERM or SIGINT.

    Returns:
        The exit status, 0.

    Raises:
        DependencyError: The SDK of the protocol is not installed.
        CheckpointError: The checkpoint cannot be served, or a setting is wrong.
        WordListError: A word list cannot be read.
        PortInUse: Another process uses the port.
    """
    check_sdk()
    from distilbert_sentiment_arch.mcp_server.standard_streams import take_standard_streams

    streams = None if options.http else take_standard_streams()
    os.environ.update(settings_of(options))
    _log_to_stderr()
    requested_precision()
    from distilbert_sentiment_arch.mcp_server.services import assemble

    choice = ModelChoice(options.model, options.revision)
    longest = int(os.environ.get(MAX_BODY_BYTES, MAX_REQUEST_BYTES))
    if streams is not None:
        from distilbert_sentiment_arch.mcp_server.stdio import serve_stdio

        if os.isatty(streams[0]):
            print(
                "max-sentiment: waiting for messages of a client on standard input; docs/mcp.md "
                "says how a client starts this command, and --http serves HTTP",
                file=sys.stderr,
                flush=True,
            )
        services = assemble(choice)
        asyncio.run(serve_stdio(services, streams, longest))
    else:
        from distilbert_sentiment_arch.mcp_server.http import listening_socket, serve_http

        keys = ApiKeys()
        http = HttpOptions(
            options.host,
            options.port,
            tuple(options.allowed_host),
            longest,
            options.max_sessions,
        )
        listener = listening_socket(http, keys)
        services = assemble(choice)
        asyncio.run(serve_http(services, http, keys, listener))
    if services.model is not None:
        # A thread imports MAX, whose own cleanup is of that thread, or still loads the model, which
        # nothing interrupts. All answers are written by now, and every other process has ended.
        sys.stderr.flush()
        os._exit(0)
    return 0


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_is_no_message)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("max.serve.sentiment").setLevel(logging.INFO)


def _is_no_message(record: logging.LogRecord) -> bool:
    """Whether a record holds nothing that a client sent.

    The SDK logs messages that it cannot validate, with their texts, as those of no module.
    """
    return record.name != "root"
