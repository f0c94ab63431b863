"""SHAP and Captum on the model of Hugging Face transformers; run by ``WorkerProcess``.

Both are used as their documentation begins: ``shap.Explainer`` of the pipeline with its defaults,
and layer integrated gradients of the label's logit at the word embeddings, 50 steps from padding
tokens. Attributions are of tokens, with the positions of each in the text.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from scripts.benchmarking.worker import serve
from scripts.explaining.timing import nanoseconds_of

ENVIRONMENT = "explain"

SHAP, CAPTUM = "SHAP", "Captum integrated gradients"

TokenValue = tuple[int, int, float]
"""Start and end of a token in the text, and its attribution."""


class ReferenceWorker:
    """Answers requests for explanations with either package."""

    def load(self, checkpoint: str, threads: int) -> dict[str, str]:
        """Loads the checkpoint in float32, bound to as many cores as there are threads.

        Returns:
            The versions of the packages.
        """
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
        import captum
        import shap
        import torch
        import transformers
        from captum.attr import LayerIntegratedGradients
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        torch.set_num_threads(threads)
        self._tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        self._model = AutoModelForSequenceClassification.from_pretrained(
            checkpoint, dtype=torch.float32
        ).eval()
        pipeline = transformers.pipeline(
            "text-classification", model=self._model, tokenizer=self._tokenizer, top_k=None
        )
        self._shap = shap.Explainer(pipeline)
        self._gradients = LayerIntegratedGradients(
            lambda ids, mask: self._model(input_ids=ids, attention_mask=mask).logits,
            self._model.get_input_embeddings(),
        )
        return {
            "shap": shap.__version__,
            "captum": captum.__version__,
            "transformers": transformers.__version__,
            "torch": torch.__version__,
        }

    def explain(
        self, method: str, texts: Sequence[str], labels: Sequence[str]
    ) -> list[list[TokenValue]]:
        """Returns the attributions of each text's tokens to a label, special tokens left out."""
        explain = self._explainer(method)
        return [explain(text, label) for text, label in zip(texts, labels, strict=True)]

    def time(
        self, method: str, texts: Sequence[str], label: str, seconds: float, least: int
    ) -> list[int]:
        """Returns the nanoseconds of explanations, one text after the other."""
        explain = self._explainer(method)
        return nanoseconds_of(lambda text: explain(text, label), texts, seconds, least)

    def _explainer(self, method: str) -> Callable[[str, str], list[TokenValue]]:
        return {SHAP: self._shapley, CAPTUM: self._integrated_gradients}[method]

    def _shapley(self, text: str, label: str) -> list[TokenValue]:
        found = self._shap([text], silent=True)
        column = list(found.output_names).index(label)
        return self._with_positions(text, found.values[0][:, column])

    def _integrated_gradients(self, text: str, label: str) -> list[TokenValue]:
        import torch

        encoded = self._tokenizer(text, return_tensors="pt", return_special_tokens_mask=True)
        ids = encoded["input_ids"]
        special = encoded["special_tokens_mask"].bool()
        padding = torch.full_like(ids, self._tokenizer.pad_token_id)
        found = self._gradients.attribute(
            ids,
            baselines=torch.where(special, ids, padding),
            target=self._model.config.label2id[label],
            additional_forward_args=(encoded["attention_mask"],),
        )
        return self._with_positions(text, found[0].sum(-1).detach().numpy())

    def _with_positions(self, text: str, values: Any) -> list[TokenValue]:
        spans = self._tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
        return [
            (start, end, float(value))
            for (start, end), value in zip(spans, values, strict=True)
            if end > start
        ]


if __name__ == "__main__":
    serve(ReferenceWorker)
