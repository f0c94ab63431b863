"""Random texts of characters that are difficult for tokenizers and normalizers."""

from __future__ import annotations

import random
from collections.abc import Sequence

ALPHABETS: dict[str, str] = {
    "words": "good bad not very film the a terrible wonderful . , ! ? ' - good't can't ",
    "marks": "a\u0301\u0323",  # normalization has to sort them
    "more marks": "e\u0300\u0316\u0327\u0345\u05b0\u0591\u1ab0\u20d0",
    "hangul": "\u1100\u1161\u11a8\uac00\ud55c\uae00\u3131",
    "thai": "\u0e01\u0e33\u0e49\u0e34\u0e19\u0e44",
    "right to left": "\u05d0\u05e9\u05c1\u0627\u0644\u0644\u0647\u202e\u202d\u200f\ufdfa",
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f3fd\ufe0f\U0001f1e9\U0001f1ea",
    "spaces": " \t\n\r\u00a0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\u200b\u2060\ufeff",
    "cjk": "\u4e2d\u6587\u5b57\u597d\u58de\u3042\u30a2\U00020000\uf900",
    "one word": "abcdefghij",
    "digits": "0123456789\u0660\u0967\u00b2\u2167\uff11.,",
    "punctuation": '!"#$%&()*+,./:;<=>?@[\\]^_`{|}~\u2026\u2014\u00bf',
    "apostrophes": "n't'-\u2019\u2010\u2011\u02bcs-l'",
    "private use": "\ue000\uf8ff\U000f0000\U0010fffd",
    "astral": "\U00010000\U0001d49c\U0001d7d8\U000e0001\U000e007f",
    "replacement": "\ufffd\ufffc\ufff9\ufdd0\uffff\U0001ffff",
    "control": "\x01\x07\x08\x0b\x0c\x1b\x1f\x7f\x85\u0090",
    "case": "\u0130\u0131\u00df\u1e9e\u0149\ufb03\u03a3\u03c2\u01c5\u1f88",
    "compatibility": "\u33c2\ufb01\u2460\uff21\u3380\u0132\ufdfa\u1e9b\u0323",
    "special tokens": "[CLS][SEP][PAD][MASK][UNK]##",
}
"""Alphabets by name; a text is made of one or two of them."""

_SMALL, _MIDDLE, _LARGE = 4000, 160, 12


class Texts:
    """Texts made in advance from a seed, so that making a request takes little time.

    Args:
        seed: Seed of the campaign.
    """

    def __init__(self, seed: int) -> None:
        generator = random.Random(seed)
        self.small = [_text(generator, generator.choice(_LENGTHS)) for _ in range(_SMALL)]
        self.middle = [_text(generator, generator.randint(500, 3000)) for _ in range(_MIDDLE)]
        self.large = [
            _text(generator, 500) * generator.randint(20, 150)
            for _ in range(_LARGE)
        ]  # fmt: skip
        self.words = ["good", "bad", "film", "I love it.", "never", "\u0e14\u0e35", "", " "]

    def any(self, generator: random.Random) -> str:
        """Returns a text; most are short."""
        place = generator.random()
        if place < 0.975:
            return generator.choice(self.small)
        if place < 0.997:
            return generator.choice(self.middle)
        return generator.choice(self.large)


_LENGTHS: Sequence[int] = [0, 1, 1, 2, 3, 5, 8, 12, 20, 20, 40, 40, 80, 200]


def _text(generator: random.Random, length: int) -> str:
    names = list(ALPHABETS)
    alphabet = ALPHABETS[generator.choice(names)]
    if generator.random() < 0.4:
        alphabet += ALPHABETS[generator.choice(names)]
    if generator.random() < 0.3:
        # In order instead of at random: some alphabets are difficult because of their order.
        return (alphabet * (length // len(alphabet) + 1))[:length]
    return "".join(generator.choices(alphabet, k=length))
