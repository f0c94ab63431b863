"""The Hugging Face hub, as far as this machine reaches it."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Thread

OFFLINE = "HF_HUB_OFFLINE"
ENDPOINT = "HF_ENDPOINT"
_PUBLIC = "https://huggingface.co"
_TRUE = ("1", "on", "yes", "true")

TIMEOUT_S = 4.0
"""Seconds that the hub may take to answer; names are resolved within them, too."""


@dataclass(frozen=True)
class Hub:
    """What is known of the hub.

    Attributes:
        address: Where it is.
        offline: The environment says not to ask it.
        error: Why it does not answer; empty if it does, and where it was not asked.
    """

    address: str
    offline: bool = False
    error: str = ""

    @property
    def reachable(self) -> bool:
        """Whether it answered."""
        return not self.offline and not self.error


def find_hub(timeout_s: float = TIMEOUT_S, environment: Mapping[str, str] = os.environ) -> Hub:
    """Asks the hub for anything, through the proxy that the environment names.

    Args:
        timeout_s: Seconds to wait for its answer.
        environment: Variables of the hub's client.
    """
    address = environment.get(ENDPOINT, _PUBLIC).rstrip("/")
    if environment.get(OFFLINE, "").lower() in _TRUE:
        return Hub(address, offline=True)
    answers: list[str] = []
    # A thread, because resolving a name has no time limit of its own.
    asking = Thread(target=lambda: answers.append(_error_of(address, timeout_s)), daemon=True)
    asking.start()
    asking.join(timeout_s)
    return Hub(address, error=answers[0] if answers else f"no answer within {timeout_s:g} seconds")


def _error_of(address: str, timeout_s: float) -> str:
    """Returns why the hub does not answer; empty if it does, whatever the answer is."""
    try:
        request = urllib.request.Request(address, method="HEAD")  # noqa: S310 - of the operator
        with urllib.request.urlopen(request, timeout=timeout_s):  # noqa: S310
            return ""
    except urllib.error.HTTPError as error:
        # A proxy answers for a hub that it does not reach.
        return f"status {error.code}" if error.code in (407, 502, 503, 504) else ""
    except Exception as error:  # an address that is none, a certificate, a network
        reason = getattr(error, "reason", None) or error
        return (str(reason).strip().splitlines() or [type(error).__name__])[0]
