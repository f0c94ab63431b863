"""Registration of ELECTRA sequence classifiers with MAX."""

from distilbert_sentiment_arch.engine.architecture import supported_architecture
from distilbert_sentiment_arch.engine.model import EncoderPipelineModel
from distilbert_sentiment_arch.engine.model_config import EncoderModelConfig
from distilbert_sentiment_arch.engine.tokenizer import EncoderTokenizer
from distilbert_sentiment_arch.families.electra.config import FAMILY
from weight_adapters.electra import convert_safetensor_state_dict


class ElectraModelConfig(EncoderModelConfig):
    """Configuration of a served ELECTRA classifier."""

    family = FAMILY


class ElectraTokenizer(EncoderTokenizer):
    """Tokenizer of a ELECTRA checkpoint."""

    family = FAMILY


class ElectraPipelineModel(EncoderPipelineModel):
    """A compiled ELECTRA classifier."""

    model_config_cls = ElectraModelConfig


ARCHITECTURE = supported_architecture(
    ElectraModelConfig,
    ElectraTokenizer,
    ElectraPipelineModel,
    convert_safetensor_state_dict,
)
