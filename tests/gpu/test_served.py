"""A server on an accelerator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from server_process import running_server

from distilbert_sentiment_arch.machine.accelerators import Accelerator

if TYPE_CHECKING:
    from gpu.conftest import Load

pytestmark = [pytest.mark.gpu, pytest.mark.slow]

TEXTS = ["I love it.", "What a bore.", "Not bad at all.", "word " * 400]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_requests_are_answered_as_in_process(
    accelerator: Accelerator, load: Load, precision: str, tmp_path: Path
) -> None:
    flags = ("--devices", accelerator.name, "--precision", precision)
    with running_server(tmp_path, *flags) as server:
        body = {"input": TEXTS * 20}
        answers = server.client.post("/classify", json=body).json()["data"]
        found = [each["probs"] for each in answers]
        log = server.log.read_text()
    assert f"computing in {precision}" in log
    model = load(precision=precision)
    logits = model.logits(model.tokenizer.tokenize(TEXTS))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, np.tile(shares, (20, 1)), atol=0.01)
