"""Questions whose answers take seconds, asked at the same time, each with a time limit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import Any, TypeVar

from distilbert_sentiment_arch.doctor.child import Answer, ask
from distilbert_sentiment_arch.doctor.device_report import DeviceReport
from distilbert_sentiment_arch.doctor.model_report import ModelReport
from distilbert_sentiment_arch.machine.accelerators import Accelerators, find_accelerators
from distilbert_sentiment_arch.machine.hub import Hub, find_hub
from distilbert_sentiment_arch.settings.defaults import PACKAGE

MODEL_REPORT = f"{PACKAGE.name}.doctor.model_report"
DEVICE_REPORT = f"{PACKAGE.name}.doctor.device_report"
WARMTH = f"{PACKAGE.name}.families.warmth"

CPU = "cpu"
"""The device that serves by default."""

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class MaxReport:
    """What came of importing MAX, in a process of its own.

    Attributes:
        imported_s: Seconds that the import took; None where it failed.
        warmth: The fields of ``families.warmth.Warmth``; empty where they are not known.
        answer: All that the process said.
    """

    imported_s: float | None
    warmth: dict[str, Any]
    answer: Answer


@dataclass(frozen=True)
class Answers:
    """The answers.

    Attributes:
        model: The checkpoint; None where the process that looks at it failed.
        model_failure: Why it failed.
        device: The device that ``serve`` takes; None where it is the CPU, which needs no asking.
        max: MAX, and what a start would find in the cache.
        accelerators: What MAX finds.
        hub: The Hugging Face hub.
    """

    model: ModelReport | None
    max: MaxReport
    accelerators: Accelerators
    hub: Hub
    model_failure: str = ""
    device: DeviceReport | None = None


def ask_all(model: str | None, revision: str | None, devices: str, timeout_s: float) -> Answers:
    """Asks all questions.

    Args:
        model: A directory, a hub id, or None for the embedded default.
        revision: Revision of a hub id.
        devices: The value of ``--devices``.
        timeout_s: Seconds for each answer.
    """
    hub = _later(find_hub)
    accelerators = _later(lambda: find_accelerators(timeout_s))
    arguments = [each for each in (model, revision) if each is not None]
    answer = ask(MODEL_REPORT, arguments, timeout_s)
    report = ModelReport(**answer.objects[-1]) if answer.objects else None
    directory = report.directory if report is not None and report.state == "fit" else ""
    device = _later(lambda: _device(devices, directory, timeout_s))
    said = ask(WARMTH, [directory] if directory else [], timeout_s)
    merged = {key: value for each in said.objects for key, value in each.items()}
    imported_s = merged.pop("imported_s", None)
    return Answers(
        report,
        MaxReport(imported_s, merged, said),
        accelerators.result(),
        hub.result(),
        answer.failure,
        device.result(),
    )


def _device(setting: str, directory: str, timeout_s: float) -> DeviceReport | None:
    if setting == CPU or not directory:
        return None
    answer = ask(DEVICE_REPORT, [setting, directory], timeout_s)
    said = answer.objects[-1] if answer.objects else {"device": "", "reason": answer.failure}
    return DeviceReport(**said)


def _later(question: Callable[[], _Result]) -> Future[_Result]:
    """Asks in a thread, or at once where the system has no room for another thread."""
    future: Future[_Result] = Future()

    def run() -> None:
        try:
            future.set_result(question())
        except BaseException as error:  # raised again where the answer is read
            future.set_exception(error)

    try:
        Thread(target=run, daemon=True).start()
    except RuntimeError:
        run()
    return future
