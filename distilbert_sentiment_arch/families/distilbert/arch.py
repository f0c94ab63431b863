"""Architecture registration of DistilBERT sequence classifiers."""

from max.graph.weights import WeightsFormat
from max.pipelines.context import TextContext
from max.pipelines.lib import SupportedArchitecture
from max.pipelines.modeling.types import PipelineTask

from distilbert_sentiment_arch.checkpoint.hf_config import ARCHITECTURE
from distilbert_sentiment_arch.engine.batch_processor import DistilBertBatchProcessor
from distilbert_sentiment_arch.engine.model import DistilBertPipelineModel
from distilbert_sentiment_arch.engine.model_config import DistilBertModelConfig
from distilbert_sentiment_arch.engine.tokenizer import DistilBertTokenizer
from weight_adapters import distilbert as weight_adapter

distilbert_arch = SupportedArchitecture(
    name=ARCHITECTURE,
    # MAX has no classification task; an encoder's rows come back as embeddings.
    task=PipelineTask.EMBEDDINGS_GENERATION,
    example_repo_ids=["distilbert/distilbert-base-uncased-finetuned-sst-2-english"],
    default_encoding=DistilBertModelConfig.DEFAULT_ENCODING,
    supported_encodings=DistilBertModelConfig.SUPPORTED_ENCODINGS,
    pipeline_model=DistilBertPipelineModel,
    tokenizer=DistilBertTokenizer,
    context_type=TextContext,
    default_weights_format=WeightsFormat.safetensors,
    weight_adapters={
        WeightsFormat.safetensors: weight_adapter.convert_safetensor_state_dict,
    },
    required_arguments={"enable_prefix_caching": False},
    config=DistilBertModelConfig,
    batching=DistilBertBatchProcessor,
)
