"""Operations of a BERT-like encoder on a CPU, over packed tokens: no padding is computed anywhere."""

from .block import FirstBlock, LastBlock, TransformerBlock
from .disentangled_block import DisentangledBlock, DisentangledLastBlock
from .embedding import EmbedTokens
from .encoder_pass import EncoderPass
from .linear import PackedLinear
from .norm import LayerNorm
from .pooling import MeanOfTokens
from .rotary_block import RotaryBlock, RotaryLastBlock
from .unfold import UnfoldTokens
