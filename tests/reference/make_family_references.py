"""Writes the logits that Hugging Face transformers gives for the random classifiers of each family.

    ./scripts/benchmarking/fill_environment torch
    export PYTHONPATH=.:tests
    .venv-benchmark/torch/bin/python tests/reference/make_family_references.py [NAME ...]

Without names, all of them. One text at a time, float32, eager attention. Special tokens in a text
are read as text, as the server does and as SentencePiece does; transformers 5 asks the tokenizers
library, which finds them among the pieces of Unigram. A checkpoint that lacks a tensor of Hugging
Face's, or has one more, is an error. Where a model has one token type, all tokens have it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from family_references import CASES, REFERENCE, TEXTS, Case
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from distilbert_sentiment_arch.engine.special_pieces import keep_from_texts


def main() -> None:
    """Writes a file for each case."""
    (REFERENCE / "families").mkdir(exist_ok=True)
    for name in sys.argv[1:] or CASES:
        path = REFERENCE / "families" / f"{name}.json"
        path.write_text(answers(CASES[name]), encoding="utf-8")
        print(f"{path}: {len(TEXTS)} texts")


def answers(case: Case) -> str:
    """Returns what Hugging Face makes of the texts, as JSON, a line each."""
    with tempfile.TemporaryDirectory() as directory:
        checkpoint = case.write(Path(directory) / "checkpoint")
        tokenizer = AutoTokenizer.from_pretrained(checkpoint, split_special_tokens=True)
        keep_from_texts(tokenizer.backend_tokenizer)
        model, loading = AutoModelForSequenceClassification.from_pretrained(
            checkpoint,
            dtype=torch.float32,
            attn_implementation="eager",
            output_loading_info=True,
        )
    wrong = {kind: found for kind, found in loading.items() if found}
    if wrong:
        raise SystemExit(f"{case}: the checkpoint is not what transformers expects: {wrong}")
    model.eval()
    lines = []
    for text in TEXTS:
        encoded = tokenizer(*([text] if isinstance(text, str) else text), return_tensors="pt")
        if getattr(model.config, "type_vocab_size", 0) == 1:
            encoded["token_type_ids"] = torch.zeros_like(encoded["input_ids"])
        with torch.no_grad():
            (logits,) = model(**encoded).logits
        types = encoded.get("token_type_ids", torch.zeros_like(encoded["input_ids"]))
        answer = {
            "ids": encoded["input_ids"][0].tolist(),
            "token_types": types[0].tolist(),
            "logits": [float(f"{number:.7g}") for number in logits.tolist()],
        }
        lines.append(json.dumps(answer, separators=(",", ":")))
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    return f'{{"made_with": {json.dumps(versions)},\n"answers": [\n' + ",\n".join(lines) + "\n]}\n"


if __name__ == "__main__":
    main()
