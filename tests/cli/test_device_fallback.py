"""What serves where a device fails: the order of steps, their environment, and what is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.cli.device_fallback import (
    BACK_OFF_S,
    RESTARTS,
    STABLE_S,
    DevicePlan,
    RememberedFailures,
    fallback_of,
)
from distilbert_sentiment_arch.cli.ready_check import Address
from distilbert_sentiment_arch.cli.supervision import Failure, Step
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.machine.accelerators import Accelerator
from distilbert_sentiment_arch.probe.kept import keep_verdict, kept_verdict
from distilbert_sentiment_arch.probe.verdict import CLASSIFIER, RungVerdict
from distilbert_sentiment_arch.settings.device import DeviceFallback, DeviceUse

HERE = Address("127.0.0.1", 8000)
CHOSEN = DeviceUse("gpu:0", "auto", "gpu:0 passed its probe with this model")


class Trial:
    """A plan, and what it asked for."""

    def __init__(self, policy: DeviceFallback, use: DeviceUse = CHOSEN) -> None:
        self.uses: list[DeviceUse] = []
        self.failed: list[str] = []
        self.plan = DevicePlan(
            use, policy, self._server, self._words, lambda device, failure: self._fail(device)
        )
        self.step: Step | None = self.plan.first()

    def _server(self, use: DeviceUse) -> tuple[list[str], dict[str, str]]:
        self.uses.append(use)
        return ["serve", use.computed], use.as_variable()

    def _words(
        self, use: DeviceUse, served_at: Address | None, metrics: bool
    ) -> tuple[list[str], dict[str, str]]:
        at = "by the settings" if served_at is None else f"{served_at.host}:{served_at.port}"
        return ["words", at, "with metrics" if metrics else "without"], use.as_variable()

    def _fail(self, device: str) -> None:
        self.failed.append(device)

    def at_start(self, status: int = 1) -> Step | None:
        assert self.step is not None
        failure = Failure(self.step, "start", f"ended with status {status}", status)
        self.step = self.plan.after(failure)
        return self.step

    def in_service(self, seconds: float = 1.0) -> Step | None:
        assert self.step is not None
        failure = Failure(self.step, "service", "was ended by SIGKILL", 137, HERE, seconds)
        self.step = self.plan.after(failure)
        return self.step


def test_an_accelerator_that_fails_at_its_start_is_followed_by_the_cpu(
    capsys: pytest.CaptureFixture[str],
) -> None:
    trial = Trial("cpu")
    following = trial.at_start()
    assert following is not None
    assert list(following.command) == ["serve", "cpu"]
    assert following.stand_in is None
    reason = "gpu:0 failed at its start: it ended with status 1"
    assert trial.uses[-1] == DeviceUse("cpu", "auto", reason, ("gpu:0",))
    assert trial.failed == ["gpu:0"]
    assert capsys.readouterr().err == (
        f"max-sentiment: {reason}; falling back to the CPU (--device-fallback cpu)\n"
    )


def test_after_the_cpu_comes_the_word_list_only_where_the_policy_says_so() -> None:
    trial = Trial("cpu")
    trial.at_start()
    assert trial.at_start() is None

    trial = Trial("always")
    trial.at_start()
    last = trial.at_start(3)
    assert last is not None
    assert list(last.command) == ["words", "by the settings", "with metrics"]
    assert not last.tells
    assert trial.plan.use.failed == ("gpu:0", "cpu")
    assert trial.at_start() is None


def test_the_end_is_said_with_its_status(capsys: pytest.CaptureFixture[str]) -> None:
    trial = Trial("cpu")
    trial.at_start()
    capsys.readouterr()
    assert trial.at_start(4) is None
    assert capsys.readouterr().err == (
        "max-sentiment: cpu failed at its start: it ended with status 4; nothing else is to serve "
        "(--device-fallback cpu), ending with status 4\n"
    )


def test_a_word_list_stands_in_only_where_clients_were_served_and_it_may() -> None:
    for policy in ("cpu", "always"):
        trial = Trial(policy)  # type: ignore[arg-type]
        following = trial.in_service()
        assert following is not None
        assert list(following.command) == ["serve", "cpu"]
        assert (following.stand_in is not None) == (policy == "always")
        if following.stand_in is not None:
            assert list(following.stand_in.command) == ["words", "127.0.0.1:8000", "without"]


def test_a_server_on_the_cpu_is_started_again_a_few_times_ever_later() -> None:
    trial = Trial("cpu")
    trial.in_service()
    delays = []
    while (following := trial.in_service()) is not None:
        assert list(following.command) == ["serve", "cpu"]
        delays.append(following.delay_s)
    assert delays == list(BACK_OFF_S)
    assert len(delays) == RESTARTS
    assert delays == sorted(delays)


def test_earlier_restarts_do_not_count_after_a_long_service() -> None:
    trial = Trial("cpu")
    trial.in_service()
    for _ in range(3 * RESTARTS):
        following = trial.in_service(STABLE_S)
        assert following is not None
        assert following.delay_s == BACK_OFF_S[0]


def test_every_crash_loop_ends() -> None:
    for policy in ("cpu", "always"):
        trial = Trial(policy)  # type: ignore[arg-type]
        starts = 0
        while trial.in_service() is not None:
            starts += 1
            assert starts < 10
        assert trial.step is None


def test_an_accelerator_is_watched_and_its_start_limited() -> None:
    trial = Trial("cpu")
    assert trial.step is not None
    assert trial.step.start_limit_s is not None
    assert trial.step.unready_limit_s is not None
    following = trial.at_start()
    assert following is not None
    assert (following.start_limit_s, following.unready_limit_s) == (None, None)


def test_a_flag_that_max_does_not_know_is_no_failure_of_the_device() -> None:
    trial = Trial("always")
    assert trial.at_start(2) is None
    assert trial.failed == []


@pytest.mark.parametrize(
    ("given", "requested", "device", "by_words", "policy"),
    [
        (None, "cpu", "cpu", False, "off"),
        (None, "auto", "cpu", True, "off"),
        (None, "auto", "gpu:0", False, "cpu"),
        (None, "auto", "gpu:0", True, "always"),
        (None, "gpu", "gpu:0", True, "off"),
        ("cpu", "gpu", "gpu:0", False, "cpu"),
        ("off", "auto", "gpu:0", True, "off"),
        ("always", "cpu", "cpu", False, "always"),
    ],
)
def test_the_policy_where_none_is_given(
    given: DeviceFallback | None,
    requested: str,
    device: str,
    by_words: bool,
    policy: DeviceFallback,
) -> None:
    assert fallback_of(given, requested, device, by_words=by_words) == policy


def test_the_next_auto_does_not_take_what_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MODULAR_CACHE_DIR", str(tmp_path))
    found = find_checkpoint(None, FAMILIES)
    accelerator = Accelerator(0, "cuda", model="A")
    keep_verdict(accelerator, found, RungVerdict("gpu:0", CLASSIFIER, "works"))
    trial = Trial("cpu")
    assert trial.step is not None
    remembered = RememberedFailures(found, accelerator, "float32")
    remembered("cpu", Failure(trial.step, "start", "ended with status 1", 1))
    kept = kept_verdict(accelerator, found)
    assert kept is not None
    assert kept.works
    remembered("gpu:0", Failure(trial.step, "service", "was ended by SIGKILL", 137))
    kept = kept_verdict(accelerator, found)
    assert kept is not None
    assert (kept.outcome, kept.reason) == (
        "crashed",
        "in service of a server, it was ended by SIGKILL",
    )
