"""vLLM's build for CPUs, https://docs.vllm.ai/en/latest/getting_started/installation/cpu/.

It has no own implementation of DistilBERT and uses that of transformers. Version 0.32 refuses it
("Layer 0 does not dispatch through the Transformers attention interface"), so the report says that
vLLM is not available; this module shows when that changes.
"""

from __future__ import annotations

from scripts.benchmarking.servers.server import Launch, Server

ENVIRONMENT = "vllm"


def make(launch: Launch) -> Server:
    """Returns one vLLM server for classification in float32."""
    arguments = ["--model", str(launch.checkpoint), "--runner", "pooling", "--dtype", "float32"]
    # On a CPU this is the share of memory reserved for a key-value cache, which an encoder lacks.
    arguments += ["--served-model-name", "model", "--gpu-memory-utilization", "0.2"]
    arguments += ["--host", "127.0.0.1", "--port", str(launch.port)]
    return Server(
        command=[str(launch.python), "-m", "vllm.entrypoints.openai.api_server", *arguments],
        path="/classify",
        body=lambda texts: {"model": "model", "input": list(texts)},
        labels=lambda answer: [datum["label"] for datum in answer["data"]],
        environment={"VLLM_CPU_OMP_THREADS_BIND": "auto", "DO_NOT_TRACK": "1"},
        settings={"arguments": " ".join(arguments[2:-4])},
    )
