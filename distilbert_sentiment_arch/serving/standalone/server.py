"""The lexicon server: the dialects of the model server, answered from word lists alone."""

from __future__ import annotations

import logging
import signal
import time
from types import FrameType

import uvicorn

from distilbert_sentiment_arch.classify.fallback import FallbackClassifier
from distilbert_sentiment_arch.classify.interface import ClassifyRequest
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.classify.readiness import CANARY, Verdict
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.lexicon.settings import LexiconSettings
from distilbert_sentiment_arch.serving.application import Application
from distilbert_sentiment_arch.serving.body import BufferedBytes
from distilbert_sentiment_arch.serving.http_protocol import bounded_protocol
from distilbert_sentiment_arch.serving.standalone.absent_classifier import AbsentClassifier
from distilbert_sentiment_arch.serving.standalone.listening import Listening
from distilbert_sentiment_arch.serving.standalone.routes import lexicon_app
from distilbert_sentiment_arch.serving.telemetry import Telemetry
from distilbert_sentiment_arch.settings.api_keys import ApiKeys
from distilbert_sentiment_arch.settings.limits import Limits

DRAIN_S = 30
"""Seconds that requests in flight have once the server was told to end."""

KEEP_ALIVE_S = 120
"""Seconds that an idle connection stays open, as in MAX Serve: longer than clients and gateways
keep theirs, so that none sends a request into a connection that is being closed."""


def assemble(
    name: str, labels: LabelSet, settings: LexiconSettings, telemetry: Telemetry
) -> Application:
    """Puts together what the server serves.

    Args:
        name: What clients call the model that the word list stands in for.
        labels: The labels of its head.
        settings: The word lists.
        telemetry: Who is told of requests.

    Raises:
        ConfigError: The lists cannot stand in for the model.
    """
    if name in settings.word_lists:
        raise ConfigError(f"The model and a word list are both named '{name}'. Rename one of them.")
    default = FallbackClassifier(
        AbsentClassifier(name, labels), settings.stand_in_for(labels), "always-available"
    )

    async def ready() -> Verdict:
        start = time.perf_counter()
        answers = await default.classify(ClassifyRequest([CANARY]))
        label = answers.classifications[0].label
        elapsed = (time.perf_counter() - start) * 1000
        return Verdict(True, f"the canary was answered {label}, by {answers.model}", elapsed)

    limits = Limits.from_environment()
    return Application(
        default=default,
        lexicons=settings.classifiers(),
        ready=ready,
        load=None,
        limits=limits,
        buffered=BufferedBytes(limits.buffered_bytes(model=False)),
        keys=ApiKeys(),
        telemetry=telemetry,
    )


def run(application: Application, listening: Listening) -> None:
    """Serves until SIGTERM or SIGINT, answers what is in flight, and returns."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    server = uvicorn.Server(
        uvicorn.Config(
            lexicon_app(application, listening.max_body_bytes),
            host=listening.host,
            port=listening.port,
            http=bounded_protocol(application.limits),
            ws="none",
            timeout_keep_alive=KEEP_ALIVE_S,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=DRAIN_S,
            server_header=False,
        )
    )

    # uvicorn drains at a signal and then raises it again, which would end the process by it.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, _obeyed)
    server.run()


def _obeyed(number: int, frame: FrameType | None) -> None:
    """Does nothing: by the time it is called the server has ended."""
