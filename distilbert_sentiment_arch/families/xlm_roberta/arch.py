"""Registration of XLM-RoBERTa sequence classifiers with MAX."""

from distilbert_sentiment_arch.engine.architecture import supported_architecture
from distilbert_sentiment_arch.engine.model import EncoderPipelineModel
from distilbert_sentiment_arch.engine.model_config import EncoderModelConfig
from distilbert_sentiment_arch.engine.tokenizer import EncoderTokenizer
from distilbert_sentiment_arch.families.xlm_roberta.config import FAMILY
from weight_adapters.roberta import convert_safetensor_state_dict


class XLMRobertaModelConfig(EncoderModelConfig):
    """Configuration of a served XLM-RoBERTa classifier."""

    family = FAMILY


class XLMRobertaTokenizer(EncoderTokenizer):
    """Tokenizer of a XLM-RoBERTa checkpoint."""

    family = FAMILY


class XLMRobertaPipelineModel(EncoderPipelineModel):
    """A compiled XLM-RoBERTa classifier."""

    model_config_cls = XLMRobertaModelConfig


ARCHITECTURE = supported_architecture(
    XLMRobertaModelConfig,
    XLMRobertaTokenizer,
    XLMRobertaPipelineModel,
    convert_safetensor_state_dict,
)
