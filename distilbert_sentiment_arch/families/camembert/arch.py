"""Registration of CamemBERT sequence classifiers with MAX."""

from distilbert_sentiment_arch.engine.architecture import supported_architecture
from distilbert_sentiment_arch.engine.model import EncoderPipelineModel
from distilbert_sentiment_arch.engine.model_config import EncoderModelConfig
from distilbert_sentiment_arch.engine.tokenizer import EncoderTokenizer
from distilbert_sentiment_arch.families.camembert.config import FAMILY
from weight_adapters.roberta import convert_safetensor_state_dict


class CamembertModelConfig(EncoderModelConfig):
    """Configuration of a served CamemBERT classifier."""

    family = FAMILY


class CamembertTokenizer(EncoderTokenizer):
    """Tokenizer of a CamemBERT checkpoint."""

    family = FAMILY


class CamembertPipelineModel(EncoderPipelineModel):
    """A compiled CamemBERT classifier."""

    model_config_cls = CamembertModelConfig


ARCHITECTURE = supported_architecture(
    CamembertModelConfig,
    CamembertTokenizer,
    CamembertPipelineModel,
    convert_safetensor_state_dict,
)
