"""MAX contexts of one pass to the inputs of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from max.driver import Buffer
from max.pipelines.context import TextContext
from max.pipelines.lib.interfaces.batch_processor import (
    PaddedEncoderBatchProcessor,
    single_replica_context_batch,
)

from distilbert_sentiment_arch.engine.batch_context import decode_batches
from distilbert_sentiment_arch.engine.inputs import EncoderInputs

if TYPE_CHECKING:
    from max.nn.kv_cache import KVCacheInputs


class PackedEncoderBatchProcessor(PaddedEncoderBatchProcessor[EncoderInputs]):
    """Packs the sequences of all contexts one behind the other.

    The base class pads, and reads the padding off the token ids, so that a "[PAD]" in the input
    would be masked.
    """

    def prepare_initial_token_inputs(
        self,
        replica_batches: Sequence[Sequence[TextContext]],
        kv_cache_inputs: KVCacheInputs[Buffer, Buffer] | None = None,
        return_n_logits: int = 1,
    ) -> EncoderInputs:
        """Returns the packed batch; the encoder has neither cache nor next tokens."""
        del kv_cache_inputs, return_n_logits
        contexts = single_replica_context_batch(replica_batches, processor_name=type(self).__name__)
        return decode_batches(contexts, self._pad_token_id())
