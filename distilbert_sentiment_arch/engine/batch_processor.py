"""Contexts of one pass to the inputs of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from max.driver import Buffer
from max.pipelines.context import TextContext
from max.pipelines.lib.interfaces.batch_processor import (
    PaddedEncoderBatchProcessor,
    single_replica_context_batch,
)

from distilbert_sentiment_arch.engine.batch_context import packed_of

if TYPE_CHECKING:
    from max.nn.kv_cache import KVCacheInputs

    from distilbert_sentiment_arch.engine.model import DistilBertInputs


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
        from distilbert_sentiment_arch.engine.model import DistilBertInputs

        input_ids, starts, counts = packed_of(contexts)
        return DistilBertInputs(
            input_ids=input_ids,
            starts=starts,
            pad_token_id=self._pad_token_id(),
            counts=counts,
        )
