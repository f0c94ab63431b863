"""What DistilBERT needs on a CPU, over packed tokens: no padding is computed anywhere."""

from .block import LastBlock, TransformerBlock
from .embedding import EmbedTokens
from .linear import PackedLinear
