"""What scores the rows of a dataset, exactly: two that are equal give the same answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from distilbert_sentiment_arch.checkpoint.inspection import Checkpoint
from distilbert_sentiment_arch.checkpoint.tokenizer_kinds import OLDER_FILES
from distilbert_sentiment_arch.classify.interface import Route
from distilbert_sentiment_arch.classify.labels import ProblemType
from distilbert_sentiment_arch.lexicon.word_list import WordList

NEUTRAL = "NEUTRAL"
"""The label that a word list may give in place of a model, which may not have it."""

_SETTINGS = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    *OLDER_FILES,
)


@dataclass(frozen=True)
class ModelIdentity:
    """A model or a word list, as it is named in the fingerprint and the metadata of a dataset.

    Attributes:
        model: Its name.
        revision: The commit of a checkpoint from the hub; None for others.
        weights_digest: SHA-256 of the weights, or of the word list, in hexadecimal.
        settings_digest: SHA-256 of configuration and tokenizer; empty for a word list.
        precision: What the linear layers are computed in; ``none`` for a word list.
        version: Version of this package.
        labels: Names of the probabilities, in their order.
        problem_type: What the probabilities are.
        route: What answers while nothing fails.
        max_length: Most tokens that are read at once; None for any number.
        fallback: Name of the word list that answers where the model fails; None for none.
    """

    model: str
    revision: str | None
    weights_digest: str
    settings_digest: str
    precision: str
    version: str
    labels: tuple[str, ...]
    problem_type: ProblemType
    route: Route
    max_length: int | None
    fallback: str | None = None

    @property
    def answers(self) -> tuple[str, ...]:
        """The labels that a row may get, which ``Scores.best`` counts.

        They are ``labels``, and behind them ``NEUTRAL`` where a fallback may say so of a model that
        does not.
        """
        known = {name.upper() for name in self.labels}
        more = self.fallback is not None and NEUTRAL not in known
        return (*self.labels, NEUTRAL) if more else self.labels

    def as_json(self) -> dict[str, object]:
        """Returns its attributes as JSON values."""
        return {**asdict(self), "labels": list(self.labels)}


def weights_digest(checkpoint: Checkpoint) -> str:
    """Returns the SHA-256 of a checkpoint's weights; reads them all, about a gigabyte a second."""
    return _digest(sorted(checkpoint.weight_files))


def settings_digest(checkpoint: Checkpoint) -> str:
    """Returns the SHA-256 of what else its answers depend on: configuration and tokenizer."""
    paths = (checkpoint.directory / name for name in _SETTINGS)
    return _digest(path for path in paths if path.is_file())


def word_list_digest(word_list: WordList) -> str:
    """Returns the SHA-256 of the terms of a word list and their scores."""
    digest = hashlib.sha256()
    for term, score in sorted(word_list.terms.items()):
        digest.update(f"{term}\t{score!r}\n".encode())
    return digest.hexdigest()


def revision_of(checkpoint: Checkpoint) -> str | None:
    """Returns the commit of a checkpoint in the hub's cache: ``.../snapshots/<commit>``."""
    directory = checkpoint.directory
    return directory.name if directory.parent.name == "snapshots" else None


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256")
        digest.update(f"{path.name}\0{content.hexdigest()}\n".encode())
    return digest.hexdigest()
