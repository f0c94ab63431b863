"""Search for a checkpoint: the embedded default, a directory, or the Hugging Face hub."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from distilbert_sentiment_arch.checkpoint.family import Families
from distilbert_sentiment_arch.checkpoint.inspection import Checkpoint, inspect_checkpoint
from distilbert_sentiment_arch.checkpoint.tokenizer_kinds import OLDER_FILES
from distilbert_sentiment_arch.errors import CheckpointNotFound, TensorError
from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY, DEFAULT_NAME

# Revisions that were reviewed; a hub id that is not listed follows its main branch.
PINNED_REVISIONS = {
    "distilbert/distilbert-base-uncased-finetuned-sst-2-english": (
        "714eb0fa89d2f80546fda750413ed43d93601a13"
    ),
}

WANTED_FILES = [
    "config.json",
    "*.safetensors",
    "model.safetensors.index.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    *OLDER_FILES,
]
"""Files of a repository that are downloaded."""

# Pull requests of a repository that are searched for weights, the latest first.
_SEARCHED = 5


@dataclass(frozen=True)
class NamedCheckpoint:
    """A checkpoint that can be served, and its model name in requests."""

    name: str
    checkpoint: Checkpoint


def find_checkpoint(
    model: str | None, families: Families, revision: str | None = None
) -> NamedCheckpoint:
    """Finds, downloads if necessary, and checks a checkpoint.

    Args:
        model: A directory, a hub id, or None for the embedded default.
        families: Supported families.
        revision: Branch, tag or commit of a hub id; None for the pinned one, else ``main``.

    Raises:
        CheckpointNotFound: There is no such directory, or the download failed.
        CheckpointError: The checkpoint exists and cannot be served. Where a repository has
            safetensors only in a pull request, the message names its revision.
    """
    if model is None:
        return NamedCheckpoint(DEFAULT_NAME, inspect_checkpoint(DEFAULT_DIRECTORY, families))
    if not is_of_hub(model):
        path = _directory(model)
        return NamedCheckpoint(path.name, inspect_checkpoint(path, families))
    directory = _download(model, revision or PINNED_REVISIONS.get(model))
    try:
        return NamedCheckpoint(model, inspect_checkpoint(directory, families))
    except TensorError:
        if any(directory.glob("*.safetensors")):
            raise
        proposed = _revision_with_weights(model)
        if proposed is None:
            raise
        raise TensorError(
            f"{model}: {revision or 'its main branch'} has no safetensors; {proposed}, a pull "
            f"request that is not merged, has. Pass --revision {proposed} if you trust its author."
        ) from None


def _revision_with_weights(repo: str) -> str | None:
    """Returns the revision of a pull request that adds safetensors, as the hub's converter does.

    None if there is none, or the hub does not say.
    """
    from huggingface_hub import HfApi

    api = HfApi()
    try:
        requests = api.get_repo_discussions(
            repo, discussion_type="pull_request", discussion_status="open"
        )
        fitting = (each for each in requests if "safetensors" in each.title.lower())
        for request in islice(fitting, _SEARCHED):
            revision = f"refs/pr/{request.num}"
            if "model.safetensors" in api.list_repo_files(repo, revision=revision):
                return revision
    except Exception:  # as in _download; the reason for the refusal is known without it
        return None
    return None


def is_of_hub(model: str) -> bool:
    """Whether a model is a repository of the hub: it looks like one, and no directory is there."""
    looks_like_one = model.count("/") <= 1 and not model.startswith((".", "/", "~"))
    return looks_like_one and not os.path.exists(_directory(model))


def _directory(model: str) -> Path:
    return Path(os.path.realpath(os.path.expanduser(model)))


def _download(repo: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    at = f" at revision {revision}" if revision else ""
    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=WANTED_FILES))
    except HFValidationError as error:
        raise CheckpointNotFound(
            f"'{repo}' is neither a directory nor a hub id ({error})."
        ) from None
    except Exception as error:  # the hub client raises any exception of its HTTP libraries
        reason = (str(error).strip().splitlines() or [""])[0]
        raise CheckpointNotFound(
            f"'{repo}'{at} is not a directory, and the Hugging Face hub did not give it out: "
            f"{type(error).__name__}: {reason.rstrip('.')}. Check the name and the network, "
            "or pass --model a directory. The embedded default needs neither: leave --model out."
        ) from None
