"""One look at a whole checkpoint directory: can it be served?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from distilbert_sentiment_arch.checkpoint.hf_config import HFConfig
from distilbert_sentiment_arch.checkpoint.tensors import MALFORMED, check_tensors, weight_files
from distilbert_sentiment_arch.errors import CheckpointNotFound, VocabularyError

# Training frameworks round the embedding up to a multiple of at most this many rows.
_ROUNDING = 1024


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint directory that can be served.

    Attributes:
        directory: Where it is.
        config: Its ``config.json``.
        weight_files: Its safetensors files.
        dtypes: The dtypes of its tensors, as safetensors spells them.
    """

    directory: Path
    config: HFConfig
    weight_files: tuple[Path, ...]
    dtypes: frozenset[str]


def inspect_checkpoint(directory: Path) -> Checkpoint:
    """Reads and checks everything that a server needs of a checkpoint.

    Raises:
        CheckpointError: One message that names the file, the tensor where there is one, and what to
            do about it.
    """
    if not directory.is_dir():
        raise CheckpointNotFound(
            f"{directory}: no such directory. Pass --model a checkpoint directory or a hub id."
        )
    config = HFConfig.from_directory(directory)
    files = weight_files(directory)
    dtypes = check_tensors(files, config)
    _check_vocabulary(directory, config)
    return Checkpoint(directory, config, files, dtypes)


def _check_vocabulary(directory: Path, config: HFConfig) -> None:
    source, size = _vocabulary_size(directory)
    if not 0 <= config.vocab_size - size < _ROUNDING:
        raise VocabularyError(
            f"{source}: the tokenizer knows {size} tokens and the embedding of the checkpoint has "
            f"{config.vocab_size} rows. Put the tokenizer files of this checkpoint beside it."
        )


def _vocabulary_size(directory: Path) -> tuple[Path, int]:
    """Returns the file that holds the vocabulary and one more than the highest id in it."""
    tokenizer = directory / "tokenizer.json"
    vocabulary = directory / "vocab.txt"
    try:
        if tokenizer.is_file():
            content = json.loads(tokenizer.read_text(encoding="utf-8"))
            ids = list(content["model"]["vocab"].values())
            ids += [token["id"] for token in content.get("added_tokens") or ()]
            return tokenizer, max([*ids, *_added_ids(directory)]) + 1
        if vocabulary.is_file():
            with vocabulary.open("rb") as lines:
                return vocabulary, max(
                    sum(1 for _ in lines), 0, *(each + 1 for each in _added_ids(directory))
                )
    except (OSError, *MALFORMED) as error:
        raise VocabularyError(
            f"{tokenizer}: not a tokenizer file ({error!r}). Save the tokenizer again."
        ) from None
    raise VocabularyError(
        f"{directory}: no tokenizer.json and no vocab.txt. Save the tokenizer beside the weights."
    )


def _added_ids(directory: Path) -> list[int]:
    """Returns the ids that transformers adds to the vocabulary."""
    path = directory / "tokenizer_config.json"
    if not path.is_file():
        return []
    config = json.loads(path.read_text(encoding="utf-8"))
    return [int(token) for token in config.get("added_tokens_decoder") or ()]
