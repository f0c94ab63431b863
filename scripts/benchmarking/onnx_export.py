"""Exports a checkpoint as an ONNX model with ``torch.onnx``, from transformers' own model.

    python -m scripts.benchmarking.onnx_export CHECKPOINT FILE

It runs in the environment ``torch`` and imports nothing of the product. The exporter by tracing is
taken; the newer one needs onnxscript, too. That a traced value is no constant is not checked here:
whatever an engine answers with the file is compared with the reference at every workload.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

OPSET = 17
"""As ``onnx_model`` writes."""

TRACED = (2, 300)
"""Batch and sequence of the trace: longer than the near distances of DeBERTa and ModernBERT."""


def export(checkpoint: str, path: Path) -> None:
    """Writes the float32 model of a checkpoint.

    Args:
        checkpoint: A directory or a hub id.
        path: The file to write.
    """
    import torch
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(
        checkpoint, dtype=torch.float32, attn_implementation="eager"
    )

    class Logits(torch.nn.Module):  # type: ignore[misc, unused-ignore]  # torch may be missing
        """The model with two inputs and one output, by position."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.model(input_ids=input_ids, attention_mask=attention_mask).logits

    ids = torch.full(TRACED, 5)
    mask = torch.ones(TRACED, dtype=torch.int64)
    mask[-1, TRACED[1] // 2 :] = 0
    rows_and_tokens = {0: "batch", 1: "sequence"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # each branch that the tracing takes warns
        torch.onnx.export(
            Logits().eval(),
            (ids, mask),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_axes={
                "input_ids": rows_and_tokens,
                "attention_mask": rows_and_tokens,
                "logits": {0: "batch"},
            },
            opset_version=OPSET,
            dynamo=False,
        )


if __name__ == "__main__":
    export(sys.argv[1], Path(sys.argv[2]))
