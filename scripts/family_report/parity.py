"""Parity of each family with Hugging Face transformers, over the cases of the tests.

The logits of transformers are on file (``tests/reference/families``), so PyTorch is not needed.
"""

from __future__ import annotations

import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from scripts.benchmarking.paths import ROOT
from scripts.family_report.figures import Parity


def measure_parity() -> dict[str, Parity]:
    """Compiles every case in both graphs and returns the largest difference, by architecture."""
    # The cases and what compiles them together belong to the tests.
    sys.path.insert(0, str(ROOT / "tests"))
    references = import_module("family_references")
    cases = references.CASES
    answers = {name: references.reference(name) for name in cases}
    kernels = _differences(cases, answers, packed=True)
    operations = _differences(cases, answers, packed=False)
    found = {}
    for architecture in dict.fromkeys(case.architecture for case in cases.values()):
        names = [name for name, case in cases.items() if case.architecture == architecture]
        found[architecture] = Parity(
            cases=len(names),
            texts=len(references.TEXTS),
            kernels=max(kernels[name] for name in names),
            operations=max(operations[name] for name in names),
        )
    return found


def _differences(cases: Any, answers: dict[str, Any], *, packed: bool) -> dict[str, float]:
    from distilbert_sentiment_arch.classify.token_sequence import TokenSequence

    compiling = import_module("graphs")
    with tempfile.TemporaryDirectory() as directory:
        encoders = [
            compiling.read_checkpoint(case.write(Path(directory) / name))
            for name, case in cases.items()
        ]
        graphs = compiling.compile_together(encoders, packed=packed)
    found = {}
    for name, graph in zip(cases, graphs, strict=True):
        sequences = [
            TokenSequence(np.array(each["ids"]), each["token_types"].count(0))
            for each in answers[name]
        ]
        expected = np.array([each["logits"] for each in answers[name]])
        found[name] = float(np.abs(graph(sequences) - expected).max())
    return found
