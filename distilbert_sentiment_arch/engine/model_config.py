"""MAX's model configuration, filled in from the checkpoint's ``config.json``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from max.dtype import DType
from max.graph import DeviceRef
from max.pipelines.lib import MAXModelConfig, PipelineConfig
from max.pipelines.lib.interfaces.arch_config import ArchConfig, ArchConfigWithBoundedMaxSeqLen
from max.pipelines.modeling.config_enums import SupportedEncoding, supported_encoding_dtype
from typing_extensions import override

from distilbert_sentiment_arch.checkpoint.classifier_config import ClassifierConfig, read_config
from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.family import Family
from distilbert_sentiment_arch.checkpoint.inspection import inspect_checkpoint
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.engine.max_internals.model_config import (
    read_config_json,
    select_encoding,
)
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.settings.accelerator_precision import accelerator_encoding
from distilbert_sentiment_arch.settings.precision import requested_precision

if TYPE_CHECKING:
    from transformers import AutoConfig

label_checks: list[Callable[[LabelSet], None]] = []
"""Functions that are called with the labels of a checkpoint before anything is compiled, and raise
ConfigError. The code that assembles a server adds them."""


@dataclass(kw_only=True)
class EncoderModelConfig(ArchConfigWithBoundedMaxSeqLen, ArchConfig):
    """Configuration of one served classifier; a family's subclass says which family.

    Attributes:
        family: The family.
        encoder: All that the graph depends on.
        dtype: What the graph computes in.
        device: Where the graph runs.
        max_seq_len: Most tokens in one sequence, special tokens included.
    """

    DEFAULT_ENCODING: ClassVar[SupportedEncoding] = "float32"
    SUPPORTED_ENCODINGS: ClassVar[set[SupportedEncoding]] = {"float32", "float16", "bfloat16"}

    family: ClassVar[Family]

    encoder: EncoderConfig
    dtype: DType
    device: DeviceRef
    max_seq_len: int

    @override
    @classmethod
    def calculate_max_seq_len(
        cls, huggingface_config: AutoConfig, model_config: MAXModelConfig
    ) -> int:
        """Returns the most tokens of a sequence, which may be fewer than rows of positions.

        Raises:
            CheckpointError: The checkpoint cannot be served.
            ConfigError: More were asked for.
        """
        del huggingface_config
        encoder = served_config(model_config, cls.family).encoder
        return _bounded(encoder.max_position_embeddings, model_config.max_length)

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
            ConfigError: More than one device was asked for, the precision is none of those there
                are, or a check of the labels failed.
        """
        requested_precision()
        model = model_config or pipeline_config.model
        if len(model.device_specs) != 1:
            raise ConfigError(
                f"{len(model.device_specs)} devices were asked for and the classifier runs on one. "
                "Pass --devices cpu or --devices gpu:0, and start one server a device."
            )
        spec = model.device_specs[0]
        config = served_config(model, cls.family)
        for check in label_checks:
            check(config.labels)
        encoding = select_encoding(model, cls.DEFAULT_ENCODING)
        if spec.device_type != "cpu":
            encoding = cast(SupportedEncoding, accelerator_encoding(encoding))
        return cls(
            encoder=config.encoder,
            dtype=supported_encoding_dtype(encoding),
            device=DeviceRef(device_type=spec.device_type, id=spec.id),
            max_seq_len=max_seq_len,
        )


def _bounded(most: int, requested: int | None) -> int:
    """Returns the most tokens of a sequence: what was asked for, where the encoder reads as many.

    Raises:
        ConfigError: It reads fewer.
    """
    if requested is not None and requested > most:
        raise ConfigError(
            f"--max-length is {requested}, and the model reads at most {most} tokens. Lower it, or "
            "leave it out."
        )
    return requested or most


def served_config(model: MAXModelConfig, family: Family) -> ClassifierConfig:
    """Returns the checkpoint's configuration; a local checkpoint is inspected whole.

    The weights of a hub checkpoint are not here yet: the model worker checks them as it loads.

    Raises:
        CheckpointError: The checkpoint cannot be served.
    """
    repo: Any = model.huggingface_model_repo
    if repo.repo_type == "local":
        return _inspected_once(Path(repo.local_path), family)
    content = ConfigJson(read_config_json(repo), f"{repo.repo_id}/config.json")
    return read_config(content, {family.architecture: family})


@lru_cache(maxsize=1)
def _inspected_once(directory: Path, family: Family) -> ClassifierConfig:
    # MAX initialises the configuration several times in one process.
    return inspect_checkpoint(directory, {family.architecture: family}).config
