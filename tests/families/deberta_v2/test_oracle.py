"""The oracle, written apart from the product, has Hugging Face's logits itself."""

from __future__ import annotations

import numpy as np
import pytest
from family_references import CASES, reference

from scripts import checkpoints
from scripts.oracle import deberta_v2 as oracle


@pytest.mark.parametrize(
    "name", [name for name, case in CASES.items() if case.architecture == checkpoints.DEBERTA_V2]
)
def test_the_oracle_has_hugging_face_s_logits(name: str) -> None:
    config = CASES[name].config
    tensors = checkpoints.random_tensors(config)
    wide = {each: tensor.astype(np.float64) for each, tensor in tensors.items()}
    for each in reference(name):
        found = oracle.logits(wide, config, each["ids"], each["token_types"])
        np.testing.assert_allclose(found, each["logits"], atol=1e-5)
