"""DeBERTa's table of weight names, compared with the graph and with Hugging Face's names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from weight_tables import assert_graph_has_the_weights, converted, read

from distilbert_sentiment_arch.errors import TensorError
from scripts import checkpoints
from weight_adapters.deberta_v2 import tensor_specs

# Names of DebertaV2ForSequenceClassification.state_dict() with one layer, in transformers 5.23: of
# version 3, and what its options add or take away.
VERSION_3 = """
deberta.embeddings.word_embeddings.weight
deberta.embeddings.LayerNorm.weight deberta.embeddings.LayerNorm.bias
deberta.encoder.layer.0.attention.self.query_proj.weight
deberta.encoder.layer.0.attention.self.query_proj.bias
deberta.encoder.layer.0.attention.self.key_proj.weight
deberta.encoder.layer.0.attention.self.key_proj.bias
deberta.encoder.layer.0.attention.self.value_proj.weight
deberta.encoder.layer.0.attention.self.value_proj.bias
deberta.encoder.layer.0.attention.output.dense.weight
deberta.encoder.layer.0.attention.output.dense.bias
deberta.encoder.layer.0.attention.output.LayerNorm.weight
deberta.encoder.layer.0.attention.output.LayerNorm.bias
deberta.encoder.layer.0.intermediate.dense.weight deberta.encoder.layer.0.intermediate.dense.bias
deberta.encoder.layer.0.output.dense.weight deberta.encoder.layer.0.output.dense.bias
deberta.encoder.layer.0.output.LayerNorm.weight deberta.encoder.layer.0.output.LayerNorm.bias
deberta.encoder.rel_embeddings.weight
deberta.encoder.LayerNorm.weight deberta.encoder.LayerNorm.bias
pooler.dense.weight pooler.dense.bias classifier.weight classifier.bias
""".split()
TABLES = """
deberta.embeddings.position_embeddings.weight deberta.embeddings.token_type_embeddings.weight
""".split()
POSITION_KEY = """
deberta.encoder.layer.0.attention.self.pos_key_proj.weight
deberta.encoder.layer.0.attention.self.pos_key_proj.bias
""".split()
POSITION_QUERY = """
deberta.encoder.layer.0.attention.self.pos_query_proj.weight
deberta.encoder.layer.0.attention.self.pos_query_proj.bias
""".split()
NORM = ["deberta.encoder.LayerNorm.weight", "deberta.encoder.LayerNorm.bias"]
CONVOLUTION = """
deberta.encoder.conv.conv.weight deberta.encoder.conv.conv.bias
deberta.encoder.conv.LayerNorm.weight deberta.encoder.conv.LayerNorm.bias
""".split()
RELATIVE = ["deberta.encoder.rel_embeddings.weight", *NORM]

# Of the checkpoints that classifiers were trained from.
DROPPED = """
lm_predictions.lm_head.bias lm_predictions.lm_head.dense.weight lm_predictions.lm_head.dense.bias
lm_predictions.lm_head.LayerNorm.weight lm_predictions.lm_head.LayerNorm.bias
mask_predictions.dense.weight mask_predictions.dense.bias
mask_predictions.LayerNorm.weight mask_predictions.LayerNorm.bias
mask_predictions.classifier.weight mask_predictions.classifier.bias
cls.predictions.bias deberta.embeddings.position_ids
""".split()

CASES: list[tuple[dict[str, Any], list[str], list[str]]] = [
    # changes to version 3, names more, names less
    ({}, [], []),
    ({"position_biased_input": True, "type_vocab_size": 2}, TABLES, []),
    ({"share_att_key": False, "norm_rel_ebd": "none"}, POSITION_KEY + POSITION_QUERY, NORM),
    ({"share_att_key": False, "pos_att_type": "c2p"}, POSITION_KEY, []),
    ({"share_att_key": False, "pos_att_type": "p2c"}, POSITION_QUERY, []),
    ({"relative_attention": False, "pos_att_type": None, "norm_rel_ebd": "none"}, [], RELATIVE),
    ({"conv_kernel_size": 3}, CONVOLUTION, []),
    ({"conv_kernel_size": 5, "conv_groups": 4}, CONVOLUTION, []),
]


@pytest.mark.parametrize(("changes", "more", "less"), CASES)
def test_names_are_those_of_hugging_face(
    changes: dict[str, Any], more: list[str], less: list[str]
) -> None:
    specs = tensor_specs(read(checkpoints.DEBERTA_V2, **changes).encoder)
    names = {name for name in specs if ".layer.1." not in name}
    assert names == {*VERSION_3, *more} - {*less}


@pytest.mark.parametrize("changes", [changes for changes, _, _ in CASES])
def test_graph_modules_have_the_names_of_the_table(changes: dict[str, Any]) -> None:
    assert_graph_has_the_weights(read(checkpoints.DEBERTA_V2, **changes))


def test_heads_of_pre_training_are_dropped(tmp_path: Path) -> None:
    config = read(checkpoints.DEBERTA_V2)
    tensors = checkpoints.random_tensors(checkpoints.random_config(checkpoints.DEBERTA_V2))
    weights = converted(tmp_path, config, tensors, DROPPED)
    assert len(weights) == len(tensors)
    np.testing.assert_array_equal(
        weights["encoder.relative.embeddings.weight"], tensors[RELATIVE[0]]
    )


UNUSED = [
    # changes to version 3 that do without these names
    ({"position_biased_input": False}, TABLES[:1]),
    ({"norm_rel_ebd": "none"}, NORM),
    ({"relative_attention": False, "pos_att_type": None, "norm_rel_ebd": "none"}, NORM),
]


@pytest.mark.parametrize(("changes", "unused"), UNUSED)
def test_what_a_configuration_does_not_use_is_dropped(
    tmp_path: Path, changes: dict[str, Any], unused: list[str]
) -> None:
    config = read(checkpoints.DEBERTA_V2, **changes)
    tensors = checkpoints.random_tensors(
        checkpoints.random_config(checkpoints.DEBERTA_V2, **changes)
    )
    assert len(converted(tmp_path, config, tensors, unused)) == len(tensors)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"position_biased_input": True}, TABLES[0]),
        ({}, NORM[0]),
        ({}, NORM[1]),
        *(({"conv_kernel_size": 3}, name) for name in CONVOLUTION),
    ],
)
def test_what_a_configuration_uses_must_be_there(
    tmp_path: Path, changes: dict[str, Any], name: str
) -> None:
    config = read(checkpoints.DEBERTA_V2, **changes)
    tensors = checkpoints.random_tensors(
        checkpoints.random_config(checkpoints.DEBERTA_V2, **changes)
    )
    written = converted(tmp_path, config, tensors)
    graph_name = tensor_specs(config.encoder)[name].graph_name
    np.testing.assert_array_equal(written[graph_name], tensors[name])
    del tensors[name]
    with pytest.raises(TensorError, match=f"'{name}'.* is missing"):
        converted(tmp_path, config, tensors)


def test_any_other_name_is_refused(tmp_path: Path) -> None:
    """As with positions' own layers beside shared ones, or a convolution that config.json lacks.

    The two say different things.
    """
    config = read(checkpoints.DEBERTA_V2)
    tensors = checkpoints.random_tensors(checkpoints.random_config(checkpoints.DEBERTA_V2))
    for name in (POSITION_KEY[0], TABLES[1], CONVOLUTION[0]):
        with pytest.raises(TensorError, match="has no place in the graph"):
            converted(tmp_path, config, tensors, [name])
