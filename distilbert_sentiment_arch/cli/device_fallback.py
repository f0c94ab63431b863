"""What serves where a device fails: accelerator, then CPU, then word list, by policy.

What failed is not tried again by this command: an accelerator fails once, and its kept verdict says
so from then on. A server on the CPU that fails in service is started again a few times.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint
from distilbert_sentiment_arch.cli.ready_check import Address
from distilbert_sentiment_arch.cli.supervision import Failure, Step
from distilbert_sentiment_arch.machine.accelerators import Accelerator
from distilbert_sentiment_arch.probe.kept import AcceleratorPrecision, keep_verdict
from distilbert_sentiment_arch.probe.verdict import CLASSIFIER, RungVerdict
from distilbert_sentiment_arch.settings.device import LEXICON, DeviceFallback, DeviceUse

CPU = "cpu"

START_LIMIT_S = 420.0
"""Seconds in which an accelerator has to load the model; a cold compilation takes two minutes. The
CPU's start has to come within the ten minutes that ``deploy/`` allows as well."""

UNREADY_LIMIT_S = 60.0
"""Seconds for which a server on an accelerator may answer no canary. Its process may live on while
every pass fails, or none ends."""

RESTARTS = 3
"""How often a server on the CPU, or the word list, is started again that has failed in service."""

STABLE_S = 600.0
"""Seconds in service after which earlier restarts do not count any more."""

BACK_OFF_S = (1.0, 5.0, 25.0)
"""Seconds before each of these starts."""

USAGE_ERROR = 2
"""Exit status of a command that does not know a flag, or a value of it."""

Starter = Callable[[DeviceUse], tuple[Sequence[str], Mapping[str, str]]]
"""Returns command line and environment of a server on a device."""

StandInStarter = Callable[
    [DeviceUse, Address | None, bool], tuple[Sequence[str], Mapping[str, str]]
]
"""Returns those of a word list: in whose place, at which address (None for that of the settings),
and whether it shows metrics."""


def fallback_of(
    given: DeviceFallback | None, requested: str, device: str, *, by_words: bool
) -> DeviceFallback:
    """Returns the policy of a server.

    Args:
        given: The operator's setting; None if there is none.
        requested: The setting ``--devices``.
        device: The device that it came to.
        by_words: A word list may answer wherever the model fails (``--fallback``).
    """
    if given is not None:
        return given
    if requested != "auto" or device == CPU:
        return "off"
    return "always" if by_words else "cpu"


@dataclass(frozen=True)
class RememberedFailures:
    """Keeps the failure of an accelerator as a verdict, so that the next ``auto`` does not take it.

    Attributes:
        found: The checkpoint that was served.
        accelerator: What it was served on at first; None for the CPU.
        precision: What it was computed in.
    """

    found: NamedCheckpoint
    accelerator: Accelerator | None
    precision: AcceleratorPrecision

    def __call__(self, device: str, failure: Failure) -> None:
        """Keeps a failure, if it is one of the accelerator."""
        if self.accelerator is None or device != self.accelerator.name:
            return
        when = "at the start" if failure.phase == "start" else "in service"
        reason = f"{when} of a server, it {failure.reason}"
        verdict = RungVerdict(device, CLASSIFIER, "crashed", reason)
        try:
            keep_verdict(self.accelerator, self.found, verdict, self.precision)
        except OSError as error:  # files of the checkpoint are part of what a verdict is of
            _say(f"the failure of {device} is not kept: {error}")


@dataclass
class DevicePlan:
    """The steps of a server; see ``supervision.Plan``.

    Attributes:
        use: The device chosen at first.
        policy: What follows it.
        server: Starts the model server.
        word_list: Starts the word list.
        failed: Is told of a device that failed, with what happened to it.
    """

    use: DeviceUse
    policy: DeviceFallback
    server: Starter
    word_list: StandInStarter
    failed: Callable[[str, Failure], None]
    _restarts: int = field(default=0, init=False)
    _served_at: Address | None = field(default=None, init=False)

    def first(self) -> Step:
        """Returns the start on the device that was chosen."""
        return self._step(self.use)

    def after(self, failure: Failure) -> Step | None:
        """Returns the next start, and says on standard error what happened and what follows."""
        what = self.use.computed
        if failure.phase == "start" and failure.status == USAGE_ERROR:
            return None  # every other start would end so; the lines above say why
        self.failed(what, failure)
        self._served_at = failure.address or self._served_at
        happened = f"{what} failed {_PHASES[failure.phase]}: it {failure.reason}"
        if failure.seconds >= STABLE_S:
            self._restarts = 0
        restarted = what in (CPU, LEXICON) and failure.phase == "service"
        if restarted and self._restarts < RESTARTS:
            delay_s = BACK_OFF_S[self._restarts]
            self._restarts += 1
            _say(f"{happened}; starting it again in {delay_s:g} s, {self._restarts} of {RESTARTS}")
            return self._step(self.use, delay_s)
        following = self._following(what)
        if following is None:
            _say(
                f"{happened}; nothing else is to serve (--device-fallback {self.policy}), ending "
                f"with status {failure.status}"
            )
            return None
        _say(f"{happened}; falling back to {_NAMES[following]} (--device-fallback {self.policy})")
        self._restarts = 0
        self.use = DeviceUse(
            following,
            self.use.requested,
            f"{what} failed {_PHASES[failure.phase]}: it {failure.reason}",
            (*self.use.failed, what),
        )
        return self._step(self.use)

    def _following(self, what: str) -> str | None:
        if what == LEXICON or self.policy == "off":
            return None
        if what == CPU:
            return LEXICON if self.policy == "always" else None
        return CPU

    def _step(self, use: DeviceUse, delay_s: float = 0.0) -> Step:
        if use.computed == LEXICON:
            command, environment = self.word_list(use, self._served_at, True)
            return Step(LEXICON, command, environment, tells=False, delay_s=delay_s)
        command, environment = self.server(use)
        stand_in = None
        if self.policy == "always" and self._served_at is not None:
            # Clients were served until now, and may still ask.
            words, variables = self.word_list(use, self._served_at, False)
            stand_in = Step(LEXICON, words, variables, tells=False)
        watched = use.computed != CPU
        return Step(
            use.computed,
            command,
            environment,
            start_limit_s=START_LIMIT_S if watched else None,
            unready_limit_s=UNREADY_LIMIT_S if watched else None,
            delay_s=delay_s,
            stand_in=stand_in,
        )


_PHASES = {"start": "at its start", "service": "in service"}
_NAMES = {CPU: "the CPU", LEXICON: "the word list"}


def _say(what: str) -> None:
    print(f"max-sentiment: {what}", file=sys.stderr, flush=True)
