"""What is said of a checkpoint: the server's own words, and nothing is downloaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import run_python

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.doctor.model_report import model_report
from distilbert_sentiment_arch.errors import CheckpointError
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY, DEFAULT_NAME

REPO = "someone/a-model"


def test_the_embedded_checkpoint_is_fit() -> None:
    found = model_report(None, None)
    assert (found.state, found.name) == ("fit", DEFAULT_NAME)
    assert found.directory == str(DEFAULT_DIRECTORY)
    assert found.labels == ("NEGATIVE", "POSITIVE")
    # The file is float16, but for its header.
    size = (DEFAULT_DIRECTORY / "model.safetensors").stat().st_size
    assert found.float32_bytes == pytest.approx(2 * size, rel=0.01)


@pytest.mark.parametrize("damage", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_checkpoint_that_is_refused_is_so_in_the_words_of_serve(
    checkpoint: Callable[..., Path], damage: str
) -> None:
    directory = checkpoint()
    (directory / damage).write_text("{}")
    with pytest.raises(CheckpointError) as refused:
        find_checkpoint(str(directory), FAMILIES)
    found = model_report(str(directory), None)
    assert (found.state, found.reason) == ("refused", str(refused.value))


def test_what_is_no_directory_and_no_hub_id_is_refused(tmp_path: Path) -> None:
    assert "no such directory" in model_report(str(tmp_path / "none"), None).reason
    assert "nor a hub id" in model_report("-not-valid-", None).reason


CODE = "-m", "distilbert_sentiment_arch.doctor.model_report"


def test_what_the_hub_has_is_looked_for_on_this_machine_only(
    checkpoint: Callable[..., Path], tmp_path: Path
) -> None:
    # An address that nobody answers at: whoever asks it fails.
    environment = {"HF_HOME": str(tmp_path / "hub"), "HF_ENDPOINT": "http://127.0.0.1:9"}

    def report() -> dict[str, object]:
        ended = run_python(*CODE, REPO, environment=environment)
        assert ended.returncode == 0, ended.stderr
        found: dict[str, object] = json.loads(ended.stdout)
        return found

    assert report()["state"] == "absent"
    cached = tmp_path / "hub" / "hub" / f"models--{REPO.replace('/', '--')}"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text("0" * 40)
    (cached / "snapshots").mkdir()
    snapshot = cached / "snapshots" / ("0" * 40)
    checkpoint().rename(snapshot)
    assert (report()["state"], report()["name"]) == ("fit", REPO)
    (snapshot / "model.safetensors").unlink()
    incomplete = report()
    assert incomplete["state"] == "incomplete"
    assert "no model.safetensors" in str(incomplete["reason"])
