"""What MAX asks of a model configuration, answered from the checkpoint's ``config.json``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Self

from max.dtype import DType
from max.graph import DeviceRef
from max.pipelines.lib import MAXModelConfig, PipelineConfig
from max.pipelines.lib._hf_config import load_raw_config_json
from max.pipelines.lib.config.model_config import _select_quantization_encoding
from max.pipelines.lib.interfaces.arch_config import ArchConfig, ArchConfigWithBoundedMaxSeqLen
from max.pipelines.modeling.config_enums import SupportedEncoding, supported_encoding_dtype
from typing_extensions import override

from distilbert_sentiment_arch.checkpoint.hf_config import HFConfig
from distilbert_sentiment_arch.checkpoint.inspection import inspect_checkpoint
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.lexicon.lexicon_classifier import check_labels
from distilbert_sentiment_arch.lexicon.settings import LexiconSettings


@dataclass(kw_only=True)
class DistilBertModelConfig(ArchConfigWithBoundedMaxSeqLen, ArchConfig):
    """Configuration of one served DistilBERT classifier.

    Attributes:
        hf_config: The checkpoint's ``config.json``.
        dtype: What the graph computes in.
        device: Where the graph runs.
        max_seq_len: Most tokens in one sequence, special tokens included.
    """

    DEFAULT_ENCODING: ClassVar[SupportedEncoding] = "float32"
    SUPPORTED_ENCODINGS: ClassVar[set[SupportedEncoding]] = {"float32", "float16", "bfloat16"}

    hf_config: HFConfig
    dtype: DType
    device: DeviceRef
    max_seq_len: int

    @override
    @classmethod
    def initialize(
        cls,
        pipeline_config: PipelineConfig,
        model_config: MAXModelConfig | None = None,
        *,
        max_seq_len: int,
    ) -> Self:
        """Builds the configuration from MAX's pipeline configuration.

        Raises:
            CheckpointError: The checkpoint cannot be served; nothing has been compiled yet.
            ConfigError: More than one device was asked for, or a word list that cannot stand in
                for the checkpoint.
        """
        model = model_config or pipeline_config.model
        if len(model.device_specs) != 1:
            raise ConfigError(
                f"{len(model.device_specs)} devices were asked for and the classifier runs on one. "
                "Pass --devices cpu or --devices gpu:0, and start one server a device."
            )
        spec = model.device_specs[0]
        encoding = _select_quantization_encoding(model, cls.DEFAULT_ENCODING)
        hf_config = served_hf_config(model)
        if LexiconSettings.from_environment().fallback != "off":
            check_labels(hf_config.labels)
        return cls(
            hf_config=hf_config,
            dtype=supported_encoding_dtype(encoding),
            device=DeviceRef(device_type=spec.device_type, id=spec.id),
            max_seq_len=max_seq_len,
        )


def served_hf_config(model: MAXModelConfig) -> HFConfig:
    """Returns the checkpoint's configuration; a local checkpoint is inspected whole.

    The weights of a hub checkpoint are not here yet: the model worker checks them as it loads.

    Raises:
        CheckpointError: The checkpoint cannot be served.
    """
    repo: Any = model.huggingface_model_repo
    if repo.repo_type == "local":
        return _inspected_once(Path(repo.local_path))
    return HFConfig.from_dict(load_raw_config_json(repo), f"{repo.repo_id}/config.json")


@lru_cache(maxsize=1)
def _inspected_once(directory: Path) -> HFConfig:
    # MAX initialises the configuration several times in one process.
    return inspect_checkpoint(directory).config
