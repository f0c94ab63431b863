"""Says which device a server would compute on, and why, as JSON on standard output.

    python -m distilbert_sentiment_arch.doctor.device_report SETTING [MODEL [REVISION]]

A program of its own because it reads the checkpoint, which is what verdicts of probes are kept for.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from distilbert_sentiment_arch.errors import SentimentError


@dataclass(frozen=True)
class DeviceReport:
    """The device of a server.

    Attributes:
        device: ``cpu`` or ``gpu:0``; empty where the server refuses the setting.
        reason: Why this one, or why the setting is refused.
    """

    device: str
    reason: str


def device_report(setting: str, model: str | None, revision: str | None) -> DeviceReport:
    """Returns the device that ``serve`` takes.

    Args:
        setting: The value of ``--devices``.
        model: A directory, a hub id that is on this machine, or None for the embedded default.
        revision: Revision of a hub id.
    """
    from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
    from distilbert_sentiment_arch.families.registry import FAMILIES
    from distilbert_sentiment_arch.probe.choice import choose_device

    try:
        decision = choose_device(setting, find_checkpoint(model, FAMILIES, revision))
    except SentimentError as error:
        return DeviceReport("", str(error))
    return DeviceReport(decision.device, decision.reason)


def main(arguments: Sequence[str]) -> int:
    """Prints the report; returns the exit status."""
    model, revision = (*arguments[1:], None, None)[:2]
    print(json.dumps(asdict(device_report(arguments[0], model, revision))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
