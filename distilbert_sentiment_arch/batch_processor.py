"""Contexts of one batch to the inputs of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from max.driver import Buffer
from max.pipelines.context import TextContext
from max.pipelines.lib.interfaces.batch_processor import (
    PaddedEncoderBatchProcessor,
    single_replica_context_batch,
)

if TYPE_CHECKING:
    from max.nn.kv_cache import KVCacheInputs

    from distilbert_sentiment_arch.model import DistilBertInputs


class DistilBertBatchProcessor(PaddedEncoderBatchProcessor["DistilBertInputs"]):
    """Pads a batch to its longest sequence and counts the real tokens of each row.

    The base class reads the padding off the token ids, so a "[PAD]" in the input would be masked.
    """

    def prepare_initial_token_inputs(
        self,
        replica_batches: Sequence[Sequence[TextContext]],
        kv_cache_inputs: KVCacheInputs[Buffer, Buffer] | None = None,
        return_n_logits: int = 1,
    ) -> DistilBertInputs:
        """Returns the padded batch; the encoder has neither cache nor next tokens."""
        del kv_cache_inputs, return_n_logits
        batch = single_replica_context_batch(replica_batches, processor_name=type(self).__name__)
        return self.pad([context.tokens.active for context in batch])

    def pad(self, sequences: Sequence[npt.NDArray[np.integer]]) -> DistilBertInputs:
        """Returns the graph inputs for token id sequences of any lengths, each at least 1."""
        from distilbert_sentiment_arch.model import DistilBertInputs

        lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
        input_ids = np.full(
            (len(sequences), int(lengths.max())), self._pad_token_id(), dtype=np.int64
        )
        for row, sequence in zip(input_ids, sequences, strict=True):
            row[: len(sequence)] = sequence
        device = self.runtime.devices[0]
        return DistilBertInputs(
            input_ids=Buffer.from_numpy(input_ids).to(device),
            lengths=Buffer.from_numpy(lengths).to(device),
        )
