"""Two functions of MAX that read a model's configuration as MAX itself does."""

from __future__ import annotations

from typing import Any

from max.pipelines.lib import MAXModelConfig
from max.pipelines.lib._hf_config import load_raw_config_json
from max.pipelines.lib.config.model_config import _select_quantization_encoding
from max.pipelines.modeling.config_enums import SupportedEncoding


def read_config_json(repo: Any) -> dict[str, Any]:
    """Returns the parsed ``config.json`` of a hub repository, from MAX's download cache."""
    content: dict[str, Any] = load_raw_config_json(repo)
    return content


def select_encoding(model: MAXModelConfig, default: SupportedEncoding) -> SupportedEncoding:
    """Returns the encoding that MAX computes a model in."""
    encoding: SupportedEncoding = _select_quantization_encoding(model, default)
    return encoding
