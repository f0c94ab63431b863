"""`./scripts/explanations`: the page that it writes, its files, and a measurement."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import ROOT, run_python

from scripts.explaining.figures import Figures, read_figures
from scripts.explaining.tables import NOT_MEASURED
from scripts.explanations import PAGE, main, page


def test_the_page_is_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(read_figures()), "run ./scripts/explanations"
    assert main(["--check"]) == 0


def test_a_page_of_nothing_measured_has_no_figures() -> None:
    assert page(Figures()).count(NOT_MEASURED) == 2


def test_figures_are_kept_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    assert read_figures(path) == Figures()
    Figures().write(path)
    assert read_figures(path) == Figures()


@pytest.mark.parametrize("kind", ["--faithfulness", "--speed"])
def test_a_missing_file_is_reported_in_one_line(tmp_path: Path, kind: str) -> None:
    before = PAGE.read_text(encoding="utf-8")
    ended = run_python("-m", "scripts.explanations", kind, "--data", tmp_path / "none.jsonl")
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("explanations: ")
    assert "Traceback" not in ended.stderr
    assert PAGE.read_text(encoding="utf-8") == before


@pytest.mark.slow
@pytest.mark.skipif(
    not (ROOT / ".venv-benchmark" / "explain" / ".filled-from").exists(),
    reason="SHAP is not installed here: ./scripts/benchmarking/fill_environment explain",
)
def test_two_texts_are_measured_in_every_way(tmp_path: Path) -> None:
    data = tmp_path / "mine.txt"
    data.write_text("The film was wonderful.\nThe food was dreadful.\nno\n", encoding="utf-8")
    figures = tmp_path / "figures.json"
    arguments = ("--faithfulness", "--threads", "1", "--data", data, "--figures", figures)
    ended = run_python("-m", "scripts.explanations", *arguments)
    assert ended.returncode == 0, ended.stderr
    found = read_figures(figures).faithfulness["mine"]
    assert found.texts == 2
    assert {each.method for each in found.methods} == {
        "leave_one_out",
        "owen",
        "AFINN-111",
        "random order",
        "SHAP",
        "Captum integrated gradients",
    }
    # Each answer comes from one word, and whatever deletes words finds it.
    best = {each.method: each.comprehensiveness[0] for each in found.methods}
    assert min(best["leave_one_out"], best["owen"], best["SHAP"]) > best["random order"]
    assert "favour methods that delete words" in ended.stdout
