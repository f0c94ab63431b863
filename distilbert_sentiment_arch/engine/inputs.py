"""Inputs of one pass of an encoder, on the host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from max.pipelines.lib import ModelInputs

from distilbert_sentiment_arch.classify.token_sequence import TokenIds, TokenSequence


@dataclass(kw_only=True)
class EncoderInputs(ModelInputs):
    """A batch, packed: the sequences one behind the other.

    Attributes:
        input_ids: int64 ``(tokens,)``.
        starts: int64 ``(batch + 1,)``, where each sequence starts and where the last one ends.
        first_segments: int64 ``(batch,)``, tokens of type 0 at the start of each sequence.
        pad_token_id: What fills the rows up where a graph wants them of one length.
        counts: Sequences of each of MAX's contexts.
    """

    input_ids: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    first_segments: npt.NDArray[np.int64]
    pad_token_id: int
    counts: Sequence[int] = ()

    def packed(self, *, token_types: bool) -> tuple[TokenIds, ...]:
        """Returns the arrays that a packed graph takes.

        Args:
            token_types: The model has an embedding of token types.
        """
        arrays = (self.input_ids, self.starts)
        return (*arrays, self.first_segments) if token_types else arrays

    def padded(self, *, token_types: bool) -> tuple[TokenIds, ...]:
        """Returns the arrays that a padded graph takes: ids ``(batch, longest)`` and lengths.

        Args:
            token_types: The model has an embedding of token types.
        """
        lengths = np.diff(self.starts)
        ids = np.full((len(lengths), int(lengths.max())), self.pad_token_id, dtype=np.int64)
        for row, start, length in zip(ids, self.starts, lengths, strict=False):
            row[:length] = self.input_ids[start : start + length]
        return (ids, lengths, self.first_segments) if token_types else (ids, lengths)


def pack_sequences(sequences: Sequence[TokenSequence]) -> EncoderInputs:
    """Returns the inputs of a pass over some sequences, without MAX's contexts around them."""
    return EncoderInputs(
        input_ids=np.concatenate([each.ids for each in sequences]).astype(np.int64),
        starts=np.cumsum([0, *map(len, sequences)], dtype=np.int64),
        first_segments=np.array([each.first_segment for each in sequences], dtype=np.int64),
        pad_token_id=0,
    )
