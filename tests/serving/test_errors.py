"""Error responses: status, message and headers for each exception."""

from __future__ import annotations

import logging

import pytest
from starlette.exceptions import HTTPException

from distilbert_sentiment_arch import errors
from distilbert_sentiment_arch.serving.errors import failure_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InputError("x"), 400),
        (errors.BlankInput("x"), 400),
        (errors.TooManyTokens(0, 600, 512), 400),
        (errors.NoRoomForText(0, 600, 512), 400),
        (errors.UnsupportedTask("x"), 400),
        (errors.TooManyInputs(5, 4), 413),
        (errors.TooManyTokensInRequest(4), 413),
        (errors.TooManyCharacters(4), 413),
        (errors.TooManyMatches(5, 4), 413),
        (errors.TooManyValues(4), 413),
        (errors.BodyTimeout(30), 408),
        (errors.Unauthorized(), 401),
        (errors.UnknownModel("a", ("b",)), 404),
        (errors.Overloaded(), 429),
        (errors.DeadlineExceeded(60), 503),
        (errors.Unavailable("x"), 503),
        (errors.ModelFailing(), 503),
        (errors.ModelAbsent("x"), 503),
        (errors.NonFiniteLogits(), 503),
        (HTTPException(413, "too large"), 413),
        (HTTPException(418, "teapot"), 400),
    ],
)
def test_status(error: Exception, status: int) -> None:
    failure = failure_of(error)
    assert failure.status == status
    assert ("Retry-After" in failure.headers) == (status in (429, 503))


def test_an_unexpected_error_is_logged_and_its_message_not_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        failure = failure_of(RuntimeError("the password is hunter2"))
    assert failure.status == 500
    assert "hunter2" not in failure.message
    assert "hunter2" in caplog.text


@pytest.mark.parametrize(
    ("error", "started"),
    [
        (errors.Overloaded(), False),
        (errors.ModelFailing(), False),
        (errors.ModelAbsent("x"), False),
        (errors.DeadlineExceeded(60), True),
        (errors.NonFiniteLogits(), True),
        (errors.Unavailable("x"), True),
        (RuntimeError("x"), True),
    ],
)
def test_a_header_tells_gateways_which_requests_may_be_resent(
    error: Exception, started: bool
) -> None:
    assert ("X-Sentiment-Started" not in failure_of(error).headers) == started
