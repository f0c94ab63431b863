"""Contexts of one pass to the inputs of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from max.driver import Buffer
from max.pipelines.context import TextContext
from max.pipelines.lib.interfaces.batch_processor import (
    PaddedEncoderBatchProcessor,
    single_replica_context_batch,
)

from distilbert_sentiment_arch.batch_context import sequences_of

if TYPE_CHECKING:
    from max.nn.kv_cache import KVCacheInputs

    from distilbert_sentiment_arch.model import DistilBertInputs


class DistilBertBatchProcessor(PaddedEncoderBatchProcessor["DistilBertInputs"]):
    """Packs the sequences of all contexts one behind the other.

    The base class pads, and reads the padding off the token ids, so that a "[PAD]" in the input
    would be masked.
    """

    def prepare_initial_token_inputs(
        self,
        replica_batches: Sequence[Sequence[TextContext]],
        kv_cache_inputs: KVCacheInputs[Buffer, Buffer] | None = None,
        return_n_logits: int = 1,
    ) -> DistilBertInputs:
        """Returns the packed batch; the encoder has neither cache nor next tokens."""
        del kv_cache_inputs, return_n_logits
        contexts = single_replica_context_batch(replica_batches, processor_name=type(self).__name__)
        from distilbert_sentiment_arch.model import DistilBertInputs

        batches = [sequences_of(context) for context in contexts]
        sequences = [ids for batch in batches for ids in batch]
        return DistilBertInputs(
            input_ids=np.concatenate(sequences).astype(np.int64, copy=False),
            starts=np.cumsum([0, *map(len, sequences)], dtype=np.int64),
            pad_token_id=self._pad_token_id(),
            counts=[len(batch) for batch in batches],
        )
