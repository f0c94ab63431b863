"""Logits of Hugging Face transformers in float64, of tokens and one sequence at a time.

    python -m scripts.benchmarking.transformers_logits CHECKPOINT <SEQUENCES.json

It reads a JSON list of lists of token ids and prints a JSON list of lists of logits. It runs in the
environment ``torch`` and imports nothing of the product.
"""

from __future__ import annotations

import json
import sys


def main(checkpoint: str) -> None:
    """Prints the logits of the sequences on standard input."""
    import torch
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(
        checkpoint, dtype=torch.float64, attn_implementation="eager"
    ).eval()
    with torch.no_grad():
        rows = [
            model(input_ids=torch.tensor([ids])).logits[0].tolist() for ids in json.load(sys.stdin)
        ]
    print(json.dumps(rows))


if __name__ == "__main__":
    main(sys.argv[1])
