"""The package: what importing it loads, its versions, and the contents of the wheel."""

from __future__ import annotations

import json
import re
import tomllib
import zipfile
from pathlib import Path

import pytest
from commands import ROOT, run_python

import distilbert_sentiment_arch
from distilbert_sentiment_arch.settings.defaults import VERSION

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def imported_after(statement: str) -> set[str]:
    code = f"import sys, json; {statement}; print(json.dumps(sorted(sys.modules)))"
    ended = run_python("-c", code)
    assert ended.returncode == 0, ended.stderr
    return set(json.loads(ended.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "module",
    [
        "distilbert_sentiment_arch",
        "distilbert_sentiment_arch.cli.main",
        "distilbert_sentiment_arch.checkpoint.inspection",
        "max_sentiment",
        "weight_adapters.distilbert",
    ],
)
def test_importing_does_not_import_max(module: str) -> None:
    modules = imported_after(f"import {module}")
    assert not {"max", "transformers", "torch"} & modules


def test_the_lexicon_server_imports_neither_max_nor_slow_packages() -> None:
    modules = imported_after("import distilbert_sentiment_arch.serving.standalone.server")
    assert not {"max", "numpy", "fastapi", "opentelemetry", "prometheus_client"} & modules


def test_architectures_is_the_list_for_max_and_nothing_imports_torch() -> None:
    statement = "import distilbert_sentiment_arch as p; names = {a.name for a in p.ARCHITECTURES}"
    modules = imported_after(f"{statement}; assert 'DistilBertForSequenceClassification' in names")
    assert "max.pipelines" in modules
    assert "torch" not in modules
    assert "distilbert_sentiment_arch.serving.inside_max.mount" not in modules


def test_no_other_lazy_attribute() -> None:
    with pytest.raises(AttributeError, match="ARCHITECTURE"):
        distilbert_sentiment_arch.ARCHITECTURE  # noqa: B018  the access is the test


def versions_by_name(requirements: list[str]) -> dict[str, str]:
    """Requirement lines as name, extras included, to version range."""
    matches = [re.match(r"([\w-]+(?:\[\w+\])?)([^;]*)", each) for each in requirements]
    return {match[1]: match[2].strip() for match in matches if match}


def test_max_is_pinned_exactly() -> None:
    assert versions_by_name(PYPROJECT["project"]["dependencies"])["max[serve]"] == "==26.7.0"
    lock = (ROOT / "requirements.lock").read_text()
    assert "\nmax==26.7.0 " in f"\n{lock}" or "max[serve]==26.7.0" in lock
    assert "max-shmem-libs==26.7.0" in lock
    assert not re.search(r"^(torch|nvidia)", lock, re.MULTILINE)
    assert "http://" not in lock
    assert "https://" not in lock


def test_changelog_and_readme_name_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{VERSION}]" in changelog


def test_the_wheel_holds_plugin_adapters_and_model(tmp_path: Path) -> None:
    ended = run_python("-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path)
    assert ended.returncode == 0, ended.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in (
        "distilbert_sentiment_arch/default_model/model.safetensors",
        "distilbert_sentiment_arch/default_model/config.json",
        "distilbert_sentiment_arch/default_model/tokenizer.json",
        "distilbert_sentiment_arch/default_model/README.md",
        "distilbert_sentiment_arch/lexicon/word_lists/afinn-111.txt",
        "distilbert_sentiment_arch/lexicon/word_lists/afinn-111.LICENSE.ODbL.txt",
        "distilbert_sentiment_arch/lexicon/scorer.mojo",
        "distilbert_sentiment_arch/kernels/__init__.mojo",
        "distilbert_sentiment_arch/kernels/block.mojo",
        "distilbert_sentiment_arch/serving/page/index.html",
        "distilbert_sentiment_arch/serving/page/page.css",
        "distilbert_sentiment_arch/serving/page/main.js",
        "distilbert_sentiment_arch/serving/swagger/index.html",
        "max_sentiment/__init__.py",
        "max_sentiment/py.typed",
        "weight_adapters/distilbert.py",
    ):
        assert name in names
    assert not any(name.startswith(("tests/", "scripts/")) for name in names)
