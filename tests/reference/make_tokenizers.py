"""Trains the small tokenizers of the tests, one of each kind, written as published ones are.

    .venv/bin/python tests/reference/make_tokenizers.py

Each directory has both ``tokenizer.json`` and the older files of its kind. The texts are those of
the other references: every second one of ``family_texts.json``, so that of each script some
characters are known to a tokenizer and some are not.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import sentencepiece
from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers.utils import sentencepiece_model_pb2_new as sentencepiece_model_pb2

REFERENCE = Path(__file__).resolve().parent
TOKENIZERS = REFERENCE / "tokenizers"
ENGLISH = REFERENCE / "texts.txt"
FAMILY_TEXTS = REFERENCE / "family_texts.json"

BERT = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
ROBERTA = {"cls": "<s>", "pad": "<pad>", "sep": "</s>", "unk": "<unk>", "mask": "<mask>"}


SIZE = 650
"""Tokens of each tokenizer."""

CHARACTERS = 330
"""Characters that the WordPiece tokenizer knows, at the beginning of a word or within one."""

LONGEST_PIECE = 12


def training_texts() -> list[str]:
    """Returns the lines that the tokenizers are trained on."""
    items = json.loads(FAMILY_TEXTS.read_text(encoding="utf-8"))[::2]
    lines = [line for item in items for line in ([item] if isinstance(item, str) else item)]
    return ENGLISH.read_text(encoding="utf-8").splitlines() + lines


def wordpieces() -> list[str]:
    """Returns special tokens, characters, and the pieces of words that save most tokens.

    The library's own trainer gives the pieces other ids each time.
    """
    splitter = pre_tokenizers.BertPreTokenizer()
    words = Counter(
        word for text in training_texts() for word, _ in splitter.pre_tokenize_str(text)
    )
    characters: Counter[str] = Counter()
    longer: Counter[str] = Counter()
    for word, count in words.items():
        for start, end in combinations(range(min(len(word), LONGEST_PIECE) + 1), 2):
            piece = f"{'##' if start else ''}{word[start:end]}"
            if end - start == 1:
                characters[piece] += count
            else:
                longer[piece] += count * (end - start - 1)
    first = sorted(characters, key=lambda piece: (-characters[piece], piece))[:CHARACTERS]
    rest = sorted(longer, key=lambda piece: (-longer[piece], piece))
    return ([*BERT.values(), *first, *rest])[:SIZE]


def write_wordpiece(directory: Path) -> None:
    """Writes a WordPiece tokenizer that keeps capitals, as BERT's cased ones."""
    vocabulary = {piece: place for place, piece in enumerate(wordpieces())}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=BERT["unk"]))
    tokenizer.add_special_tokens(list(BERT.values()))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    cls, sep = (BERT[name] for name in ("cls", "sep"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls}:0 $A:0 {sep}:0",
        pair=f"{cls}:0 $A:0 {sep}:0 $B:1 {sep}:1",
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in (cls, sep)],
    )
    save(tokenizer, directory)
    tokenizer.model.save(str(directory))
    write_config(directory, "BertTokenizer", BERT, do_lower_case=False, strip_accents=None)


def write_byte_level_bpe(directory: Path) -> None:
    """Writes a byte-level BPE tokenizer, as RoBERTa's."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE,
        special_tokens=list(ROBERTA.values()),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(training_texts(), trainer)
    tokenizer.post_processor = processors.RobertaProcessing(
        sep=(ROBERTA["sep"], tokenizer.token_to_id(ROBERTA["sep"])),
        cls=(ROBERTA["cls"], tokenizer.token_to_id(ROBERTA["cls"])),
        add_prefix_space=False,
    )
    save(tokenizer, directory)
    tokenizer.model.save(str(directory))
    write_config(directory, "RobertaTokenizer", ROBERTA, add_prefix_space=False)


def write_unigram(directory: Path) -> None:
    """Writes a Unigram tokenizer and its SentencePiece model, as XLM-RoBERTa's."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter(training_texts()),
        model_writer=written,
        model_type="unigram",
        vocab_size=SIZE,
        character_coverage=0.999,
        num_threads=1,
        minloglevel=2,
    )
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "sentencepiece.bpe.model").write_bytes(written.getvalue())
    proto = sentencepiece_model_pb2.ModelProto.FromString(written.getvalue())

    # The order of fairseq: four tokens, the pieces behind SentencePiece's own three, and <mask>.
    names = list(ROBERTA.values())
    vocabulary = [(name, 0.0) for name in names[:4]]
    vocabulary += [(piece.piece, piece.score) for piece in proto.pieces[3:]]
    vocabulary.append((ROBERTA["mask"], 0.0))
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens([*names[:4], AddedToken(names[4], lstrip=True)])
    cls, sep = (ROBERTA[name] for name in ("cls", "sep"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls} $A {sep}",
        pair=f"{cls} $A {sep} {sep} $B {sep}",
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in (cls, sep)],
    )
    save(tokenizer, directory)
    write_config(directory, "XLMRobertaTokenizer", ROBERTA)


def save(tokenizer: Tokenizer, directory: Path) -> None:
    """Writes tokenizer.json."""
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(directory / "tokenizer.json"))


def write_config(directory: Path, kind: str, names: dict[str, str], **settings: Any) -> None:
    """Writes tokenizer_config.json and special_tokens_map.json."""
    tokens: dict[str, Any] = {f"{name}_token": text for name, text in names.items()}
    if names is ROBERTA:
        tokens |= {"bos_token": names["cls"], "eos_token": names["sep"]}
    content = settings | tokens | {"model_max_length": 512, "tokenizer_class": kind}
    for name, value in (("tokenizer_config", content), ("special_tokens_map", tokens)):
        text = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        (directory / f"{name}.json").write_text(text, encoding="utf-8")


def main() -> None:
    """Writes the three directories."""
    write_wordpiece(TOKENIZERS / "wordpiece-cased")
    write_byte_level_bpe(TOKENIZERS / "byte-level-bpe")
    write_unigram(TOKENIZERS / "unigram")


if __name__ == "__main__":
    main()
