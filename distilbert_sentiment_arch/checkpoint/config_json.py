"""Access to the values of a ``config.json``, with checks of their types and ranges.

Imports neither MAX nor transformers, so that an invalid checkpoint is refused in milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from distilbert_sentiment_arch.checkpoint.encoder_config import ACTIVATIONS
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.messages import shown

# Several times the sizes of the largest encoders (XLM-R XXL: 4096 wide, 48 layers, 250,002 tokens),
# and small enough that whatever is computed from one of them needs little time and memory.
_MAXIMUM_SIZES = {
    "hidden_size": 16_384,
    "intermediate_size": 65_536,
    "num_attention_heads": 1_024,
    "num_hidden_layers": 256,
    "vocab_size": 2_000_000,
    "max_position_embeddings": 65_536,
    "type_vocab_size": 2,
    "conv_kernel_size": 31,
}

Types = Mapping[str, tuple[type, ...]]

# Keys of all families that only transformers reads; it raises if their values have other types.
_TYPES: Types = {
    "bos_token_id": (int, type(None)),
    "chunk_size_feed_forward": (int,),
    "dtype": (str, type(None)),
    "eos_token_id": (int, type(None)),
    "initializer_range": (float,),
    "is_encoder_decoder": (bool,),
    "label2id": (dict, type(None)),
    "output_hidden_states": (bool, type(None)),
    "return_dict": (bool, type(None)),
    "tie_word_embeddings": (bool,),
    "torch_dtype": (str, type(None)),
    "transformers_version": (str, type(None)),
}

# Custom code, rotary positions: refused but where a family reads them itself.
_REFUSED = ("auto_map", "rope_parameters", "rope_scaling")

QUANTIZATION: Mapping[str, str | int | bool] = {
    "quant_method": "max-sentiment",
    "format_version": 1,
    "weights": "int8",
    "scales": "row",
    "symmetric": True,
}
"""The ``quantization_config`` of a checkpoint that ``max-sentiment quantize`` wrote."""


class ConfigJson:
    """A parsed ``config.json`` and its source.

    Args:
        raw: The parsed file.
        source: Its path or repository, for messages.
    """

    def __init__(self, raw: Mapping[str, Any], source: str) -> None:
        self.raw = raw
        self.source = source

    def error(self, message: str) -> ConfigError:
        """Returns an error that names the file."""
        return ConfigError(f"{self.source}: {message}")

    def get(self, key: str, default: Any = None) -> Any:
        """Returns a value of the file, unchecked."""
        return self.raw.get(key, default)

    @property
    def quantized(self) -> bool:
        """Whether it describes a checkpoint that ``max-sentiment quantize`` wrote.

        Raises:
            ConfigError: The checkpoint is quantised in another way.
        """
        found = self.get("quantization_config")
        if found is not None and found != QUANTIZATION:
            raise self.error(
                f"quantization_config is {shown(found)}, and of quantised checkpoints only those "
                "that `max-sentiment quantize` writes are served. Save the checkpoint unquantised."
            )
        return found is not None

    def check(self, types: Types, read: tuple[str, ...] = ()) -> None:
        """Checks the keys that only transformers reads, and refuses unsupported keys.

        Args:
            types: Keys of the family, besides those of all families, and the types of their values.
            read: Keys that most families do not have and this one reads.

        Raises:
            ConfigError: A value has the wrong type, or a key is not supported.
        """
        for key in _REFUSED:
            if key not in read and self.get(key) is not None:
                raise self.error(
                    f"{key} is {shown(self.raw[key])}, which no model that is served here has. "
                    "Save the checkpoint without it."
                )
        for key, expected in {**_TYPES, **types}.items():
            # A bool is an int to isinstance.
            if key in self.raw and type(self.raw[key]) not in expected:
                names = " or ".join(
                    "null" if each is type(None) else each.__name__ for each in expected
                )
                raise self.error(f"{key} is {shown(self.raw[key])}, not {names}. Correct it.")
        if not all(map(is_integer, (self.get("label2id") or {}).values())):
            raise self.error("label2id gives a label another value than an integer.")

    def check_aliases(self, aliases: Mapping[str, str]) -> None:
        """Checks keys for which transformers accepts a second name.

        Args:
            aliases: Second name -> key.

        Raises:
            ConfigError: The file contains both, with different values.
        """
        for alias, key in aliases.items():
            if alias in self.raw and self.raw[alias] != self.get(key):
                raise self.error(
                    f"{alias} is {shown(self.raw[alias])} and {key}, another name for it, "
                    f"{shown(self.get(key))}. Remove {alias}."
                )

    def size(self, key: str, meaning: str, default: int | None = None) -> int:
        """Returns a positive integer.

        Args:
            key: The key in the file.
            meaning: The field of ``EncoderConfig``; decides the maximum.
            default: Value of a missing key; None if the key is required.

        Raises:
            ConfigError: It is missing, not a positive integer, or above the maximum.
        """
        if key not in self.raw and default is None:
            raise self.error(f"{key} is missing. Add it; it is a positive integer.")
        value = self.get(key, default)
        if not is_integer(value) or value < 1:
            raise self.error(f"{key} is {shown(value)}, not a positive integer. Correct it.")
        if value > _MAXIMUM_SIZES[meaning]:
            raise self.error(
                f"{key} is {shown(value)}, and at most {_MAXIMUM_SIZES[meaning]} is served. "
                "Correct it."
            )
        return int(value)

    def heads(self, key: str, width_key: str) -> int:
        """Returns the number of attention heads.

        Raises:
            ConfigError: It does not divide the width of the hidden states.
        """
        heads, width = self.size(key, "num_attention_heads"), self.size(width_key, "hidden_size")
        if width % heads:
            raise self.error(
                f"{key} {heads} does not divide {width_key} {width}. Correct the one that is wrong."
            )
        return heads

    def activation(self, key: str, default: str = "gelu") -> str:
        """Returns the name of an activation in graphs and kernels.

        Args:
            key: The key in the file.
            default: Value of a missing key.

        Raises:
            ConfigError: The activation is not supported.
        """
        value = self.get(key, default)
        if not isinstance(value, str) or value not in ACTIVATIONS:
            raise self.error(
                f"{key} {shown(value)} is not supported. Supported: {', '.join(ACTIVATIONS)}."
            )
        return ACTIVATIONS[value]

    def epsilon(self, key: str, default: float) -> float:
        """Returns the epsilon of layer norms.

        Raises:
            ConfigError: It is not a number between 0 and 1.
        """
        value = self.get(key, default)
        if type(value) not in (float, int) or not math.isfinite(value) or not 0 < value < 1:
            raise self.error(f"{key} is {shown(value)}, not a number between 0 and 1. Correct it.")
        return float(value)

    def pad_token_id(self, vocab_size: int) -> int:
        """Returns the id of the padding token; 0 if there is none.

        Raises:
            ConfigError: The id is outside the vocabulary.
        """
        value = self.get("pad_token_id")
        if value is None:
            return 0
        if not is_integer(value) or not 0 <= value < vocab_size:
            raise self.error(
                f"pad_token_id {shown(value)} is outside 0..{vocab_size - 1}. "
                "Set it to the id of the tokenizer's padding token."
            )
        return int(value)


def is_integer(value: object) -> bool:
    """Whether a JSON value is an integer; ``true`` is not, although Python's bool is an int."""
    return isinstance(value, int) and not isinstance(value, bool)
