"""One checkpoint of each family in this process, from texts to Hugging Face's logits.

`max-sentiment classify` loads a model like this. A server of the same checkpoint takes the graph
that is compiled here from the cache.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from family_references import CASES, SERVED, TEXTS, reference

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.classify.interface import ClassifyRequest, TextPair
from distilbert_sentiment_arch.families.registry import FAMILIES

pytestmark = [
    pytest.mark.slow,
    # transformers passes the paths of older files to the library.
    pytest.mark.filterwarnings("ignore:Deprecated in 0.9.0:DeprecationWarning"),
]

INPUTS = [text if isinstance(text, str) else TextPair(*text) for text in TEXTS]


@pytest.mark.parametrize("architecture", SERVED)
def test_texts_and_pairs_have_hugging_face_s_logits(architecture: str, tmp_path: Path) -> None:
    from distilbert_sentiment_arch.engine.in_process import load_classifier

    name = SERVED[architecture]
    checkpoint = replace(CASES[name], architecture=architecture).write(tmp_path / name)
    model = load_classifier(find_checkpoint(str(checkpoint), FAMILIES))
    answers = asyncio.run(model.classify(ClassifyRequest(INPUTS))).classifications
    expected = reference(name)
    assert [each.tokens for each in answers] == [len(each["ids"]) for each in expected]
    np.testing.assert_allclose(
        [each.logits for each in answers],
        [each["logits"] for each in expected],
        atol=1e-4,
        rtol=0,
    )
