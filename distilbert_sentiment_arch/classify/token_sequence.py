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
        first_segment: Tokens before those of the second text of a pair, all of them where there is
            none. They have token type 0 and the others type 1, as in Devlin et al. 2019.
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


def single_segment(ids: TokenIds) -> TokenSequence:
    """Returns token ids as a sequence of one text."""
    return TokenSequence(ids, len(ids))
