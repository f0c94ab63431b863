"""Registration of DeBERTa sequence classifiers, versions 2 and 3, with MAX."""

from distilbert_sentiment_arch.engine.architecture import supported_architecture
from distilbert_sentiment_arch.engine.model import EncoderPipelineModel
from distilbert_sentiment_arch.engine.model_config import EncoderModelConfig
from distilbert_sentiment_arch.engine.tokenizer import EncoderTokenizer
from distilbert_sentiment_arch.families.deberta_v2.config import FAMILY
from weight_adapters.deberta_v2 import convert_safetensor_state_dict


class DebertaV2ModelConfig(EncoderModelConfig):
    """Configuration of a served DeBERTa classifier."""

    family = FAMILY


class DebertaV2Tokenizer(EncoderTokenizer):
    """Unigram of a DeBERTa checkpoint."""

    family = FAMILY


class DebertaV2PipelineModel(EncoderPipelineModel):
    """A compiled DeBERTa classifier."""

    model_config_cls = DebertaV2ModelConfig


ARCHITECTURE = supported_architecture(
    DebertaV2ModelConfig,
    DebertaV2Tokenizer,
    DebertaV2PipelineModel,
    convert_safetensor_state_dict,
)
