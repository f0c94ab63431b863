"""Token ids of one input, and where its second text begins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

TokenIds = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TokenSequence:
    """What a model reads as one sequence.

    Attributes:
        ids: int64 ``(tokens,)``, special tokens included.
        first_segment: Tokens of type 0: those before the second text of a pair, as in Devlin et al.
            2019, and all of them where there is none, or where the model knows no token types.
    """

    ids: TokenIds
    first_segment: int

    def __len__(self) -> int:
        """Returns the number of tokens."""
        return len(self.ids)

    def kept(self, *ranges: tuple[int, int]) -> TokenSequence:
        """Returns the tokens of some ranges, one behind the other.

        Args:
            *ranges: First token of each and the one after its last, in ascending order.
        """
        return TokenSequence(
            np.concatenate([self.ids[start:end] for start, end in ranges]),
            sum(max(0, min(end, self.first_segment) - start) for start, end in ranges),
        )


@dataclass(frozen=True)
class SpecialTokens:
    """The special tokens that a tokenizer puts around texts.

    Attributes:
        first: Id of the token before a text, [CLS] or <s>.
        last: Id of the token behind each text, [SEP] or </s>.
        between: Tokens ``last`` between the texts of a pair: one in BERT, two in RoBERTa.
        typed: The second text of a pair has token type 1; otherwise the whole pair has type 0.
    """

    first: int
    last: int
    between: int = 1
    typed: bool = True

    def count(self, *, pair: bool) -> int:
        """Returns how many there are around a text, or a pair of texts."""
        return 2 + (self.between if pair else 0)


def single_segment(ids: TokenIds) -> TokenSequence:
    """Returns token ids as a sequence of one text."""
    return TokenSequence(ids, len(ids))
