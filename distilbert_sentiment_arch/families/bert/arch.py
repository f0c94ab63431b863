"""Registration of BERT sequence classifiers with MAX."""

from distilbert_sentiment_arch.engine.architecture import supported_architecture
from distilbert_sentiment_arch.engine.model import EncoderPipelineModel
from distilbert_sentiment_arch.engine.model_config import EncoderModelConfig
from distilbert_sentiment_arch.engine.tokenizer import EncoderTokenizer
from distilbert_sentiment_arch.families.bert.config import FAMILY
from weight_adapters.bert import convert_safetensor_state_dict


class BertModelConfig(EncoderModelConfig):
    """Configuration of a served BERT classifier."""

    family = FAMILY


class BertTokenizer(EncoderTokenizer):
    """WordPiece of a BERT checkpoint."""

    family = FAMILY


class BertPipelineModel(EncoderPipelineModel):
    """A compiled BERT classifier."""

    model_config_cls = BertModelConfig


ARCHITECTURE = supported_architecture(
    BertModelConfig,
    BertTokenizer,
    BertPipelineModel,
    convert_safetensor_state_dict,
)
