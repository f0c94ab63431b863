"""`max-sentiment quantize`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from distilbert_sentiment_arch.cli.main import main
from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY
from scripts import checkpoints

MOST = 0.30
"""Of the size in float32."""


def test_the_embedded_checkpoint_takes_less_than_a_third(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "quantised"
    assert main(["quantize", str(DEFAULT_DIRECTORY), str(output)]) == 0
    size = (output / "model.safetensors").stat().st_size
    numbers = sum(each.size for each in load_file(DEFAULT_DIRECTORY / "model.safetensors").values())
    assert size <= MOST * 4 * numbers
    assert capsys.readouterr().out == (
        f"{output}: {size / 1e6:.1f} MB of weights, {size / (4 * numbers):.1%} of their size in "
        "float32\n"
    )


def test_errors_are_one_line(
    checkpoint: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    directory = checkpoint()
    for model, output, message in (
        (directory, directory, "it exists, and nothing is overwritten"),
        (directory / "absent", directory.with_name("new"), "no such directory"),
        (directory, directory / "absent" / "new", "No such file or directory"),
    ):
        assert main(["quantize", str(model), str(output)]) == 1
        said = capsys.readouterr()
        assert message in said.err
        assert (said.out, said.err.count("\n")) == ("", 1)


def test_a_checkpoint_without_int8_kernels_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = checkpoints.random_config(checkpoints.ALBERT)
    directory = checkpoints.write_checkpoint(tmp_path / "albert", config)
    assert main(["quantize", str(directory), str(tmp_path / "new")]) == 1
    assert "int8 and bfloat16 have no kernels for a linear layer behind" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_what_it_writes_is_served_like_any_other(
    checkpoint: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    directory = checkpoint()
    output = directory.with_name("quantised")
    assert main(["quantize", str(directory), str(output)]) == 0
    assert main(["serve", "--dry-run", "--model", str(output)]) == 0
    assert f"--model {output} --served-model-name quantised" in capsys.readouterr().out
    (output / "config.json").write_text(
        json.dumps(json.loads((output / "config.json").read_text()) | {"n_layers": 3})
    )
    assert main(["serve", "--dry-run", "--model", str(output)]) == 1
    assert "is missing" in capsys.readouterr().err
