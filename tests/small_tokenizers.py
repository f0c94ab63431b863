"""Checkpoints of the small tokenizers in ``reference/tokenizers``, as published ones are saved."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands import ROOT

from scripts import checkpoints

if TYPE_CHECKING:
    from distilbert_sentiment_arch.engine.tokenizer import EncoderTokenizer

REFERENCE = ROOT / "tests" / "reference"

TEXTS: list[str | list[str]] = json.loads(
    (REFERENCE / "family_texts.json").read_text(encoding="utf-8")
)
"""Sixty texts and pairs of texts."""

ROWS = 700
"""Rows of the embedding: more than any of the tokenizers has tokens."""


@dataclass(frozen=True)
class Saved:
    """How a tokenizer is saved.

    Attributes:
        directory: In ``reference/tokenizers``.
        files: Those that are there, and their names in the checkpoint where they differ.
        settings: ``tokenizer_config.json``.
        pieces: Special tokens of a SentencePiece model in place of its first three.
    """

    directory: str
    files: Sequence[str]
    settings: dict[str, Any] = field(default_factory=dict)
    pieces: tuple[str, ...] = ()

    def write(self, directory: Path) -> None:
        """Writes the files of the tokenizer."""
        source = REFERENCE / "tokenizers" / self.directory
        for name in self.files:
            if name.endswith(".model"):
                content = (source / "sentencepiece.bpe.model").read_bytes()
                (directory / name).write_bytes(_with_pieces(content, self.pieces))
            else:
                shutil.copy(source / name, directory)
        text = json.dumps(self.settings)
        (directory / "tokenizer_config.json").write_text(text, encoding="utf-8")


def _with_pieces(content: bytes, names: Sequence[str]) -> bytes:
    from transformers.utils import sentencepiece_model_pb2_new as messages

    model = messages.ModelProto.FromString(content)
    if names:
        rest = list(model.pieces[3:])
        del model.pieces[:]
        piece = messages.ModelProto.SentencePiece
        for place, name in enumerate(names):
            is_unknown = "unk" in name.lower()
            kind = piece.UNKNOWN if is_unknown else piece.CONTROL
            model.pieces.append(piece(piece=name, type=kind))
            if is_unknown:
                model.trainer_spec.unk_id = place
                model.trainer_spec.unk_piece = name
        model.pieces.extend(rest)
    written: bytes = model.SerializeToString()
    return written


_GENERIC = {"tokenizer_class": "PreTrainedTokenizerFast", "cls_token": "<s>", "sep_token": "</s>"}

SAVED = {
    "WordPiece, tokenizer.json": Saved(
        "wordpiece-cased",
        ["tokenizer.json"],
        {"tokenizer_class": "BertTokenizer", "do_lower_case": False},
    ),
    "WordPiece, vocab.txt": Saved("wordpiece-cased", ["vocab.txt"], {"do_lower_case": False}),
    "Electra, vocab.txt": Saved(
        "wordpiece-cased",
        ["vocab.txt"],
        {"tokenizer_class": "ElectraTokenizerFast", "do_lower_case": False},
    ),
    "MPNet, vocab.txt": Saved(
        "wordpiece-cased",
        ["vocab.txt", "special_tokens_map.json"],
        {"tokenizer_class": "MPNetTokenizer", "bos_token": "[CLS]", "eos_token": "[SEP]"}
        | {"do_lower_case": False},
    ),
    "RoBERTa, tokenizer.json": Saved(
        "byte-level-bpe", ["tokenizer.json"], {"tokenizer_class": "RobertaTokenizer"}
    ),
    "RoBERTa, older files": Saved(
        "byte-level-bpe",
        ["vocab.json", "merges.txt", "special_tokens_map.json"],
        {"tokenizer_class": "RobertaTokenizer"},
    ),
    "RoBERTa, space in front": Saved(
        "byte-level-bpe",
        ["vocab.json", "merges.txt"],
        {"tokenizer_class": "RobertaTokenizer", "add_prefix_space": True},
    ),
    "ModernBERT": Saved("byte-level-bpe", ["tokenizer.json"], _GENERIC),
    "XLM-R, tokenizer.json": Saved(
        "unigram", ["tokenizer.json"], {"tokenizer_class": "XLMRobertaTokenizer"}
    ),
    "XLM-R, SentencePiece": Saved(
        "unigram", ["sentencepiece.bpe.model"], {"tokenizer_class": "XLMRobertaTokenizer"}
    ),
    "XLM-R, generic": Saved(
        "unigram", ["tokenizer.json"], _GENERIC | {"unk_token": "<unk>", "pad_token": "<pad>"}
    ),
    "CamemBERT, SentencePiece": Saved(
        "unigram", ["sentencepiece.bpe.model"], {"tokenizer_class": "CamembertTokenizer"}
    ),
    "DeBERTa, SentencePiece": Saved(
        "unigram",
        ["spm.model"],
        {"tokenizer_class": "DebertaV2Tokenizer", "do_lower_case": False, "vocab_type": "spm"},
        ("[PAD]", "[CLS]", "[SEP]", "[UNK]"),
    ),
    "DeBERTa, punctuation": Saved(
        "unigram",
        ["spm.model"],
        {"tokenizer_class": "DebertaV2TokenizerFast", "split_by_punct": True},
        ("[PAD]", "[CLS]", "[SEP]", "[UNK]"),
    ),
    "ALBERT, SentencePiece": Saved(
        "unigram",
        ["spiece.model"],
        {"tokenizer_class": "AlbertTokenizer"},
        ("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"),
    ),
}
"""Tokenizers as they are published, by what they are."""


def write_checkpoint(directory: Path, saved: Saved) -> Path:
    """Writes a random classifier with a tokenizer."""
    config = checkpoints.random_config(checkpoints.BERT, vocab_size=ROWS)
    path = checkpoints.write_checkpoint(directory, config)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        (path / name).unlink(missing_ok=True)
    saved.write(path)
    return path


def served_tokenizer(directory: Path, saved: Saved) -> EncoderTokenizer:
    """Returns the tokenizer that MAX makes of a checkpoint, without compiling its model."""
    from max.driver import DeviceSpec
    from max.pipelines import PIPELINE_REGISTRY, PipelineArgs
    from max.pipelines.lib import PipelineConfig
    from max.pipelines.modeling.types import PipelineTask

    from distilbert_sentiment_arch.engine.tokenizer import EncoderTokenizer
    from distilbert_sentiment_arch.settings.defaults import PACKAGE

    path = write_checkpoint(directory, saved)
    arguments = PipelineArgs.from_flat_kwargs(
        model_path=str(path),
        custom_architectures=[str(PACKAGE)],
        device_specs=[DeviceSpec.cpu()],
        quantization_encoding="float32",
        weight_path=[str(path / "model.safetensors")],
        enable_prefix_caching=False,
        task=PipelineTask.EMBEDDINGS_GENERATION,
    )
    config = PipelineConfig.from_args(arguments)
    task = PipelineTask.EMBEDDINGS_GENERATION
    tokenizer = PIPELINE_REGISTRY.retrieve_factory(config, task=task).tokenizer
    assert isinstance(tokenizer, EncoderTokenizer)
    return tokenizer
