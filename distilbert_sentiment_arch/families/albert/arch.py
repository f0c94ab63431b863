"""Registration of ALBERT sequence classifiers with MAX."""

from distilbert_sentiment_arch.engine.architecture import supported_architecture
from distilbert_sentiment_arch.engine.model import EncoderPipelineModel
from distilbert_sentiment_arch.engine.model_config import EncoderModelConfig
from distilbert_sentiment_arch.engine.tokenizer import EncoderTokenizer
from distilbert_sentiment_arch.families.albert.config import FAMILY
from weight_adapters.albert import convert_safetensor_state_dict


class AlbertModelConfig(EncoderModelConfig):
    """Configuration of a served ALBERT classifier."""

    family = FAMILY


class AlbertTokenizer(EncoderTokenizer):
    """Tokenizer of a ALBERT checkpoint."""

    family = FAMILY


class AlbertPipelineModel(EncoderPipelineModel):
    """A compiled ALBERT classifier."""

    model_config_cls = AlbertModelConfig


ARCHITECTURE = supported_architecture(
    AlbertModelConfig,
    AlbertTokenizer,
    AlbertPipelineModel,
    convert_safetensor_state_dict,
)
