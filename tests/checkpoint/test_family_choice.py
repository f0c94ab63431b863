"""The family of a config.json, and the one message where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.family_choice import choose_family
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.families.registry import FAMILIES


def choose(**content: Any) -> str:
    return choose_family(ConfigJson(content, "config.json"), FAMILIES).architecture


@pytest.mark.parametrize("architecture", FAMILIES)
def test_architectures_and_model_type_name_the_family(architecture: str) -> None:
    model_type = FAMILIES[architecture].model_type
    assert choose(architectures=[architecture], model_type=model_type) == architecture


@pytest.mark.parametrize(
    ("architecture", "model_type", "served"),
    [
        ("RobertaForMaskedLM", "roberta", "RobertaForSequenceClassification"),
        ("RobertaModel", "roberta", "RobertaForSequenceClassification"),
        ("BertForPreTraining", "bert", "BertForSequenceClassification"),
        ("BertLMHeadModel", "bert", "BertForSequenceClassification"),
        ("TFDistilBertModel", "distilbert", "DistilBertForSequenceClassification"),
        ("XLMRobertaForTokenClassification", "xlm-roberta", "XLMRobertaForSequenceClassification"),
    ],
)
def test_another_head_of_a_served_encoder(architecture: str, model_type: str, served: str) -> None:
    with pytest.raises(ConfigError) as caught:
        choose(architectures=[architecture], model_type=model_type)
    assert f"['{architecture}'], which has no sequence-classification head" in str(caught.value)
    assert f": {served} is served. Fine-tune" in str(caught.value)


@pytest.mark.parametrize(
    ("architecture", "model_type", "nearest"),
    [
        # By its type, then by its name.
        ("MyBert", "bert", "BertForSequenceClassification"),
        ("XLMRobertaXLForSequenceClassification", "xlm-roberta-xl", "XLMRobertaFor"),
        ("RobertaPreLayerNormForMaskedLM", "roberta-prelayernorm", None),
        ("LlamaForCausalLM", "llama", None),
        ("T5ForSequenceClassification", "t5", None),
    ],
)
def test_an_encoder_that_is_not_served(
    architecture: str, model_type: str, nearest: str | None
) -> None:
    with pytest.raises(ConfigError) as caught:
        choose(architectures=[architecture], model_type=model_type)
    message = str(caught.value)
    assert f"['{architecture}'], which is not served" in message
    assert (f"the nearest that is served is {nearest}" in message) is (nearest is not None)
    assert "ForSequenceClassification of Albert, Bert," in message
    assert len(message) < 480


def test_a_name_without_end_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="which is not served"):
        choose(architectures=["ForA" * 10**6 + "-"], model_type="bert-like")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"model_type": "roberta"},
            'Add "architectures": ["RobertaForSequenceClassification"] if the checkpoint has',
        ),
        ({"architectures": None, "model_type": "bert"}, 'Add "architectures": ["BertForSequence'),
        ({"architectures": [], "model_type": "llama"}, "model_type 'llama' says no more"),
        ({}, "architectures is None, and model_type None says no more"),
        ({"architectures": "BertModel"}, "not a list of one class"),
        ({"architectures": [["BertModel"]]}, "not a list of one class"),
        ({"architectures": ["BertModel", "BertModel"]}, "not a list of one class"),
        (
            {"architectures": ["RobertaForSequenceClassification"], "model_type": "bert"},
            "Set it to 'roberta', or architectures to ['BertForSequenceClassification']",
        ),
        (
            {"architectures": ["RobertaForSequenceClassification"]},
            "model_type is None, which is not that of Roberta",
        ),
    ],
)
def test_what_the_file_should_say(content: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        choose(**content)
    assert message in str(caught.value)
