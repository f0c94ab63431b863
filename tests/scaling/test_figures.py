"""The document with the figures, and the command that prints one."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_up_figures import made_up_figures

from scripts.benchmarking.errors import BenchmarkError
from scripts.scaling.__main__ import main
from scripts.scaling.figures import read_figures


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    made_up_figures().write(tmp_path / "figures.json")
    assert read_figures(tmp_path / "figures.json") == made_up_figures()


@pytest.mark.parametrize("content", ["", "{}", '{"machine": 1}', "\x00"])
def test_another_file_is_refused_by_its_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(
        BenchmarkError, match=r"other\.json is no result of python -m scripts\.scaling"
    ):
        read_figures(path)


def test_a_shape_that_was_not_measured_is_named() -> None:
    with pytest.raises(BenchmarkError, match="passes of 1x8 were not measured, but of 1x32, 8x32"):
        made_up_figures().pass_model("1x8")


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_the_report_has_measured_and_computed_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], precision: str
) -> None:
    made_up_figures(precision).write(tmp_path / "figures.json")
    assert main(["--read", str(tmp_path / "figures.json")]) == 0
    printed = capsys.readouterr().out
    assert f"A CPU, 2 cores; embedded, {precision}." in printed
    assert "| wake of both cores | 6.00 |" in printed
    assert "| 8x32 | 30.00 ms | 16.00 ms | 1.88x |" in printed
    assert "| 8x32 | 100% | 94% |" in printed  # 30 / (2 * 16)
    assert "bounds a server at 1000 texts/s" in printed


def test_a_missing_file_ends_the_command_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--read", str(tmp_path / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err
