"""Random classifiers of each family, and the logits that Hugging Face transformers gives for them.

``reference/make_family_references.py`` writes these logits. A family adds its cases to ``CASES``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from commands import ROOT

from scripts import checkpoints

REFERENCE = ROOT / "tests" / "reference"

TEXTS: list[str | list[str]] = json.loads(
    (REFERENCE / "family_texts.json").read_text(encoding="utf-8")
)
"""Texts and pairs of texts."""

LABELS = 32
"""As many labels as columns. Widths and heads are the same in all cases, too: MAX takes seconds to
compile a product of each shape."""

_PAD_TOKEN_IDS = {
    # directory in reference/tokenizers -> pad_token_id of its models
    "wordpiece-cased": 0,
    "byte-level-bpe": 1,
    "unigram": 1,
}

_ROWS = 652
"""Rows of every embedding, as many as the largest vocabulary has: RoBERTa and XLM-RoBERTa are the
same graph then, which is compiled once."""


@dataclass(frozen=True)
class Case:
    """A random checkpoint.

    Attributes:
        architecture: Of its family.
        tokenizer: One of the directories in ``reference/tokenizers``.
        changes: What its ``config.json`` has in place of the family's default values.
        labels: How many.
    """

    architecture: str
    tokenizer: str
    changes: dict[str, Any] = field(default_factory=dict)
    labels: int = LABELS

    @property
    def config(self) -> dict[str, Any]:
        """Its ``config.json``."""
        return checkpoints.random_config(
            self.architecture,
            id2label=checkpoints.labels(self.labels),
            max_position_embeddings=160,
            pad_token_id=_PAD_TOKEN_IDS[self.tokenizer],
            vocab_size=_ROWS,
            **self.changes,
        )

    def write(self, directory: Path) -> Path:
        """Writes the checkpoint."""
        tokenizer = REFERENCE / "tokenizers" / self.tokenizer
        return checkpoints.write_checkpoint(directory, self.config, tokenizer=tokenizer)


def _standard(**changes: Any) -> dict[str, Any]:
    """Returns changes to the keys that BERT's ``config.json`` has, and the widths of all cases."""
    return {"hidden_size": 32, "intermediate_size": 32, **changes}


CASES: dict[str, Case] = {
    "distilbert-multilingual-cased": Case(
        checkpoints.DISTILBERT, "wordpiece-cased", {"hidden_dim": 32}
    ),
    "bert-cased": Case(checkpoints.BERT, "wordpiece-cased", _standard()),
    "bert-one-type-gelu-new": Case(
        checkpoints.BERT,
        "wordpiece-cased",
        _standard(hidden_act="gelu_new", layer_norm_eps=1e-5, type_vocab_size=1),
    ),
    "bert-reranker": Case(checkpoints.BERT, "wordpiece-cased", _standard(), labels=1),
    "roberta": Case(checkpoints.ROBERTA, "byte-level-bpe", _standard()),
    "roberta-one-layer-relu": Case(
        checkpoints.ROBERTA,
        "byte-level-bpe",
        _standard(hidden_act="relu", num_hidden_layers=1),
    ),
    "xlm-roberta": Case(checkpoints.XLM_ROBERTA, "unigram", _standard()),
    "camembert": Case(
        checkpoints.CAMEMBERT,
        "unigram",
        _standard(hidden_act="silu", num_hidden_layers=3, type_vocab_size=2),
    ),
    "mpnet": Case(checkpoints.MPNET, "byte-level-bpe", _standard()),
    "mpnet-one-layer-relu": Case(
        checkpoints.MPNET,
        "byte-level-bpe",
        _standard(hidden_act="relu", num_hidden_layers=1),
    ),
    "electra-small": Case(checkpoints.ELECTRA, "wordpiece-cased", _standard()),
    "electra-base": Case(
        checkpoints.ELECTRA,
        "wordpiece-cased",
        _standard(embedding_size=32, hidden_act="relu", summary_type="mean"),
    ),
    "albert": Case(checkpoints.ALBERT, "unigram", _standard()),
    "albert-groups": Case(
        checkpoints.ALBERT,
        "unigram",
        _standard(embedding_size=32, inner_group_num=2, num_hidden_groups=2, num_hidden_layers=3),
    ),
    "deberta-v3": Case(checkpoints.DEBERTA_V2, "unigram", _standard()),
    "deberta-v2": Case(
        checkpoints.DEBERTA_V2,
        "unigram",
        _standard(
            norm_rel_ebd="none",
            num_hidden_layers=3,
            pooler_hidden_act="tanh",
            pos_att_type=["c2p", "p2c"],
            position_biased_input=True,
            share_att_key=False,
            type_vocab_size=2,
        ),
    ),
    "deberta-content-to-position": Case(
        checkpoints.DEBERTA_V2,
        "unigram",
        _standard(pos_att_type=["c2p"], position_buckets=-1, max_relative_positions=20),
    ),
    "deberta-position-to-content": Case(
        checkpoints.DEBERTA_V2,
        "unigram",
        _standard(
            num_hidden_layers=1, pos_att_type="p2c", position_buckets=-1, share_att_key=False
        ),
    ),
    "deberta-plain": Case(
        checkpoints.DEBERTA_V2,
        "unigram",
        _standard(
            norm_rel_ebd="none",
            pos_att_type=None,
            position_biased_input=True,
            relative_attention=False,
        ),
    ),
    "deberta-convolution": Case(
        checkpoints.DEBERTA_V2, "unigram", _standard(conv_act="gelu", conv_kernel_size=3)
    ),
    "deberta-convolution-groups-one-layer": Case(
        checkpoints.DEBERTA_V2,
        "unigram",
        _standard(conv_groups=4, conv_kernel_size=5, num_hidden_layers=1),
    ),
    "modernbert": Case(
        checkpoints.MODERNBERT, "byte-level-bpe", {"intermediate_size": 32, "num_hidden_layers": 4}
    ),
    "modernbert-mean": Case(
        checkpoints.MODERNBERT,
        "byte-level-bpe",
        {
            "classifier_activation": "silu",
            "classifier_pooling": "mean",
            "global_attn_every_n_layers": 2,
            "intermediate_size": 32,
            "local_attention": 5,
            "num_hidden_layers": 3,
            "rope_parameters": {
                "full_attention": {"rope_theta": 3000.0, "rope_type": "default"},
                "sliding_attention": {"rope_theta": 50.0, "rope_type": "default"},
            },
        },
    ),
    "modernbert-global-biases": Case(
        checkpoints.MODERNBERT,
        "byte-level-bpe",
        {
            "attention_bias": True,
            "classifier_bias": True,
            "global_attn_every_n_layers": 1,
            "global_rope_theta": 500.0,
            "hidden_activation": "gelu_new",
            "intermediate_size": 32,
            "mlp_bias": True,
            "norm_bias": True,
            "num_attention_heads": 2,
            "num_hidden_layers": 2,
        },
    ),
    "modernbert-local-last": Case(
        checkpoints.MODERNBERT,
        "byte-level-bpe",
        {
            "intermediate_size": 32,
            "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
            "local_attention": 16,
            "num_hidden_layers": 3,
        },
    ),
}
"""By the names of the files in ``reference/families``."""

SERVED = {
    checkpoints.ROBERTA: "roberta",
    checkpoints.XLM_ROBERTA: "xlm-roberta",
    # The encoder of XLM-RoBERTa, which is that of RoBERTa: with the same shapes, these three have
    # the same graph, which the first of them compiles.
    checkpoints.CAMEMBERT: "xlm-roberta",
    checkpoints.DEBERTA_V2: "deberta-v3",
    checkpoints.MODERNBERT: "modernbert",
    checkpoints.MPNET: "mpnet",
    checkpoints.ELECTRA: "electra-small",
    checkpoints.ALBERT: "albert",
    checkpoints.BERT: "bert-reranker",
}
"""Architectures, and the cases that stand for them where one checkpoint of each is loaded."""

IN_OPERATIONS_OF_MAX = (
    "bert-cased",
    "xlm-roberta",
    "mpnet",
    "electra-small",
    "albert-groups",
    "deberta-v3",
    "deberta-v2",
    "deberta-convolution-groups-one-layer",
    "modernbert-mean",
    "modernbert-local-last",
)
"""Cases whose graphs differ in MAX's own operations; each takes half a minute to compile."""

IN_BFLOAT16X3 = ("roberta", "albert", "deberta-v3", "modernbert")
"""A case of each kind of block; ``kernels/test_split_linear.py`` has products of all shapes."""


def reference(name: str) -> list[dict[str, Any]]:
    """Returns, for each of ``TEXTS``: ``ids``, ``token_types`` and ``logits`` of Hugging Face.

    ``token_types`` are those that its model was given: without any, all of them are 0.
    """
    path = REFERENCE / "families" / f"{name}.json"
    answers: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["answers"]
    return answers
