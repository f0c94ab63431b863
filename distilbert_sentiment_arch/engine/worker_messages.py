"""Messages between the API process and the model worker: a batch there, its logits back.

Both are arrays in the byte order of the machine, in one stream each way. The worker answers in the
order in which it is asked, so messages need no names.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.classify.batching import ComputedBatch
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.engine.inputs import EncoderInputs

_HEAD = struct.Struct("=qq")
HEAD_BYTES = _HEAD.size
"""Bytes of the head of a batch: how many sequences and how many tokens follow."""

_MILLISECONDS = struct.Struct("=d")
_ID_BYTES = 8
_LOGIT_BYTES = 4


def encode_batch(sequences: Sequence[TokenSequence]) -> bytes:
    """Returns the message of a batch: head, token ids, where sequences start, first segments.

    Args:
        sequences: Token ids, each known to have an embedding.
    """
    starts = [0, *accumulate(len(each) for each in sequences)]
    segments = [each.first_segment for each in sequences]
    return b"".join(
        [
            _HEAD.pack(len(sequences), starts[-1]),
            *(each.ids.data for each in sequences),
            np.array(starts + segments, dtype=np.int64).data,
        ]
    )


def size_of_batch(head: bytes | bytearray) -> tuple[int, int]:
    """Returns how many sequences a batch has, and the bytes that follow its head."""
    sequences, tokens = _HEAD.unpack(head)
    return sequences, _ID_BYTES * (tokens + 2 * sequences + 1)


def decode_batch(sequences: int, content: bytearray) -> EncoderInputs:
    """Returns the inputs of a pass, which are views of the message.

    Args:
        sequences: From the head.
        content: What follows the head.
    """
    values = np.frombuffer(content, dtype=np.int64)
    tokens = len(values) - 2 * sequences - 1
    return EncoderInputs(
        input_ids=values[:tokens],
        starts=values[tokens : tokens + sequences + 1],
        first_segments=values[tokens + sequences + 1 :],
        pad_token_id=0,
    )


def encode_answer(logits: npt.NDArray[np.float32], compute_ms: float) -> bytes:
    """Returns the message of an answer: milliseconds of the pass, then its logits."""
    return _MILLISECONDS.pack(compute_ms) + logits.tobytes()


def size_of_answer(sequences: int, num_labels: int) -> int:
    """Returns the bytes of the answer to a batch."""
    return _MILLISECONDS.size + sequences * num_labels * _LOGIT_BYTES


def decode_answer(content: bytes, sequences: int) -> ComputedBatch:
    """Returns the logits of a batch, in the process that sent it."""
    (compute_ms,) = _MILLISECONDS.unpack_from(content)
    logits = np.frombuffer(content, dtype=np.float32, offset=_MILLISECONDS.size)
    return ComputedBatch(logits.reshape(sequences, -1), compute_ms, sequences)
