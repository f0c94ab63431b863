"""Tokenizer of a checkpoint: texts to token sequences, special tokens included.

Whatever a user types is text: a literal "[PAD]", "<mask>" or "</s>" is split like any other word,
where Hugging Face's default would turn it into the special token.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from max.pipelines.context import TextContext
from max.pipelines.lib import TextTokenizer
from max.pipelines.lib.config import PipelineConfig
from max.pipelines.modeling.types import TextGenerationRequest

from distilbert_sentiment_arch.checkpoint.family import Family
from distilbert_sentiment_arch.checkpoint.files import is_present
from distilbert_sentiment_arch.checkpoint.tokenizer_probe import (
    REMEDY,
    call_checked,
    check_encodings,
)
from distilbert_sentiment_arch.classify.interface import TextPair
from distilbert_sentiment_arch.classify.token_sequence import (
    SpecialTokens,
    TokenIds,
    TokenSequence,
    single_segment,
)
from distilbert_sentiment_arch.engine.batch_context import encode_batch
from distilbert_sentiment_arch.engine.model_config import served_config
from distilbert_sentiment_arch.engine.sentencepiece_messages import make_importable
from distilbert_sentiment_arch.engine.special_pieces import keep_from_texts
from distilbert_sentiment_arch.engine.text_pieces import Cutter
from distilbert_sentiment_arch.errors import (
    InputError,
    TooManyTokensInRequest,
    VocabularyError,
)

SHORT = 256
"""Most characters of a single text that is tokenized in this thread: handing it to the tokenizer's
own threads takes as long."""


def _groups(texts: Sequence[str | TextPair], most: int) -> Iterator[Sequence[str | TextPair]]:
    """Yields neighbours that come to at most so many characters; a longer one is alone."""
    group: list[str | TextPair] = []
    size = 0
    for text in texts:
        if group and size + len(text) > most:
            yield group
            group, size = [], 0
        group.append(text)
        size += len(text)
    if group:
        yield group


def _checked_tokenizer(delegate: Any, rows: int, source: str) -> tuple[Any, SpecialTokens]:
    """Returns the Rust tokenizer that transformers built, if it is one for the model.

    Returns:
        The tokenizer, and the special tokens that it puts around texts.

    Raises:
        VocabularyError: It is a tokenizer in Python, knows tokens without an embedding, or see
            ``check_encodings``.
    """
    rust = getattr(delegate, "backend_tokenizer", None)
    if rust is None or len(delegate) > rows:
        raise VocabularyError(
            f"{source}: the tokenizer, a {type(delegate).__name__}, knows {len(delegate)} tokens "
            f"and the embedding has {rows} rows. {REMEDY}"
        )
    rust.no_padding()
    rust.no_truncation()
    cls, sep = delegate.cls_token_id, delegate.sep_token_id
    unk = None if delegate.unk_token is None else delegate.unk_token_id
    check_encodings(rust, cls, sep, unk, rows, source)
    pair = rust.encode("", "")
    return rust, SpecialTokens(cls, sep, between=len(pair) - 2, typed=any(pair.type_ids))


class EncoderTokenizer(TextTokenizer):
    """The checkpoint's own Rust tokenizer; a subclass says which family it is of.

    Attributes:
        family: The family.
        max_length: Most tokens in one sequence, special tokens included.
    """

    family: ClassVar[Family]

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
        if not is_present(Path(model_path) / "tokenizer.json"):
            make_importable()
        self._rows = served_config(pipeline_config.model, self.family).encoder.vocab_size
        call_checked(
            model_path,
            partial(
                super().__init__,
                model_path,
                pipeline_config,
                revision=revision,
                max_length=max_length,
                trust_remote_code=trust_remote_code,
                **unused_kwargs,
            ),
        )
        self._rust, self._special = _checked_tokenizer(self.delegate, self._rows, model_path)
        self._rust.encode_special_tokens = True
        keep_from_texts(self._rust)
        self._cutter = Cutter(self._rust)

        # Nothing is generated, so nothing ends a generation; MAX warns where the set is empty.
        self._eos_token_ids = {self.delegate.sep_token_id}

    def tokenize(
        self,
        texts: Sequence[str | TextPair],
        add_special_tokens: bool = True,
        max_tokens: int | None = None,
    ) -> list[TokenSequence]:
        """Tokenizes texts of any length, in parallel and outside the interpreter lock.

        Args:
            texts: Valid Unicode, no lone surrogates.
            add_special_tokens: Put the special tokens around each text, and between a pair.
            max_tokens: Give up beyond so many tokens in all; None for no limit.

        Returns:
            The tokens of each text, not truncated.

        Raises:
            TooManyTokensInRequest: There are more than ``max_tokens``.
        """
        found: list[TokenSequence] = []
        left = float("inf") if max_tokens is None else max_tokens
        for group in _groups(texts, self._cutter.size):
            if len(group) == 1 and len(group[0]) > self._cutter.size:
                tokenized = [self._tokenize_long(group[0], add_special_tokens, left)]
            else:
                tokenized = self._encode(group, add_special_tokens)
            found += tokenized
            left -= sum(map(len, tokenized))
            if left < 0:
                raise TooManyTokensInRequest(int(left + sum(map(len, found))))
        return found

    def _encode(
        self, texts: Sequence[str | TextPair], add_special_tokens: bool
    ) -> list[TokenSequence]:
        items = [
            (text.first, text.second) if isinstance(text, TextPair) else text for text in texts
        ]
        single = len(items) == 1 and isinstance(items[0], str) and len(items[0]) <= SHORT
        try:
            if single:
                encodings = [self._rust.encode(items[0], add_special_tokens=add_special_tokens)]
            else:
                encodings = self._rust.encode_batch_fast(
                    items, add_special_tokens=add_special_tokens
                )
        except BaseException as error:
            # A panic of the library is no Exception, and would end the thread that asked.
            if type(error).__name__ != "PanicException":
                raise
            raise InputError(f"The tokenizer cannot read this input ({error}).") from None
        return [
            TokenSequence(
                np.array(encoding.ids, dtype=np.int64),
                len(encoding) - (sum(encoding.type_ids) if isinstance(text, TextPair) else 0),
            )
            for text, encoding in zip(texts, encodings, strict=True)
        ]

    def _tokenize_long(
        self, text: str | TextPair, add_special_tokens: bool, left: float
    ) -> TokenSequence:
        """Tokenizes a long text in pieces: an encoding takes 360 bytes a token, an id eight."""
        special = self._special
        limit = left
        parts = [text] if isinstance(text, str) else [text.first, text.second]
        found: list[Sequence[int] | TokenIds] = [[special.first] if add_special_tokens else []]
        first_segment = 0
        for number, part in enumerate(parts, start=1):
            for piece in self._cutter.pieces(part):
                self._check_whole(piece, left, limit)
                (tokenized,) = self._encode([piece], add_special_tokens=False)
                found.append(tokenized.ids)
                left -= len(tokenized)
                if left < 0:
                    raise TooManyTokensInRequest(int(limit))
            if add_special_tokens:
                found.append([special.last] * (1 if number == len(parts) else special.between))
            if number == 1 or not special.typed:
                first_segment = sum(map(len, found))
        ids = np.concatenate([np.array(each, dtype=np.int64) for each in found])
        return TokenSequence(ids, first_segment)

    def _check_whole(self, piece: str, left: float, limit: float) -> None:
        """Refuses a long piece of far too many tokens, before all of them are in memory at once.

        Cut anywhere, it has about as many; twice the limit is beyond doubt.
        """
        if not self._cutter.may_overflow(piece) or left == float("inf"):
            return
        size = self._cutter.size
        count = 0
        for start in range(0, len(piece), size):
            (tokenized,) = self._encode([piece[start : start + size]], add_special_tokens=False)
            count += len(tokenized)
            if count > 2 * left:
                raise TooManyTokensInRequest(int(limit))

    def special_tokens(self) -> SpecialTokens:
        """Returns those that are put around texts."""
        return self._special

    def check_ids(self, ids: Sequence[int]) -> TokenIds:
        """Returns token ids as an array once each is known to have an embedding.

        Raises:
            InputError: No ids, or an id outside the vocabulary. Such an id would end the model
                worker, and with it the server.
        """
        if not len(ids):
            raise InputError("A sequence of token ids is empty. Send at least one id.")
        highest = self._rows - 1
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
            return self.tokenize([prompt], add_special_tokens)[0].ids
        return self.check_ids(prompt)

    async def new_context(self, request: TextGenerationRequest) -> TextContext:
        """Returns what travels to the model worker for one sequence."""
        assert request.prompt is not None
        token_ids = await self.encode(request.prompt)
        sequence = single_segment(token_ids)
        return encode_batch([sequence], request.request_id, request.model_name)
