"""Tokenizers of the kinds and sizes of published ones, made of the words that the repository has.

The words are those of the embedded model's vocabulary, roughly the most used ones first; what a
published vocabulary has beyond them is filled with made-up words that no text contains. So English
texts become ids that are spread over the rows of an embedding like those of a published one.
"""

from __future__ import annotations

import json
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)

from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY

Kind = Literal["wordpiece", "byte-level-bpe", "unigram"]

BERT_TOKENS = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
DEBERTA_TOKENS = {"pad": "[PAD]", "cls": "[CLS]", "sep": "[SEP]", "unk": "[UNK]", "mask": "[MASK]"}
MODERNBERT_TOKENS = {
    "cls": "[CLS]",
    "sep": "[SEP]",
    "pad": "[PAD]",
    "unk": "[UNK]",
    "mask": "[MASK]",
}
ROBERTA_TOKENS = {"cls": "<s>", "pad": "<pad>", "sep": "</s>", "unk": "<unk>", "mask": "<mask>"}
MPNET_TOKENS = {"cls": "<s>", "pad": "<pad>", "sep": "</s>", "unk": "[UNK]", "mask": "<mask>"}

_PAIR_OF_FOUR = ("RobertaTokenizer", "XLMRobertaTokenizer", "CamembertTokenizer", "MPNetTokenizer")
"""Tokenizers that put two separators between the texts of a pair."""


@dataclass(frozen=True)
class MadeTokenizer:
    """A tokenizer that is made up.

    Attributes:
        kind: How it splits words into tokens.
        names: Its special tokens in the order of their ids, which are its first ones.
        tokenizer_class: The class in ``tokenizer_config.json``.
    """

    kind: Kind
    names: Mapping[str, str]
    tokenizer_class: str

    def write(self, directory: Path, size: int) -> None:
        """Writes ``tokenizer.json`` and ``tokenizer_config.json``.

        Args:
            directory: The checkpoint.
            size: Tokens of the vocabulary.
        """
        tokenizer = self._tokenizer(size)
        tokenizer.save(str(directory / "tokenizer.json"))
        config: dict[str, Any] = {f"{name}_token": text for name, text in self.names.items()}
        if self.kind == "wordpiece":
            config["do_lower_case"] = True
        else:
            config |= {"bos_token": self.names["cls"], "eos_token": self.names["sep"]}
        config |= {"model_max_length": 512, "tokenizer_class": self.tokenizer_class}
        (directory / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")

    def _tokenizer(self, size: int) -> Tokenizer:
        first = list(self.names.values())
        tokenizer = Tokenizer(
            {"wordpiece": _wordpiece, "byte-level-bpe": _bpe, "unigram": _unigram}[self.kind](
                first, self.names["unk"], size
            )
        )
        if self.kind == "wordpiece":
            pattern = Tokenizer.from_file(str(DEFAULT_DIRECTORY / "tokenizer.json"))
            tokenizer.normalizer = pattern.normalizer
            tokenizer.pre_tokenizer = pattern.pre_tokenizer
            tokenizer.decoder = pattern.decoder
        elif self.kind == "byte-level-bpe":
            tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
            tokenizer.decoder = decoders.ByteLevel()
        else:
            tokenizer.normalizer = normalizers.NFKC()
            tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
                [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
            )
            tokenizer.decoder = decoders.Metaspace()
        tokenizer.add_special_tokens(
            [AddedToken(text, lstrip=name == "mask") for name, text in self.names.items()]
        )
        tokenizer.post_processor = self._template(tokenizer)
        return tokenizer

    def _template(self, tokenizer: Tokenizer) -> Any:
        cls, sep = self.names["cls"], self.names["sep"]
        types = self.names in (BERT_TOKENS, DEBERTA_TOKENS)
        first, second = (":0", ":1") if types else ("", "")
        between = f" {sep}" if self.tokenizer_class in _PAIR_OF_FOUR else ""
        single = f"{cls}{first} $A{first} {sep}{first}"
        return processors.TemplateProcessing(
            single=single,
            pair=f"{single}{between} $B{second} {sep}{second}",
            special_tokens=[(name, tokenizer.token_to_id(name)) for name in (cls, sep)],
        )


@cache
def _words() -> tuple[str, ...]:
    """Returns the embedded model's vocabulary, special and unused tokens left out."""
    content = json.loads((DEFAULT_DIRECTORY / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary: dict[str, int] = content["model"]["vocab"]
    return tuple(
        word
        for word in sorted(vocabulary, key=vocabulary.__getitem__)
        if not (word.startswith("[") and word.endswith("]"))
    )


def _filled(tokens: Iterator[str], size: int, filler: str) -> list[str]:
    """Returns ``size`` different tokens: the given ones, then made-up ones."""
    found: dict[str, None] = {}
    for token in tokens:
        if len(found) == size:
            break
        found.setdefault(token)
    for number in range(size - len(found)):
        found[f"{filler}{number}"] = None
    return list(found)


def _wordpiece(first: list[str], unknown: str, size: int) -> models.WordPiece:
    tokens = _filled(iter([*first, *_words()]), size, "unused")
    return models.WordPiece({token: place for place, token in enumerate(tokens)}, unk_token=unknown)


def _unigram(first: list[str], unknown: str, size: int) -> models.Unigram:
    def pieces() -> Iterator[str]:
        yield from first
        yield "▁"
        yield from string.ascii_uppercase
        for word in _words():
            if word.startswith("##"):
                yield word.removeprefix("##")
                continue
            yield f"▁{word}"
            yield f"▁{word.capitalize()}"
            if len(word) == 1:
                yield word

    tokens = _filled(pieces(), size, "▁unused")
    # Any word of the vocabulary has a higher score than its parts together.
    scored = [(token, -10.0 - place / size) for place, token in enumerate(tokens)]
    special = [(token, 0.0) for token in first]
    return models.Unigram(
        special + scored[len(first) :], unk_id=first.index(unknown), byte_fallback=False
    )


def _bpe(first: list[str], unknown: str, size: int) -> models.BPE:
    """Merges build each word letter by letter from its first one, the most used words first."""
    del unknown  # every byte is known
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = dict.fromkeys([*first, *letters])
    merges: list[tuple[str, str]] = []
    for word in _words():
        if not word.isascii() or word.startswith("##"):
            continue
        # A merge within a word would take letters away from those that begin with its space.
        for start in (f"Ġ{word}", f"Ġ{word.capitalize()}"):
            for end in range(2, len(start) + 1):
                if start[:end] not in tokens and len(tokens) < size:
                    tokens[start[:end]] = None
                    merges.append((start[: end - 1], start[end - 1]))
    filled = _filled(iter(tokens), size, "unused")
    return models.BPE({token: place for place, token in enumerate(filled)}, merges)
