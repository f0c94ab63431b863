"""A valid request in every dialect."""

from __future__ import annotations

from typing import Any

GOOD: dict[str, tuple[str, Any]] = {
    "vllm": ("/classify", {"input": "A good film."}),
    "openai": ("/v1/embeddings", {"input": "A good film."}),
    "decisions": (
        "/v1/decisions",
        {
            "model": "distilbert-minilm-l6-sst2",
            "input": "A good film.",
            "questions": [{"type": "predicate", "name": "POSITIVE", "instructions": "Is it?"}],
        },
    ),
    "tei": ("/predict", {"inputs": "A good film."}),
    "kserve-v1": ("/v1/models/distilbert-minilm-l6-sst2:predict", {"instances": ["A good film."]}),
    "kserve-v2": (
        "/v2/models/distilbert-minilm-l6-sst2/infer",
        {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["A good film."]}]},
    ),
}
