"""Writes the logits that Hugging Face transformers gives for the random BERT of the tests.

    ./scripts/benchmarking/fill_environment torch
    PYTHONPATH=.:tests .venv-benchmark/torch/bin/python tests/reference/make_bert_reference.py

One text at a time, float32, eager attention. Special tokens in a text are read as text, as the
server does.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import torch
import transformers
from bert_reference import REFERENCE, TEXTS, write_checkpoint
from transformers import AutoModelForSequenceClassification, AutoTokenizer


def main() -> None:
    """Writes bert.json beside this file."""
    with tempfile.TemporaryDirectory() as directory:
        path = write_checkpoint(Path(directory) / "bert")
        tokenizer = AutoTokenizer.from_pretrained(path, split_special_tokens=True)
        model = AutoModelForSequenceClassification.from_pretrained(
            path, dtype=torch.float32, attn_implementation="eager"
        ).eval()
    answers = []
    for text in TEXTS:
        pair = text if isinstance(text, tuple) else (text,)
        encoded = tokenizer(*pair, return_tensors="pt")
        with torch.no_grad():
            (logits,) = model(**encoded).logits
        answers.append(
            {
                "ids": encoded["input_ids"][0].tolist(),
                "token_types": encoded["token_type_ids"][0].tolist(),
                "logits": logits.tolist(),
            }
        )
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    content = {"made_with": versions, "answers": answers}
    REFERENCE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"{REFERENCE}: {len(answers)} texts")


if __name__ == "__main__":
    main()
