"""Choice of the family that a ``config.json`` belongs to, and what is said where there is none."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.family import Families, Family
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.messages import shown

_HEAD = "ForSequenceClassification"

# The name of an encoder in that of a class: RobertaForMaskedLM, RobertaModel, BertLMHeadModel.
_CLASS = re.compile(r"(?:TF|Flax)?(?P<encoder>.+?)(?:For[A-Z]\w*|LMHeadModel|Model)")

_LONGEST = 200
"""Characters of a name that are looked at: comparing takes time with the square of its length."""

_ALIKE = 0.6
"""How alike two names are at least where one is called near the other."""


def choose_family(content: ConfigJson, families: Families) -> Family:
    """Returns the family that ``architectures`` names.

    Raises:
        ConfigError: It names none that is supported, or ``model_type`` is another one's; the
            message names the nearest supported one.
    """
    architectures, model_type = content.get("architectures"), content.get("model_type")
    of_type = _of_model_type(model_type, families)
    if not architectures:
        raise _without_architecture(content, of_type, families)
    named = architectures[0] if isinstance(architectures, list) else None
    if not isinstance(named, str) or len(architectures) > 1:
        raise content.error(
            f"architectures is {shown(architectures)}, not a list of one class. Name the class of "
            f"the checkpoint. {_served(families)}"
        )
    family = families.get(named)
    if family is None:
        raise _of_another_class(content, named, of_type, families)
    if model_type != family.model_type:
        other = f", or architectures to {shown([of_type.architecture])}" if of_type else ""
        raise content.error(
            f"model_type is {shown(model_type)}, which is not that of {named}; transformers reads "
            f"the file by it. Set it to {family.model_type!r}{other}, whichever the weights are of."
        )
    return family


def _without_architecture(
    content: ConfigJson, of_type: Family | None, families: Families
) -> ConfigError:
    architectures = shown(content.get("architectures"))
    if of_type is None:
        return content.error(
            f"architectures is {architectures}, and model_type {shown(content.get('model_type'))} "
            f"says no more. Add the class of the checkpoint. {_served(families)}"
        )
    return content.error(
        f"architectures is {architectures}, and model_type is {of_type.model_type!r}. Add "
        f'"architectures": ["{of_type.architecture}"] if the checkpoint has a '
        "sequence-classification head, and id2label with its labels."
    )


def _of_another_class(
    content: ConfigJson, named: str, of_type: Family | None, families: Families
) -> ConfigError:
    same = families.get(f"{_encoder(named)}{_HEAD}")
    if same is not None:
        return content.error(
            f"architectures is {shown([named])}, which has no sequence-classification head: "
            f"{same.architecture} is served. Fine-tune the model with that head, or choose a "
            "checkpoint that has it."
        )
    nearest = of_type or _most_alike(named, families)
    near = f"; the nearest that is served is {nearest.architecture}" if nearest else ""
    return content.error(
        f"architectures is {shown([named])}, which is not served{near}. {_served(families)}"
    )


def _of_model_type(model_type: Any, families: Families) -> Family | None:
    return next((each for each in families.values() if each.model_type == model_type), None)


def _most_alike(named: str, families: Families) -> Family | None:
    by_encoder = {_encoder(name).lower(): family for name, family in families.items()}
    found = get_close_matches(_encoder(named)[:_LONGEST].lower(), by_encoder, n=1, cutoff=_ALIKE)
    return by_encoder[found[0]] if found else None


def _encoder(architecture: str) -> str:
    """Returns the name of a class without its head."""
    match = _CLASS.fullmatch(architecture[:_LONGEST])
    return match["encoder"] if match else architecture


def _served(families: Families) -> str:
    names = sorted(map(_encoder, families))
    return f"Served are the classes ...{_HEAD} of {', '.join(names)}."
