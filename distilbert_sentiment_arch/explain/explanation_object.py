"""Explanations as JSON objects, in the names of the HTTP API."""

from __future__ import annotations

from distilbert_sentiment_arch.explain.explanation import Explanation


def as_object(explanation: Explanation) -> dict[str, object]:
    """Returns an explanation without its text and answer."""
    return {
        "base": {
            "logits": list(explanation.base.logits),
            "probs": list(explanation.base.scores),
        },
        "method": explanation.method,
        "unit": explanation.unit,
        "passes": explanation.passes,
        "tokens": explanation.tokens,
        "seed": explanation.seed,
        "units": [
            {
                "start": unit.start,
                "end": unit.end,
                "text": unit.text,
                "logits": list(unit.logits),
                "probs": list(unit.scores),
            }
            for unit in explanation.units
        ],
    }
