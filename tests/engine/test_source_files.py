"""The source files that a module depends on."""

from __future__ import annotations

from distilbert_sentiment_arch.engine.source_files import imported_modules
from distilbert_sentiment_arch.settings.defaults import PACKAGE


def names(*modules: str) -> set[str]:
    found = imported_modules(f"{PACKAGE.name}.{module}" for module in modules)
    return {str(path.relative_to(PACKAGE)) for path in found}


def test_the_sources_of_a_packed_graph() -> None:
    found = names("engine.packed_layers")
    assert {
        "engine/packed_layers.py",
        "engine/code_layers.py",
        "engine/panels.py",
        "checkpoint/encoder_config.py",
        "settings/defaults.py",
    } <= found
    assert not any(each.startswith(("serving/", "lexicon/", "cli/")) for each in found)


def test_imports_inside_functions_and_of_modules_by_name_count() -> None:
    assert "engine/in_process.py" in names("cli.classify")
    assert "lexicon/scorer.py" in names("lexicon.bulk_scorer")


def test_third_party_modules_are_left_out() -> None:
    assert imported_modules(["numpy", "max.graph"]) == []
