"""Prints the accelerators that MAX finds as a JSON array; see ``machine.accelerators``."""

from __future__ import annotations

import json
from typing import Any

from max.driver import Accelerator, accelerator_api, accelerator_count

from distilbert_sentiment_arch.machine.drivers import driver_version


def found() -> list[dict[str, Any]]:
    """Returns what MAX says of each accelerator."""
    return [_described(Accelerator(number)) for number in range(accelerator_count())]


def _described(device: Accelerator) -> dict[str, Any]:
    stats = dict(device.stats)
    api = device.api or accelerator_api()
    return {
        "number": device.id,
        "api": api,
        "architecture": device.architecture_name,
        "model": device.model_name,
        "driver": driver_version(api),
        "memory_bytes": int(stats.get("total_memory", 0)),
    }


if __name__ == "__main__":
    print(json.dumps(found()))
