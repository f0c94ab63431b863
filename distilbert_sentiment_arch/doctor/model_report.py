"""Says whether a checkpoint can be served, as JSON on standard output.

    python -m distilbert_sentiment_arch.doctor.model_report [MODEL [REVISION]]

A program of its own because libraries that read checkpoints may end the process they are in. It
downloads nothing: of a checkpoint of the hub, it looks at what is on this machine.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from distilbert_sentiment_arch.errors import SentimentError

State = Literal["fit", "refused", "incomplete", "absent"]


@dataclass(frozen=True)
class ModelReport:
    """What is known of a checkpoint.

    Attributes:
        state: ``fit``: it can be served; ``refused``: it cannot; ``incomplete`` and ``absent``: a
            checkpoint of the hub of which a part, or nothing, is on this machine.
        name: What clients call the model.
        reason: Why it is not fit; empty where it is.
        directory: Where it is; empty where it is not here.
        architecture: What its ``config.json`` says.
        labels: The labels of its head.
        float32_bytes: Bytes of its tensors in float32.
    """

    state: State
    name: str
    reason: str = ""
    directory: str = ""
    architecture: str = ""
    labels: tuple[str, ...] = ()
    float32_bytes: int = 0


def model_report(model: str | None, revision: str | None) -> ModelReport:
    """Looks at a checkpoint.

    Args:
        model: A directory, a hub id, or None for the embedded default.
        revision: Revision of a hub id.
    """
    from distilbert_sentiment_arch.checkpoint.source import find_checkpoint, is_of_hub
    from distilbert_sentiment_arch.families.registry import FAMILIES

    if model is not None and is_of_hub(model):
        return _of_hub(model, revision)
    try:
        found = find_checkpoint(model, FAMILIES, revision)
    except SentimentError as error:
        return ModelReport("refused", model or "", str(error))
    config = found.checkpoint.config
    specs = config.family.tensor_specs(config.encoder).values()
    return ModelReport(
        "fit",
        found.name,
        directory=str(found.checkpoint.directory),
        architecture=config.family.architecture,
        labels=config.labels.names,
        float32_bytes=4 * sum(math.prod(each.shape) for each in specs),
    )


def _of_hub(repo: str, revision: str | None) -> ModelReport:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    from distilbert_sentiment_arch.checkpoint.source import PINNED_REVISIONS, WANTED_FILES

    revision = revision or PINNED_REVISIONS.get(repo)
    try:
        directory = snapshot_download(
            repo, revision=revision, allow_patterns=WANTED_FILES, local_files_only=True
        )
    except HFValidationError as error:
        reason = f"'{repo}' is neither a directory nor a hub id ({error})."
        return ModelReport("refused", repo, reason)
    except LocalEntryNotFoundError:
        return ModelReport("absent", repo, "nothing of it is on this machine")
    local = model_report(directory, None)
    return replace(local, name=repo, state="fit" if local.state == "fit" else "incomplete")


def main(arguments: Sequence[str]) -> int:
    """Prints the report; returns the exit status."""
    model, revision = (*arguments, None, None)[:2]
    print(json.dumps(asdict(model_report(model, revision))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
