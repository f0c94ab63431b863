r"""Whether every label equals Hugging Face's, over a JSONL file of {"text", "label"}.

    uv run --no-project --with-requirements scripts/reference.txt \
        scripts/agreement.py reference DATA.jsonl REFERENCE.json
    .venv/bin/python scripts/agreement.py compare DATA.jsonl REFERENCE.json

The first line asks Hugging Face transformers (float32, one text at a time, cut at the model's
limit), the second this package; they share no environment, because nothing here needs torch.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "distilbert_sentiment_arch" / "default_model"


def read(path: Path) -> list[dict[str, Any]]:
    """Returns the lines of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def reference(data: Path, output: Path) -> None:
    """Writes Hugging Face's logits."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    model = AutoModelForSequenceClassification.from_pretrained(MODEL, dtype=torch.float32).eval()
    logits = []
    for each in read(data):
        encoded = tokenizer(each["text"], return_tensors="pt", truncation=True, max_length=512)
        with torch.no_grad():
            logits.append(model(**encoded).logits[0].tolist())
    output.write_text(json.dumps(logits), encoding="utf-8")


def compare(data: Path, path: Path) -> int:
    """Prints agreement and accuracy; 1 where a label differs."""
    import numpy as np

    sys.path.insert(0, str(ROOT))
    from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
    from distilbert_sentiment_arch.classify.interface import (
        TRUNCATION_MODES,
        ClassifyRequest,
        Truncation,
        TruncationMode,
    )
    from distilbert_sentiment_arch.engine.in_process import load_classifier

    lines = read(data)
    texts, labels = [each["text"] for each in lines], [each["label"] for each in lines]
    classifier = load_classifier(find_checkpoint(None))

    def logits(mode: TruncationMode) -> np.ndarray:
        answers = asyncio.run(classifier.classify(ClassifyRequest(texts, Truncation(mode))))
        return np.array([answer.logits for answer in answers.classifications])

    ours = logits("end")
    theirs = np.array(json.loads(path.read_text(encoding="utf-8")))
    same = int((ours.argmax(-1) == theirs.argmax(-1)).sum())
    print(f"labels equal to Hugging Face's: {same} of {len(lines)}")
    print(f"largest difference of a logit: {np.abs(ours - theirs).max():.1e}")
    for mode in TRUNCATION_MODES:
        right = int((logits(mode).argmax(-1) == labels).sum())
        print(f"accuracy, truncation {mode}: {right} of {len(lines)}, {right / len(lines):.4f}")
    return 0 if same == len(lines) else 1


def main() -> int:
    """Runs one of the two steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=("reference", "compare"))
    parser.add_argument("data", type=Path)
    parser.add_argument("reference", type=Path)
    options = parser.parse_args()
    if options.step == "reference":
        reference(options.data, options.reference)
        return 0
    return compare(options.data, options.reference)


if __name__ == "__main__":
    sys.exit(main())
