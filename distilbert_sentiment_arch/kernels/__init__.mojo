"""What DistilBERT needs on a CPU, over packed tokens: no padding is computed anywhere."""

from .attention import RaggedAttention
from .embedding import EmbedTokens
from .linear import PackedLinear, PackedLinearNorm
