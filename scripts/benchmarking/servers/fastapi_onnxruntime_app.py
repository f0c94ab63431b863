"""The application of ``fastapi_onnxruntime.py``."""

from __future__ import annotations

from scripts.benchmarking.servers.batched_texts import BatchedTexts
from scripts.benchmarking.servers.dynamic_batching_app import application

app = application(BatchedTexts)
