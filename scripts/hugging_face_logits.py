"""Logits of Hugging Face transformers: float32, eager attention, one text at a time.

    .venv-benchmark/torch/bin/python scripts/hugging_face_logits.py CHECKPOINT LIMIT <TEXTS.json

Prints a JSON object: versions, and the number of tokens and the logits of each text.
``scripts/agreement.py`` runs it in a separate environment, because the product's has no PyTorch.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def main(directory: str, limit: int) -> None:
    """Reads a JSON list of texts from standard input and prints their logits.

    Args:
        directory: A checkpoint directory.
        limit: Maximum tokens, special tokens included; longer texts are truncated at the end.
    """
    import torch
    import transformers
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(directory)
    model = AutoModelForSequenceClassification.from_pretrained(
        directory, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    rows: list[dict[str, Any]] = []
    for text in json.load(sys.stdin):
        encoded = tokenizer(text, return_tensors="pt", truncation=True, max_length=limit)
        with torch.no_grad():
            (logits,) = model(**encoded).logits
        rows.append({"tokens": encoded["input_ids"].shape[1], "logits": logits.tolist()})
    versions = {"transformers": transformers.__version__, "torch": torch.__version__}
    print(json.dumps({"made_with": versions, "rows": rows}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
