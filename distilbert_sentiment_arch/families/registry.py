"""The model families that are served, a line each. Imports no MAX before ``architectures``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from distilbert_sentiment_arch.checkpoint.family import Families, Family

if TYPE_CHECKING:
    from max.pipelines.lib import SupportedArchitecture

_FOLDERS = (
    "distilbert",
    "bert",
    "roberta",
    "xlm_roberta",
    "camembert",
    "mpnet",
    "electra",
    "albert",
    "deberta_v2",
    "modernbert",
)


def _family(folder: str) -> Family:
    family: Family = import_module(f"{__package__}.{folder}.config").FAMILY
    return family


FAMILIES: Families = {each.architecture: each for each in map(_family, _FOLDERS)}
"""By ``architectures[0]`` of ``config.json``."""


def architectures() -> list[SupportedArchitecture]:
    """Returns what MAX registers: the ``ARCHITECTURE`` of each family's ``arch`` module."""
    return [import_module(f"{__package__}.{folder}.arch").ARCHITECTURE for folder in _FOLDERS]
