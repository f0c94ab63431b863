"""The agreement command: input files, the comparison with Hugging Face, and the whole command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from commands import ROOT, run

from distilbert_sentiment_arch.classify.interface import TRUNCATION_MODES
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY
from scripts.agreement import TEXTS, agreement, read_data


def test_labels_are_read_if_every_line_has_one(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "good", "label": 1}\n{"text": "bad", "label": 0}\n')
    data = read_data(path)
    assert (data.texts, data.labels) == (["good", "bad"], [1, 0])
    path.write_text('{"text": "good", "label": 1}\n{"text": "bad"}\n')
    assert read_data(path).labels is None


def test_any_other_file_has_one_text_per_line() -> None:
    data = read_data(TEXTS)
    assert len(data.texts) == 200
    assert data.labels is None


@pytest.mark.parametrize("line", ["good", "[]", '{"label": 1}', '"text"'])
def test_a_line_that_is_no_text_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(f'{{"text": "good"}}\n{line}\n')
    with pytest.raises(InputError, match=r"data\.jsonl, line 2"):
        read_data(path)


@pytest.mark.parametrize(
    ("problem_type", "same"),
    [("single_label_classification", 2), ("multi_label_classification", 1), ("regression", 1)],
)
def test_agreement_depends_on_the_kind_of_classification_head(problem_type: str, same: int) -> None:
    ours = np.array([[1.0, -2.0], [1.0, 0.5], [1.0, 2.0]])
    theirs = np.array([[1.0, -2.0], [1.0, -0.5], [2.0, 1.0]])
    if problem_type == "multi_label_classification":
        theirs[2] = [-1.0, 2.0]
    labels = LabelSet(("a", "b"), problem_type)  # type: ignore[arg-type]
    assert agreement(ours, theirs, labels) == same


def test_a_missing_model_is_reported_in_one_line(tmp_path: Path) -> None:
    ended = run(ROOT / "scripts" / "agreement", "--model", tmp_path / "none")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("agreement: ")
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
@pytest.mark.skipif(
    not (ROOT / ".venv-benchmark" / "torch" / ".filled-from").exists(),
    reason="PyTorch is not installed here: ./scripts/benchmarking/fill_environment torch",
)
def test_one_command_compares_a_checkpoint(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    texts = {"What a wonderful film.": 1, "I want my money back.": 0, "so good " * 400: 1}
    lines = (json.dumps({"text": text, "label": label}) for text, label in texts.items())
    data.write_text("\n".join(lines))
    ended = run(ROOT / "scripts" / "agreement", "--model", DEFAULT_DIRECTORY, data)
    assert ended.returncode == 0, ended.stderr
    first, *accuracy = ended.stdout.splitlines()
    start = "default_model: labels of 3 of 3 texts equal those of transformers 5."
    assert first.startswith(start)
    assert float(first.rpartition(" ")[2]) < 1e-4
    assert accuracy == [f"accuracy, truncation {mode}: 3 of 3, 1.0000" for mode in TRUNCATION_MODES]
