"""Settings: the environment variables that a server reads, refused as the server refuses them."""

from __future__ import annotations

import os
from collections.abc import Callable

from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.doctor.examined import Examined
from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.errors import SentimentError
from distilbert_sentiment_arch.lexicon.lexicon_classifier import check_labels
from distilbert_sentiment_arch.lexicon.settings import LexiconSettings
from distilbert_sentiment_arch.settings.api_keys import ApiKeys
from distilbert_sentiment_arch.settings.device import requested_fallback
from distilbert_sentiment_arch.settings.limits import Limits
from distilbert_sentiment_arch.settings.page import page_is_served
from distilbert_sentiment_arch.settings.precision import requested_precision

AREA = "settings"


def check_settings(examined: Examined) -> list[Finding]:
    """Returns the findings of this area: one for each setting that is refused."""
    readers: dict[str, Callable[[], object]] = {
        "limits": Limits.from_environment,
        "api_keys": lambda: ApiKeys(os.environ),
        "page": lambda: page_is_served(os.environ),
        "precision": requested_precision,
        "device": requested_fallback,
        "lexicon": lambda: _lexicon(examined),
    }
    found = []
    for name, read in readers.items():
        try:
            read()
        except SentimentError as error:
            found.append(
                Finding(
                    AREA,
                    f"settings.{name}",
                    str(error),
                    "the server does not start",
                    "As the message says.",
                    "unfit",
                )
            )
    if found:
        return found
    ours = sorted(each for each in os.environ if each.startswith("MAX_SENTIMENT_"))
    return [
        Finding(AREA, "settings.environment", ", ".join(ours) or "none set", "all values are valid")
    ]


def _lexicon(examined: Examined) -> None:
    settings = LexiconSettings.from_environment()
    model = examined.answers.model
    if settings.fallback != "off" and model is not None and model.labels:
        check_labels(LabelSet(model.labels, "single_label_classification"))
