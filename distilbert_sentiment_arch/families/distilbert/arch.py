"""Registration of DistilBERT sequence classifiers with MAX."""

from distilbert_sentiment_arch.engine.architecture import supported_architecture
from distilbert_sentiment_arch.engine.model import EncoderPipelineModel
from distilbert_sentiment_arch.engine.model_config import EncoderModelConfig
from distilbert_sentiment_arch.engine.tokenizer import EncoderTokenizer
from distilbert_sentiment_arch.families.distilbert.config import FAMILY
from weight_adapters.distilbert import convert_safetensor_state_dict


class DistilBertModelConfig(EncoderModelConfig):
    """Configuration of a served DistilBERT classifier."""

    family = FAMILY


class DistilBertTokenizer(EncoderTokenizer):
    """WordPiece of a DistilBERT checkpoint."""

    family = FAMILY


class DistilBertPipelineModel(EncoderPipelineModel):
    """A compiled DistilBERT classifier."""

    model_config_cls = DistilBertModelConfig


ARCHITECTURE = supported_architecture(
    DistilBertModelConfig,
    DistilBertTokenizer,
    DistilBertPipelineModel,
    convert_safetensor_state_dict,
)
