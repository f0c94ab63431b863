"""Logits of an accelerator, against Hugging Face's and the CPU's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from commands import ROOT
from family_references import CASES, reference

from distilbert_sentiment_arch.classify.token_sequence import TokenSequence

if TYPE_CHECKING:
    from gpu.conftest import Load

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.slow,
    # transformers reads older files of these checkpoints in deprecated ways.
    pytest.mark.filterwarnings("ignore:Deprecated in 0.9.0:DeprecationWarning"),
]

FLOAT32 = 1e-3
"""Largest difference of a logit in float32; docs/accelerators.md says what it comes from."""

BFLOAT16 = 0.05
"""Largest mean difference in bfloat16, as a share of the spread: that of the self-check."""


def sequences_of(answers: Sequence[dict]) -> list[TokenSequence]:
    found = []
    for answer in answers:
        ids, types = np.array(answer["ids"]), answer.get("token_types") or []
        found.append(TokenSequence(ids, types.index(1) if 1 in types else len(ids)))
    return found


@pytest.mark.parametrize("name", CASES)
def test_every_family_has_hugging_face_s_logits(load: Load, name: str, tmp_path: Path) -> None:
    model = load(CASES[name].write(tmp_path / name))
    answers = reference(name)
    expected = [each["logits"] for each in answers]
    np.testing.assert_allclose(model.logits(sequences_of(answers)), expected, atol=FLOAT32, rtol=0)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_embedded_checkpoint(load: Load, precision: str) -> None:
    file = ROOT / "tests" / "reference" / "hugging_face.json"
    answers = json.loads(file.read_text(encoding="utf-8"))["answers"]
    model = load(precision=precision)
    assert model.precision.precision == precision
    expected = np.array([each["logits"] for each in answers])
    logits = model.logits(model.tokenizer.tokenize([each["text"] for each in answers]))
    difference = np.abs(logits - expected)
    if precision == "float32":
        assert difference.max() < FLOAT32
        assert (logits.argmax(axis=1) == expected.argmax(axis=1)).all()
    else:
        assert difference.mean() < BFLOAT16 * expected.std(axis=0).mean()
        assert (logits.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.99
