"""Writes the logits that Hugging Face transformers gives for texts.txt with the embedded model.

    .venv/bin/python tests/reference/make_reference.py

One text at a time, float32, eager attention: nothing is padded and nothing is fused.
"""

from __future__ import annotations

import json
from pathlib import Path

from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY
from scripts.agreement import hugging_face_logits

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Writes hugging_face.json beside this file."""
    texts = (HERE / "texts.txt").read_text(encoding="utf-8").splitlines()
    reference = hugging_face_logits(DEFAULT_DIRECTORY, texts, 512)
    rows = zip(texts, reference["rows"], strict=True)
    answers = [{"text": text, **row} for text, row in rows]
    content = {"made_with": reference["made_with"], "answers": answers}
    path = HERE / "hugging_face.json"
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{path}: {len(answers)} texts, at most {max(a['tokens'] for a in answers)} tokens")


if __name__ == "__main__":
    main()
