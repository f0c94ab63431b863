"""Half-precision checkpoints, found where MAX computes in float32 and was given no weight files.

MAX 26.7.0 looks for files of the encoding it computes in, which is float32 on a CPU, and casts to
that from nothing else, so that ``max serve --model`` alone ends with "compatible weights cannot be
found for 'float32'". Our weight adapters cast float16 and bfloat16. The private function that looks
is replaced; where MAX changes it, the import or the test of this module fails.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from max.graph.weights import WeightsFormat
from max.pipelines.lib.config import model_config
from max.pipelines.modeling.config_enums import SupportedEncoding
from max.pipelines.weights.hf_utils import HuggingFaceRepo

from distilbert_sentiment_arch.engine.max_internals.model_config import read_config_json

_HALF_PRECISION: tuple[SupportedEncoding, ...] = ("float16", "bfloat16")

_of_max = model_config._discover_default_weight_paths


def install(architectures: Collection[str]) -> None:
    """Has MAX find the half-precision files of checkpoints of these architectures.

    Args:
        architectures: First entries of ``architectures`` in ``config.json``. Their weight adapters
            cast half precision to what the graph computes in.
    """

    def discover(
        weight_repo: HuggingFaceRepo,
        quantization_encoding: SupportedEncoding,
        applied_dtype_cast_from: SupportedEncoding | None,
        default_weights_format: WeightsFormat,
    ) -> list[Path]:
        found: list[Path] = _of_max(
            weight_repo, quantization_encoding, applied_dtype_cast_from, default_weights_format
        )
        if found or quantization_encoding != "float32":
            return found
        named = read_config_json(weight_repo).get("architectures") or [None]
        if named[0] not in architectures:
            return found
        for encoding in _HALF_PRECISION:
            files = weight_repo.files_for_encoding(encoding=encoding).get(default_weights_format)
            if files:
                return [_absolute(weight_repo, file) for file in files]
        return found

    model_config._discover_default_weight_paths = discover


def _absolute(repo: HuggingFaceRepo, file: Path) -> Path:
    # MAX takes the encoding of a file that it does not find from here for the one to compute in.
    return Path(repo.local_path) / file if repo.repo_type == "local" else file
