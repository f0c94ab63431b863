"""Encoding of a batch as one MAX context, and of its logits as one MAX embedding.

MAX's queue carries one array of tokens a context, and one array of floats comes back for it. A
batch travels as one context, however many sequences it has: its sequences are separated by an id
that no token has, as are the two texts of a pair. The floats are ``HEADER`` figures of the pass and
then the logits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from max.pipelines.context import TextContext
from max.pipelines.context.tokens import TokenBuffer
from max.pipelines.modeling.types import EmbeddingsGenerationOutput, RequestID

from distilbert_sentiment_arch.classify.batching import ComputedBatch
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.engine.inputs import EncoderInputs

SEQUENCE_END = -1
"""Between two sequences; ids in use are 0 and above."""

SEGMENT_END = -2
"""Before the second text of a pair."""

HEADER = 2
"""Floats before the logits: milliseconds that the pass took, and the sequences in it."""

_SEQUENCE_END = np.array([SEQUENCE_END], dtype=np.int64)
_SEGMENT_END = np.array([SEGMENT_END], dtype=np.int64)


def encode_batch(
    sequences: Sequence[TokenSequence], key: RequestID, model_name: str
) -> TextContext:
    """Returns the context of a batch.

    Args:
        sequences: Token ids, each known to have an embedding.
        key: Names the context.
        model_name: The served model.
    """
    parts = []
    for sequence in sequences:
        ids, boundary = sequence.ids, sequence.first_segment
        if boundary < len(ids):
            parts += [ids[:boundary], _SEGMENT_END, ids[boundary:], _SEQUENCE_END]
        else:
            parts += [ids, _SEQUENCE_END]
    tokens = np.concatenate(parts[:-1])
    return TextContext(
        request_id=key,
        max_length=len(tokens),
        tokens=TokenBuffer(tokens),
        model_name=model_name,
    )


def decode_batches(contexts: Sequence[TextContext], pad_token_id: int) -> EncoderInputs:
    """Returns the sequences of the contexts of one pass, in the model worker."""
    ids, starts, segments, counts = [], [np.zeros(1, np.int64)], [], []
    tokens = 0
    for context in contexts:
        encoded = context.tokens.active
        is_token = encoded >= 0
        # Of each place in the encoded array, and of its end.
        tokens_before = np.concatenate([[0], np.cumsum(is_token)])
        (sequence_ends,) = np.append(encoded == SEQUENCE_END, True).nonzero()
        ends = tokens_before[sequence_ends]
        lengths = np.diff(ends, prepend=0)
        first_segments = lengths.copy()
        (boundaries,) = (encoded == SEGMENT_END).nonzero()
        if len(boundaries):
            rows = np.searchsorted(sequence_ends, boundaries)
            first_segments[rows] = tokens_before[boundaries] - (ends - lengths)[rows]
        ids.append(encoded[is_token])
        starts.append(tokens + ends)
        segments.append(first_segments)
        counts.append(len(ends))
        tokens += int(ends[-1])
    return EncoderInputs(
        input_ids=np.concatenate(ids),
        starts=np.concatenate(starts),
        first_segments=np.concatenate(segments),
        pad_token_id=pad_token_id,
        counts=counts,
    )


def encode_logits(
    logits: npt.NDArray[np.float32], counts: Sequence[int], compute_ms: float
) -> npt.NDArray[np.float32]:
    """Returns what goes back: one row a context, all as wide as the widest.

    Args:
        logits: ``(sequences, num_labels)`` of the pass.
        counts: Sequences of each context.
        compute_ms: Milliseconds the pass took.

    Returns:
        ``(contexts, HEADER + most sequences * num_labels)``.
    """
    labels = logits.shape[1]
    rows = np.zeros((len(counts), HEADER + max(counts) * labels), dtype=np.float32)
    rows[:, :HEADER] = compute_ms, len(logits)
    start = 0
    for row, count in zip(rows, counts, strict=True):
        row[HEADER : HEADER + count * labels] = logits[start : start + count].ravel()
        start += count
    return rows


def decode_logits(
    output: EmbeddingsGenerationOutput, sequences: int, num_labels: int
) -> ComputedBatch:
    """Returns the logits of a context, in the process that sent it.

    Args:
        output: What MAX brought back.
        sequences: Sequences of the context.
        num_labels: Labels of the model.
    """
    row = np.asarray(output.embeddings, dtype=np.float32)
    compute_ms, size = row[:HEADER]
    logits = row[HEADER : HEADER + sequences * num_labels].reshape(sequences, num_labels)
    return ComputedBatch(logits, float(compute_ms), int(size))
