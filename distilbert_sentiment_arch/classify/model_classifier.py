"""Classification by a model: prepare, batch, and read the logits."""

from __future__ import annotations

import time
from collections.abc import Sequence

from distilbert_sentiment_arch.classify.batching import Batcher, Logits
from distilbert_sentiment_arch.classify.interface import (
    Answers,
    Classification,
    ClassifyRequest,
    Route,
)
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.classify.preparation import (
    Preparation,
    Prepared,
    SequenceTokenizer,
)
from distilbert_sentiment_arch.worker_threads import in_thread

QUICKLY_TOKENIZED = 2048
"""Most characters that are tokenized on the event loop, which takes about a millisecond: handing a
short text to a thread would take longer."""
CHARACTERS_PER_TOKEN = 4
"""Average of English text, in any kind of tokenizer."""


class ModelClassifier:
    """A served checkpoint.

    Args:
        name: What clients call the model.
        tokenizer: The checkpoint's tokenizer.
        labels: The labels of its head.
        max_length: Most tokens it reads at once, special tokens included.
        batcher: Runs sequences through the compiled model.
        max_request_tokens: See ``Preparation``.
    """

    route: Route = "model"

    def __init__(
        self,
        name: str,
        tokenizer: SequenceTokenizer,
        labels: LabelSet,
        max_length: int,
        batcher: Batcher,
        max_request_tokens: int | None = None,
    ) -> None:
        self.name = name
        self.labels = labels
        self.max_length = max_length
        self.tokenizer = tokenizer
        self._batcher = batcher
        self._preparation = Preparation(tokenizer, max_length, max_request_tokens)

    async def classify(self, request: ClassifyRequest) -> Answers:
        """Answers every input, in order.

        Raises:
            InputError: An input that cannot be classified; nothing has been computed.
            TooManyTokensInRequest: Over the limit on one request.
            Unavailable: The model cannot answer now.
        """
        start = time.perf_counter()
        size = sum(map(len, request.inputs))
        with self._batcher.reserve(size // CHARACTERS_PER_TOKEN, background=request.background):
            if size <= QUICKLY_TOKENIZED:
                prepared = self._preparation.request(request)
            else:
                # Not on the event loop: a megabyte takes a while.
                prepared = await in_thread(size, self._preparation.request, request)
        sequences = [window.sequence for each in prepared for window in each.windows]
        tokenized = time.perf_counter()
        inference = await self._batcher.infer(sequences, background=request.background)
        return Answers(
            self._classifications(prepared, inference.logits),
            self.name,
            self.route,
            {
                "tokenize": (tokenized - start) * 1000,
                "queue": inference.queue_ms,
                "compute": inference.compute_ms,
            },
            inference.batch_sizes,
        )

    def _classifications(
        self, prepared: Sequence[Prepared], logits: Logits
    ) -> list[Classification]:
        answers = []
        row = 0
        for each in prepared:
            count = len(each.windows)
            answers.append(each.answer(self.labels, logits[row : row + count]))
            row += count
        return answers
