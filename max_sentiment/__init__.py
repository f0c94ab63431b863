"""Text classification in one line: ``Classifier.load().classify(["I love it."])``.

This is the public Python API of ``max-sentiment``; all else in the package may change.
"""

from distilbert_sentiment_arch.classify.interface import Classification, TextPair
from distilbert_sentiment_arch.errors import (
    CheckpointError,
    DeviceError,
    InputError,
    SentimentError,
    Unavailable,
)
from distilbert_sentiment_arch.settings.defaults import VERSION
from max_sentiment.classifier import Classifier, Text

__version__ = VERSION

__all__ = [
    "CheckpointError",
    "Classification",
    "Classifier",
    "DeviceError",
    "InputError",
    "SentimentError",
    "Text",
    "TextPair",
    "Unavailable",
    "__version__",
]
