"""The Hugging Face hub: reachable, offline, or not needed."""

from __future__ import annotations

from distilbert_sentiment_arch.checkpoint.source import is_of_hub
from distilbert_sentiment_arch.doctor.examined import Examined
from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.machine.hub import OFFLINE

AREA = "hub"
NAME = "hub.access"


def check_hub(examined: Examined) -> list[Finding]:
    """Returns the findings of this area."""
    hub, model = examined.answers.hub, examined.options.model
    if hub.offline:
        return [Finding(AREA, NAME, f"offline ({OFFLINE})", "nothing is downloaded")]
    if not hub.error:
        return [Finding(AREA, NAME, f"{hub.address} answers", "checkpoints can be downloaded")]
    found = f"{hub.address} does not answer ({hub.error})"
    if model is None or not is_of_hub(model):
        return [Finding(AREA, NAME, found, "this model does not need it: it is on this machine")]
    return [
        Finding(
            AREA,
            NAME,
            found,
            "a start asks it for this model, and goes on with what is on this machine, if that is "
            "all of it",
            f"Set {OFFLINE}=1 where that is meant, or HTTPS_PROXY to a proxy.",
            "warning",
        )
    ]
