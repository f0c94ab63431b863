"""Checkpoints with random weights, in the shapes of published ones.

The time of a pass depends on shapes and tokens and not on the values of the weights, so a shape can
be measured where its published checkpoint is not at hand. Each has a made-up tokenizer of the kind
and the size of the published one.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.benchmarking.made_tokenizers import (
    BERT_TOKENS,
    DEBERTA_TOKENS,
    MODERNBERT_TOKENS,
    MPNET_TOKENS,
    ROBERTA_TOKENS,
    MadeTokenizer,
)
from scripts.checkpoints import random_tensors

_LABELS = {"id2label": {"0": "NEGATIVE", "1": "POSITIVE"}, "dtype": "float32"}
_BASE = {
    "hidden_act": "gelu",
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
}
_BERT = _BASE | {
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
    "type_vocab_size": 2,
    "vocab_size": 30522,
}
_ROBERTA = _BASE | {
    "bos_token_id": 0,
    "eos_token_id": 2,
    "layer_norm_eps": 1e-05,
    "max_position_embeddings": 514,
    "pad_token_id": 1,
    "type_vocab_size": 1,
}


@dataclass(frozen=True)
class RandomModel:
    """A shape that is measured with random weights.

    Attributes:
        published: The checkpoint that has this shape, by its hub id.
        config: Its ``config.json``, the labels aside.
        tokenizer: What stands in for its tokenizer.
    """

    published: str
    config: Mapping[str, Any]
    tokenizer: MadeTokenizer

    def write(self, directory: Path) -> None:
        """Writes the checkpoint; the weights are the same each time."""
        from safetensors.numpy import save_file

        directory.mkdir(parents=True, exist_ok=True)
        config = _LABELS | dict(self.config)
        (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")
        self.tokenizer.write(directory, config["vocab_size"])
        tensors = random_tensors(config, seed=zlib.crc32(self.published.encode()))
        # The weights come last: a directory that has them is complete.
        save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})


RANDOM_MODELS: Mapping[str, RandomModel] = {
    "distilbert-multilingual-random": RandomModel(
        "distilbert/distilbert-base-multilingual-cased",
        {
            "activation": "gelu",
            "architectures": ["DistilBertForSequenceClassification"],
            "dim": 768,
            "hidden_dim": 3072,
            "max_position_embeddings": 512,
            "model_type": "distilbert",
            "n_heads": 12,
            "n_layers": 6,
            "pad_token_id": 0,
            "sinusoidal_pos_embds": False,
            "vocab_size": 119547,
        },
        MadeTokenizer("wordpiece", BERT_TOKENS, "DistilBertTokenizer"),
    ),
    "bert-base-random": RandomModel(
        "google-bert/bert-base-uncased",
        _BERT | {"architectures": ["BertForSequenceClassification"], "model_type": "bert"},
        MadeTokenizer("wordpiece", BERT_TOKENS, "BertTokenizer"),
    ),
    "roberta-base-random": RandomModel(
        "FacebookAI/roberta-base",
        _ROBERTA
        | {
            "architectures": ["RobertaForSequenceClassification"],
            "model_type": "roberta",
            "vocab_size": 50265,
        },
        MadeTokenizer("byte-level-bpe", ROBERTA_TOKENS, "RobertaTokenizer"),
    ),
    "xlm-roberta-base-random": RandomModel(
        "FacebookAI/xlm-roberta-base",
        _ROBERTA
        | {
            "architectures": ["XLMRobertaForSequenceClassification"],
            "model_type": "xlm-roberta",
            "vocab_size": 250002,
        },
        MadeTokenizer("unigram", ROBERTA_TOKENS, "XLMRobertaTokenizer"),
    ),
    "camembert-base-random": RandomModel(
        "almanach/camembert-base",
        _ROBERTA
        | {
            "architectures": ["CamembertForSequenceClassification"],
            "bos_token_id": 5,
            "eos_token_id": 6,
            "model_type": "camembert",
            "vocab_size": 32005,
        },
        MadeTokenizer("unigram", ROBERTA_TOKENS, "CamembertTokenizer"),
    ),
    "electra-base-random": RandomModel(
        "google/electra-base-discriminator",
        _BERT
        | {
            "architectures": ["ElectraForSequenceClassification"],
            "embedding_size": 768,
            "model_type": "electra",
        },
        MadeTokenizer("wordpiece", BERT_TOKENS, "ElectraTokenizer"),
    ),
    "deberta-v3-base-random": RandomModel(
        "microsoft/deberta-v3-base",
        _BASE
        | {
            "architectures": ["DebertaV2ForSequenceClassification"],
            "layer_norm_eps": 1e-7,
            "max_position_embeddings": 512,
            "max_relative_positions": -1,
            "model_type": "deberta-v2",
            "norm_rel_ebd": "layer_norm",
            "pad_token_id": 0,
            "pooler_dropout": 0,
            "pooler_hidden_act": "gelu",
            "pooler_hidden_size": 768,
            "pos_att_type": "p2c|c2p",
            "position_biased_input": False,
            "position_buckets": 256,
            "relative_attention": True,
            "share_att_key": True,
            "type_vocab_size": 0,
            "vocab_size": 128100,
        },
        MadeTokenizer("unigram", DEBERTA_TOKENS, "DebertaV2Tokenizer"),
    ),
    "modernbert-base-random": RandomModel(
        "answerdotai/ModernBERT-base",
        {
            "architectures": ["ModernBertForSequenceClassification"],
            "attention_bias": False,
            "bos_token_id": 0,
            "classifier_activation": "gelu",
            "classifier_bias": False,
            "classifier_pooling": "mean",
            "cls_token_id": 0,
            "eos_token_id": 1,
            "global_attn_every_n_layers": 3,
            "global_rope_theta": 160000.0,
            "hidden_activation": "gelu",
            "hidden_size": 768,
            "intermediate_size": 1152,
            "local_attention": 128,
            "local_rope_theta": 10000.0,
            "max_position_embeddings": 8192,
            "mlp_bias": False,
            "model_type": "modernbert",
            "norm_bias": False,
            "norm_eps": 1e-05,
            "num_attention_heads": 12,
            "num_hidden_layers": 22,
            "pad_token_id": 2,
            "sep_token_id": 1,
            "vocab_size": 50368,
        },
        MadeTokenizer("byte-level-bpe", MODERNBERT_TOKENS, "PreTrainedTokenizerFast"),
    ),
    "albert-base-random": RandomModel(
        "albert/albert-base-v2",
        _BERT
        | {
            "architectures": ["AlbertForSequenceClassification"],
            "embedding_size": 128,
            "hidden_act": "gelu_new",
            "inner_group_num": 1,
            "model_type": "albert",
            "num_hidden_groups": 1,
            "vocab_size": 30000,
        },
        MadeTokenizer("unigram", DEBERTA_TOKENS, "AlbertTokenizer"),
    ),
    "mpnet-base-random": RandomModel(
        "microsoft/mpnet-base",
        _BASE
        | {
            "architectures": ["MPNetForSequenceClassification"],
            "bos_token_id": 0,
            "eos_token_id": 2,
            "layer_norm_eps": 1e-05,
            "max_position_embeddings": 514,
            "model_type": "mpnet",
            "pad_token_id": 1,
            "relative_attention_num_buckets": 32,
            "vocab_size": 30527,
        },
        MadeTokenizer("wordpiece", MPNET_TOKENS, "MPNetTokenizer"),
    ),
}
"""By the names that configurations give them."""
