"""Registration of ModernBERT sequence classifiers with MAX."""

from distilbert_sentiment_arch.engine.architecture import supported_architecture
from distilbert_sentiment_arch.engine.model import EncoderPipelineModel
from distilbert_sentiment_arch.engine.model_config import EncoderModelConfig
from distilbert_sentiment_arch.engine.tokenizer import EncoderTokenizer
from distilbert_sentiment_arch.families.modernbert.config import FAMILY
from weight_adapters.modernbert import convert_safetensor_state_dict


class ModernBertModelConfig(EncoderModelConfig):
    """Configuration of a served ModernBERT classifier."""

    family = FAMILY


class ModernBertTokenizer(EncoderTokenizer):
    """Byte-level BPE of a ModernBERT checkpoint."""

    family = FAMILY


class ModernBertPipelineModel(EncoderPipelineModel):
    """A compiled ModernBERT classifier."""

    model_config_cls = ModernBertModelConfig


ARCHITECTURE = supported_architecture(
    ModernBertModelConfig,
    ModernBertTokenizer,
    ModernBertPipelineModel,
    convert_safetensor_state_dict,
)
