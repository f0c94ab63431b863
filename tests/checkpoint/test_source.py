"""Sources of checkpoints: embedded, directory and hub (a local server with the real client)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import run_python
from local_hub import MAIN, PROPOSED, local_hub
from small_tokenizers import SAVED, write_checkpoint

from distilbert_sentiment_arch.checkpoint.source import (
    DEFAULT_NAME,
    PINNED_REVISIONS,
    find_checkpoint,
)
from distilbert_sentiment_arch.families.registry import FAMILIES

PUBLISHED = "distilbert/distilbert-base-uncased-finetuned-sst-2-english"


def dry_run(endpoint: str, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the command in its own process: the hub client reads its address when it is imported."""
    return run_python(
        *("-m", "distilbert_sentiment_arch.cli", "serve", "--dry-run", *arguments),
        environment={
            "HF_ENDPOINT": endpoint,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_OFFLINE": "0",
        },
    )


def test_the_embedded_default() -> None:
    found = find_checkpoint(None, FAMILIES)
    assert found.name == DEFAULT_NAME
    assert found.checkpoint.dtypes == {"F16"}
    assert found.checkpoint.config.labels.names == ("NEGATIVE", "POSITIVE")


def test_a_directory_gives_the_model_its_name(checkpoint: Callable[..., Path]) -> None:
    assert find_checkpoint(str(checkpoint()), FAMILIES).name == "checkpoint"


@pytest.mark.parametrize(
    ("arguments", "revision"),
    [
        (["--model", PUBLISHED], PINNED_REVISIONS[PUBLISHED]),
        (["--model", PUBLISHED, "--revision", "main"], "main"),
        (["--model", "someone/else"], "main"),
    ],
)
def test_a_hub_checkpoint_is_downloaded_and_checked(
    checkpoint: Callable[..., Path], tmp_path: Path, arguments: list[str], revision: str
) -> None:
    with local_hub(checkpoint()) as (endpoint, revisions):
        ended = dry_run(endpoint, tmp_path / "home", *arguments)
    assert ended.returncode == 0, ended.stderr
    # For a commit hash the client does not ask the hub; the snapshot is named after the hash.
    assert set(revisions) <= {revision}
    assert f"/snapshots/{revision if revision != 'main' else MAIN}/" in ended.stdout
    assert f"--served-model-name {arguments[1]} " in ended.stdout
    assert str(tmp_path / "home") in ended.stdout


def test_a_bad_hub_checkpoint_is_refused(checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    directory = checkpoint()
    (directory / "model.safetensors").rename(directory / "pytorch_model.bin")
    with local_hub(directory) as (endpoint, _):
        ended = dry_run(endpoint, tmp_path / "home", "--model", "someone/else")
    assert ended.returncode == 1
    assert "no model.safetensors" in ended.stderr


def test_weights_of_a_pull_request_are_named_and_can_be_served(
    checkpoint: Callable[..., Path], tmp_path: Path
) -> None:
    proposed = checkpoint()
    main = tmp_path / "main"
    shutil.copytree(proposed, main)
    (main / "model.safetensors").rename(main / "pytorch_model.bin")
    with local_hub(main, {"refs/pr/7": proposed}) as (endpoint, _):
        refused = dry_run(endpoint, tmp_path / "home", "--model", "someone/else")
        arguments = ["--model", "someone/else", "--revision", "refs/pr/7"]
        served = dry_run(endpoint, tmp_path / "home", *arguments)
    assert refused.returncode == 1
    assert "its main branch has no safetensors; refs/pr/7" in refused.stderr
    assert "Pass --revision refs/pr/7" in refused.stderr
    assert served.returncode == 0, served.stderr
    assert f"/snapshots/{PROPOSED}/" in served.stdout


@pytest.mark.parametrize("name", ["RoBERTa, older files", "XLM-R, SentencePiece"])
def test_older_tokenizer_files_are_downloaded(tmp_path: Path, name: str) -> None:
    directory = write_checkpoint(tmp_path / "checkpoint", SAVED[name])
    with local_hub(directory) as (endpoint, _):
        ended = dry_run(endpoint, tmp_path / "home", "--model", "someone/else")
    assert ended.returncode == 0, ended.stderr
    (snapshot,) = (tmp_path / "home").glob("hub/*/snapshots/*")
    assert {*SAVED[name].files, "tokenizer_config.json"} <= {
        each.name for each in snapshot.iterdir()
    }


def test_a_hub_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    ended = dry_run("http://127.0.0.1:9", tmp_path / "home", "--model", PUBLISHED)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"max-sentiment: '{PUBLISHED}' at revision 714eb0f")
    assert "did not give it out" in ended.stderr
    assert ended.stderr.count("\n") == 1
