"""Registration of MPNet sequence classifiers with MAX."""

from distilbert_sentiment_arch.engine.architecture import supported_architecture
from distilbert_sentiment_arch.engine.model import EncoderPipelineModel
from distilbert_sentiment_arch.engine.model_config import EncoderModelConfig
from distilbert_sentiment_arch.engine.tokenizer import EncoderTokenizer
from distilbert_sentiment_arch.families.mpnet.config import FAMILY
from weight_adapters.mpnet import convert_safetensor_state_dict


class MPNetModelConfig(EncoderModelConfig):
    """Configuration of a served MPNet classifier."""

    family = FAMILY


class MPNetTokenizer(EncoderTokenizer):
    """Tokenizer of a MPNet checkpoint."""

    family = FAMILY


class MPNetPipelineModel(EncoderPipelineModel):
    """A compiled MPNet classifier."""

    model_config_cls = MPNetModelConfig


ARCHITECTURE = supported_architecture(
    MPNetModelConfig,
    MPNetTokenizer,
    MPNetPipelineModel,
    convert_safetensor_state_dict,
)
