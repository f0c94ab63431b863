"""Deadline and circuit breaker of the guarded classifier."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from failing_model import FailingModel

from distilbert_sentiment_arch import errors
from distilbert_sentiment_arch.classify import guarded_classifier, readiness
from distilbert_sentiment_arch.classify.guarded_classifier import FAILURES, GuardedClassifier
from distilbert_sentiment_arch.classify.interface import ClassifyRequest

REQUEST = ClassifyRequest(["a good film"])


def guarded(model: FailingModel, deadline_s: float = 0.05) -> GuardedClassifier:
    return GuardedClassifier(model, deadline_s, lambda: model.answered)


async def fail(model: GuardedClassifier, kind: type[Exception], times: int = FAILURES) -> None:
    for _ in range(times):
        with pytest.raises(kind):
            await model.classify(REQUEST)


async def until(true: Callable[[], bool]) -> None:
    for _ in range(300):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come true")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded_classifier, "PAUSE_S", 0.01)
    monkeypatch.setattr(readiness, "TIMEOUT_S", 0.05)
    monkeypatch.setattr(readiness, "FRESH_S", 0.0)


@pytest.mark.usefixtures("quick")
def test_a_failing_model_gets_only_canaries_until_one_is_answered() -> None:
    async def scenario() -> None:
        model = FailingModel(error=errors.Unavailable("broken"))
        guard = guarded(model)
        await fail(guard, errors.Unavailable)
        assert guard.failing
        asked = len(model.asked)
        await fail(guard, errors.ModelFailing)
        assert len(model.asked) == asked
        await until(lambda: len(model.asked) > asked)
        assert guard.failing
        assert {request.inputs[0] for request in model.asked[asked:]} == {readiness.CANARY}
        model.error = None
        await until(lambda: not guard.failing)
        assert (await guard.classify(REQUEST)).route == "model"

    asyncio.run(scenario())


@pytest.mark.usefixtures("quick")
def test_a_full_queue_does_not_count_as_recovery() -> None:
    async def scenario() -> None:
        model = FailingModel()
        guard = guarded(model)
        assert (await guard.readiness.check()).ready
        model.error = errors.Unavailable("broken")
        await fail(guard, errors.Unavailable)
        model.error = errors.Overloaded()
        asked = len(model.asked)
        await until(lambda: len(model.asked) > asked)  # a canary, which the full queue refused
        assert guard.failing
        model.error = None
        await until(lambda: not guard.failing)

    asyncio.run(scenario())


@pytest.mark.usefixtures("quick")
def test_a_model_that_hangs_counts_as_failing() -> None:
    async def scenario() -> None:
        model = FailingModel(hangs=True)
        guard = guarded(model)
        await fail(guard, errors.DeadlineExceeded)
        assert guard.failing
        start = time.monotonic()
        await fail(guard, errors.ModelFailing, times=20)
        assert time.monotonic() - start < 0.5  # waiting for twenty deadlines would take twice that
        model.hangs = False
        await until(lambda: not guard.failing)

    asyncio.run(scenario())


def test_a_model_that_is_busy_with_others_is_not_failing() -> None:
    async def scenario() -> None:
        model = FailingModel(hangs=True)
        guard = GuardedClassifier(
            model, 0.02, lambda: len(model.asked)
        )  # others are answered meanwhile
        await fail(guard, errors.DeadlineExceeded, times=10)
        assert not guard.failing

    asyncio.run(scenario())


@pytest.mark.parametrize("error", [errors.Overloaded(), errors.InputError("x")])
def test_a_full_queue_and_bad_input_are_not_failures_of_the_model(error: Exception) -> None:
    async def scenario() -> None:
        guard = guarded(FailingModel(error=error))
        await fail(guard, type(error), times=10)
        assert not guard.failing

    asyncio.run(scenario())


def test_only_consecutive_failures_count() -> None:
    async def scenario() -> None:
        model = FailingModel()
        guard = guarded(model)
        for _ in range(5):
            model.error = errors.Unavailable("broken")
            await fail(guard, errors.Unavailable, times=FAILURES - 1)
            model.error = None
            await guard.classify(REQUEST)
        assert not guard.failing

    asyncio.run(scenario())


def test_a_background_request_whose_turn_did_not_come_is_not_a_failure_of_the_model() -> None:
    async def scenario() -> None:
        guard = guarded(FailingModel(hangs=True), 0.01)
        for _ in range(FAILURES + 1):
            with pytest.raises(errors.DeadlineExceeded):
                await guard.classify(ClassifyRequest(["a good film"], background=True))
        assert not guard.failing

    asyncio.run(scenario())
