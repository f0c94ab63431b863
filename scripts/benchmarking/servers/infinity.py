"""infinity, https://github.com/michaelfeil/infinity, with its PyTorch engine.

Its ONNX engine reads models of optimum's layout only, so a checkpoint goes to PyTorch.
"""

from __future__ import annotations

import json
from pathlib import Path

from scripts.benchmarking.servers.server import Launch, Server

ENVIRONMENT = "infinity"


def _for_transformers_4(launch: Launch) -> Path:
    """Returns the checkpoint with a tokenizer configuration that older transformers understand.

    The files of newer versions name neither the inputs nor a class that version 4 knows.
    """
    directory = launch.cache / "transformers-4"
    directory.mkdir(exist_ok=True)
    for source in launch.checkpoint.iterdir():
        target = directory / source.name
        if source.name != "tokenizer_config.json" and not target.exists():
            target.symlink_to(source)
    settings = {
        "do_lower_case": True,
        "model_input_names": ["input_ids", "attention_mask"],
        "model_max_length": 512,
        "tokenizer_class": "DistilBertTokenizerFast",
    }
    (directory / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return directory


def make(launch: Launch) -> Server:
    """Returns one replica in float32, batches of 32 as for the others."""
    arguments = ["--model-id", str(_for_transformers_4(launch)), "--served-model-name", "model"]
    arguments += ["--engine", "torch", "--device", "cpu", "--dtype", "float32"]
    arguments += ["--batch-size", "32", "--no-bettertransformer", "--url-prefix", ""]
    arguments += ["--host", "127.0.0.1", "--port", str(launch.port), "--log-level", "warning"]
    return Server(
        command=[str(launch.python.with_name("infinity_emb")), "v2", *arguments],
        path="/classify",
        body=lambda texts: {"model": "model", "input": list(texts)},
        labels=lambda answer: [
            max(scores, key=lambda each: each["score"])["label"] for scores in answer["data"]
        ],
        environment={"OMP_NUM_THREADS": str(launch.threads), "DO_NOT_TRACK": "1"},
        settings={"arguments": " ".join(arguments[4:-6])},
    )
