"""Writes the logits that Hugging Face transformers gives for texts.txt with the embedded model.

    uv run --no-project --with-requirements scripts/reference.txt tests/reference/make_reference.py

One text at a time, float32, eager attention: nothing is padded and nothing is fused.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForSequenceClassification, AutoTokenizer

HERE = Path(__file__).resolve().parent
MODEL = HERE.parent.parent / "distilbert_sentiment_arch" / "default_model"


def main() -> None:
    """Writes hugging_face.json beside this file."""
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    model = AutoModelForSequenceClassification.from_pretrained(
        MODEL, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    answers = []
    for text in (HERE / "texts.txt").read_text(encoding="utf-8").splitlines():
        encoded = tokenizer(text, return_tensors="pt")
        with torch.no_grad():
            (logits,) = model(**encoded).logits
        answers.append(
            {"text": text, "tokens": encoded["input_ids"].shape[1], "logits": logits.tolist()}
        )
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    content = {"made_with": versions, "answers": answers}
    path = HERE / "hugging_face.json"
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{path}: {len(answers)} texts, at most {max(a['tokens'] for a in answers)} tokens")


if __name__ == "__main__":
    main()
