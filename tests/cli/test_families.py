"""`max-sentiment families`."""

from __future__ import annotations

import json

import pytest
from commands import run_python

from distilbert_sentiment_arch.cli.main import main
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.settings.precision import PRECISIONS


def test_json_has_every_family_with_what_a_caller_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["families", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    found = {each["architecture"]: each for each in listed["families"]}
    assert list(found) == list(FAMILIES)
    for architecture, each in found.items():
        assert each["model_type"] == FAMILIES[architecture].model_type
        assert each["head"]
        assert "float32" in each["precisions"]
        assert set(each["precisions"]) <= set(PRECISIONS)
        # A hub id has an owner and a name.
        assert each["examples"]
        assert all(len(name.split("/")) == 2 for name in each["examples"])
    assert set(listed["tokenizers"]) == {"WordPiece", "byte-level BPE", "Unigram"}


def test_text_names_every_family_and_its_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["families"]) == 0
    text = capsys.readouterr().out
    for family in FAMILIES.values():
        assert f"{family.architecture}  (model_type {family.model_type})\n" in text
        assert all(f"  {name}\n" in text for name in family.examples)
    assert max(map(len, text.splitlines())) <= 100


def test_it_imports_neither_max_nor_what_only_a_server_needs() -> None:
    shown = run_python(
        "-c",
        "import sys\n"
        "from distilbert_sentiment_arch.cli.main import main\n"
        "main(['families'])\n"
        "print(sorted({'max', 'numpy', 'transformers', 'tokenizers'} & set(sys.modules)))",
    )
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.splitlines()[-1] == "[]"
