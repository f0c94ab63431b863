"""Runs one rung; see ``probe.rung_process``."""

from __future__ import annotations

import numpy as np
from max.driver import CPU, Buffer

from distilbert_sentiment_arch.engine.probing.comparison import Answer, compare
from distilbert_sentiment_arch.engine.probing.graphs import OPERATIONS
from distilbert_sentiment_arch.engine.probing.oracles import random
from distilbert_sentiment_arch.engine.probing.rung_run import Run, main, operation, timed
from distilbert_sentiment_arch.probe.rungs import KERNELS, OPENING
from distilbert_sentiment_arch.probe.verdict import CLASSIFIER

_COPIED = 1 << 20
"""Numbers that are copied, 4 MB."""


def opening(run: Run) -> Answer:
    """Opens the device and copies numbers there and back."""
    device = run.open()
    run.phase("copying")
    numbers = random(_COPIED, seed=0)

    def once() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.array(Buffer.from_numpy(numbers).to(device).to(CPU()).to_numpy())

    found, milliseconds = timed(once)
    return {**compare(found, numbers, run.tolerance), "milliseconds": milliseconds}


# MAX's pipelines, which the rungs of encoders import, take seconds that others need not wait.
def kernels(run: Run) -> Answer:
    """See ``encoders.kernels``."""
    from distilbert_sentiment_arch.engine.probing import encoders

    return encoders.kernels(run)


def classifier(run: Run) -> Answer:
    """See ``encoders.classifier``."""
    from distilbert_sentiment_arch.engine.probing import encoders

    return encoders.classifier(run)


if __name__ == "__main__":
    main(
        {
            OPENING: opening,
            **{name: operation(make) for name, make in OPERATIONS.items()},
            KERNELS: kernels,
            CLASSIFIER: classifier,
        }
    )
