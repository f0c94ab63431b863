"""A batch as one of MAX's contexts: one trip to the model worker, however many sequences.

A context carries one array of tokens, and one array of floats comes back for it. Sequences are
parted by an id that no sequence holds; the floats are ``TRACE`` figures and then the logits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from max.pipelines.context import TextContext
from max.pipelines.context.tokens import TokenBuffer
from max.pipelines.modeling.types import EmbeddingsGenerationOutput, RequestID

from distilbert_sentiment_arch.classify.batching import ComputedBatch
from distilbert_sentiment_arch.classify.truncation import TokenIds

SEPARATOR = -1
"""Between sequences; ids in use are 0 and above."""

TRACE = 2
"""Floats before the logits: milliseconds that the pass took, and the sequences in it."""


def context_of(sequences: Sequence[TokenIds], key: RequestID, model_name: str) -> TextContext:
    """Returns what travels to the model worker for a batch.

    Args:
        sequences: Token ids, each known to have an embedding.
        key: Names the context.
        model_name: The served model.
    """
    parts = [sequences[0]]
    for ids in sequences[1:]:
        parts += [np.array([SEPARATOR], dtype=np.int64), ids]
    tokens = np.concatenate(parts)
    return TextContext(
        request_id=key,
        max_length=len(tokens),
        tokens=TokenBuffer(tokens),
        model_name=model_name,
    )


def packed_of(contexts: Sequence[TextContext]) -> tuple[TokenIds, TokenIds, list[int]]:
    """Returns the sequences of the contexts of one pass, one behind the other, in the worker.

    Returns:
        The token ids, int64 ``(tokens,)``; where each sequence starts and the last one ends, int64
        ``(sequences + 1,)``; and how many sequences each context has.
    """
    ids, starts, counts, tokens = [], [np.zeros(1, np.int64)], [], 0
    for context in contexts:
        parted = context.tokens.active
        is_token = parted != SEPARATOR
        # As many separators as sequences are before the end of each, but for its own.
        (ends,) = np.append(~is_token, True).nonzero()
        starts.append(tokens + ends - np.arange(len(ends)))
        ids.append(parted[is_token])
        counts.append(len(ends))
        tokens += len(ids[-1])
    return np.concatenate(ids), np.concatenate(starts), counts


def rows_of(
    logits: npt.NDArray[np.float32], counts: Sequence[int], compute_ms: float
) -> npt.NDArray[np.float32]:
    """Lays out what goes back: one row a context, all as wide as the widest.

    Args:
        logits: ``(sequences, num_labels)`` of the pass.
        counts: Sequences of each context.
        compute_ms: Milliseconds the pass took.

    Returns:
        ``(contexts, TRACE + most sequences * num_labels)``.
    """
    labels = logits.shape[1]
    rows = np.zeros((len(counts), TRACE + max(counts) * labels), dtype=np.float32)
    rows[:, :TRACE] = compute_ms, len(logits)
    start = 0
    for row, count in zip(rows, counts, strict=True):
        row[TRACE : TRACE + count * labels] = logits[start : start + count].ravel()
        start += count
    return rows


def computed_of(
    output: EmbeddingsGenerationOutput, sequences: int, num_labels: int
) -> ComputedBatch:
    """Takes a row apart, in the process that sent the context.

    Args:
        output: What MAX brought back.
        sequences: Sequences of the context.
        num_labels: Labels of the model.
    """
    row = np.asarray(output.embeddings, dtype=np.float32)
    compute_ms, size = row[:TRACE]
    logits = row[TRACE : TRACE + sequences * num_labels].reshape(sequences, num_labels)
    return ComputedBatch(logits, float(compute_ms), int(size))
