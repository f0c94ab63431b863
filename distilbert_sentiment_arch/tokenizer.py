"""Text or token ids to what the encoder reads, special tokens included.

Whatever a user types is text: a literal "[PAD]", "[MASK]" or "[SEP]" is split into word pieces like
any other word, where Hugging Face's default would turn it into the special token.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from max.pipelines.context import TextContext
from max.pipelines.context.tokens import TokenBuffer
from max.pipelines.lib import TextTokenizer
from max.pipelines.lib.config import PipelineConfig
from max.pipelines.modeling.types import TextGenerationRequest

from distilbert_sentiment_arch.classification import TextPair
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.truncation import TokenIds


class DistilBertTokenizer(TextTokenizer):
    """WordPiece through the checkpoint's own Rust tokenizer.

    Attributes:
        max_length: Most tokens in one sequence, special tokens included.
    """

    max_length: int

    def __init__(
        self,
        model_path: str,
        pipeline_config: PipelineConfig,
        *,
        revision: str | None = None,
        max_length: int | None = None,
        trust_remote_code: bool = False,
        **unused_kwargs: Any,
    ) -> None:
        super().__init__(
            model_path,
            pipeline_config,
            revision=revision,
            max_length=max_length,
            trust_remote_code=trust_remote_code,
            **unused_kwargs,
        )
        rust = self.delegate.backend_tokenizer
        rust.no_padding()
        rust.no_truncation()
        rust.encode_special_tokens = True
        self._rust = rust

        # Nothing is generated, so nothing ends a generation; MAX warns where the set is empty.
        self._eos_token_ids = {self.delegate.sep_token_id}

    def tokenize(
        self, texts: Sequence[str | TextPair], add_special_tokens: bool = True
    ) -> list[TokenIds]:
        """Tokenizes texts of any length, in parallel and outside the interpreter lock.

        Args:
            texts: Valid Unicode, no lone surrogates.
            add_special_tokens: Put [CLS] before and [SEP] behind each text, and between a pair.

        Returns:
            Token ids of each text, int64 ``(tokens,)``, not truncated.
        """
        items = [
            (text.first, text.second) if isinstance(text, TextPair) else text for text in texts
        ]
        encodings = self._rust.encode_batch_fast(items, add_special_tokens=add_special_tokens)
        return [np.array(encoding.ids, dtype=np.int64) for encoding in encodings]

    def special_tokens(self) -> tuple[int, int]:
        """Returns the ids of [CLS] and [SEP]."""
        return self.delegate.cls_token_id, self.delegate.sep_token_id

    def check_ids(self, ids: Sequence[int]) -> TokenIds:
        """Returns token ids as an array once each is known to have an embedding.

        Raises:
            InputError: No ids, or an id outside the vocabulary. Such an id would end the model
                worker, and with it the server.
        """
        if not len(ids):
            raise InputError("A sequence of token ids is empty. Send at least one id.")
        highest = self.tokenizer_vocab_size - 1
        wrong = next((token for token in (min(ids), max(ids)) if not 0 <= token <= highest), None)
        if wrong is not None:
            raise InputError(f"Token id {wrong} is outside the vocabulary, 0..{highest}.")
        return np.array(ids, dtype=np.int64)

    async def encode(
        self, prompt: str | Sequence[int], add_special_tokens: bool = True
    ) -> TokenIds:
        """Returns the token ids of one text, or the given ids once they are checked.

        Raises:
            InputError: See ``check_ids``.
        """
        if isinstance(prompt, str):
            return self.tokenize([prompt], add_special_tokens)[0]
        return self.check_ids(prompt)

    async def new_context(self, request: TextGenerationRequest) -> TextContext:
        """Returns what travels to the model worker for one sequence."""
        assert request.prompt is not None
        token_ids = await self.encode(request.prompt)
        return TextContext(
            request_id=request.request_id,
            max_length=len(token_ids),
            tokens=TokenBuffer(token_ids),
            model_name=request.model_name,
        )
