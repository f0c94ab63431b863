"""Registration of RoBERTa sequence classifiers with MAX."""

from distilbert_sentiment_arch.engine.architecture import supported_architecture
from distilbert_sentiment_arch.engine.model import EncoderPipelineModel
from distilbert_sentiment_arch.engine.model_config import EncoderModelConfig
from distilbert_sentiment_arch.engine.tokenizer import EncoderTokenizer
from distilbert_sentiment_arch.families.roberta.config import FAMILY
from weight_adapters.roberta import convert_safetensor_state_dict


class RobertaModelConfig(EncoderModelConfig):
    """Configuration of a served RoBERTa classifier."""

    family = FAMILY


class RobertaTokenizer(EncoderTokenizer):
    """Tokenizer of a RoBERTa checkpoint."""

    family = FAMILY


class RobertaPipelineModel(EncoderPipelineModel):
    """A compiled RoBERTa classifier."""

    model_config_cls = RobertaModelConfig


ARCHITECTURE = supported_architecture(
    RobertaModelConfig,
    RobertaTokenizer,
    RobertaPipelineModel,
    convert_safetensor_state_dict,
)
