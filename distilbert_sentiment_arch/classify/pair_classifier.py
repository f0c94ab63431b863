"""Classification by a model that also reads pairs of which one text may be cut."""

from __future__ import annotations

from distilbert_sentiment_arch.classify.interface import Truncation
from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier
from distilbert_sentiment_arch.classify.pair_truncation import cut_text
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.classify.truncation import Window, Windows


class PairClassifier(ModelClassifier):
    """A served checkpoint that obeys ``Truncation.only``: the query of a document stays whole."""

    def _fit(
        self, index: int, sequence: TokenSequence, truncation: Truncation | None
    ) -> Window | Windows:
        fitted = super()._fit(index, sequence, truncation)
        if truncation is None or truncation.only is None or isinstance(fitted, Windows):
            return fitted
        kept = cut_text(
            sequence,
            self._limit(truncation),
            truncation.only,
            from_start=truncation.mode == "start",
            text_limit=truncation.text_limit,
            index=index,
        )
        return Window(kept, len(kept))
