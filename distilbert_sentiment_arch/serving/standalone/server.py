"""Assembly and run of the lexicon server, which answers all dialects from word lists alone."""

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
from distilbert_sentiment_arch.serving.page_files import page_files
from distilbert_sentiment_arch.serving.standalone.absent_classifier import AbsentClassifier
from distilbert_sentiment_arch.serving.standalone.listening import ListenOptions
from distilbert_sentiment_arch.serving.standalone.routes import lexicon_app
from distilbert_sentiment_arch.serving.telemetry import Telemetry
from distilbert_sentiment_arch.settings.api_keys import ApiKeys
from distilbert_sentiment_arch.settings.limits import Limits
from distilbert_sentiment_arch.settings.page import page_is_served

DRAIN_S = 30
"""Maximum seconds after SIGTERM or SIGINT in which requests in flight are completed."""

KEEP_ALIVE_S = 120
"""Seconds that an idle connection stays open, as in MAX Serve. It is longer than the keep-alive of
clients and gateways, so that they do not send a request on a connection that is being closed."""


def assemble(
    name: str, labels: LabelSet, settings: LexiconSettings, telemetry: Telemetry
) -> Application:
    """Creates the application of the lexicon server.

    Args:
        name: Name, in requests, of the model that the word list replaces.
        labels: The labels of the model's head.
        settings: Settings of the word lists.
        telemetry: Receiver of the metrics.

    Raises:
        ConfigError: A list has the name of the model, or does not know its labels.
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
        page=page_files() if page_is_served() else {},
    )


def run(application: Application, listening: ListenOptions) -> None:
    """Serves until SIGTERM or SIGINT, completes the requests in flight, and returns."""
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

    # uvicorn drains at a signal and then raises the signal again, which would kill the process.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, _ignore_signal)
    server.run()


def _ignore_signal(number: int, frame: FrameType | None) -> None:
    """Does nothing, because uvicorn has already handled the signal."""
