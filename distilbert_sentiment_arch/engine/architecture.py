"""Registration of a family with MAX: what is the same for all of them."""

from __future__ import annotations

from typing import Any

from max.graph.weights import WeightsFormat
from max.pipelines.context import TextContext
from max.pipelines.lib import SupportedArchitecture
from max.pipelines.modeling.types import PipelineTask

from distilbert_sentiment_arch.engine.batch_processor import PackedEncoderBatchProcessor
from distilbert_sentiment_arch.engine.model import EncoderPipelineModel
from distilbert_sentiment_arch.engine.model_config import EncoderModelConfig
from distilbert_sentiment_arch.engine.tokenizer import EncoderTokenizer


def supported_architecture(
    config: type[EncoderModelConfig],
    tokenizer: type[EncoderTokenizer],
    model: type[EncoderPipelineModel],
    weight_adapter: Any,
) -> SupportedArchitecture:
    """Returns what ``ARCHITECTURES`` lists for a family.

    The classes are the family's own, at the top of a module: MAX sends them to its model worker by
    name.

    Args:
        config: Reads its configuration.
        tokenizer: Tokenizes for it.
        model: Loads, compiles and runs it.
        weight_adapter: Returns the weights of its graph; see ``weight_adapters``.
    """
    return SupportedArchitecture(
        name=config.family.architecture,
        # MAX has no classification task; an encoder's rows come back as embeddings.
        task=PipelineTask.EMBEDDINGS_GENERATION,
        example_repo_ids=list(config.family.examples),
        default_encoding=config.DEFAULT_ENCODING,
        supported_encodings=config.SUPPORTED_ENCODINGS,
        pipeline_model=model,
        tokenizer=tokenizer,
        context_type=TextContext,
        default_weights_format=WeightsFormat.safetensors,
        weight_adapters={WeightsFormat.safetensors: weight_adapter},
        required_arguments={"enable_prefix_caching": False},
        config=config,
        batching=PackedEncoderBatchProcessor,
    )
