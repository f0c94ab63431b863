"""Makes MAX report accelerators that do not exist, in each Python that has this directory in its
``PYTHONPATH``.

``FAKE_ACCELERATORS`` describes them: a JSON array with an object of attributes for each. Nothing
can be computed on them: whatever MAX does with one fails in MAX itself.
"""

import importlib.util
import json
import os
import sys
from types import SimpleNamespace

VARIABLE = "FAKE_ACCELERATORS"


class FakeAccelerator:
    """What ``max.driver.Accelerator`` says of a device."""

    is_host = False
    label = "gpu"
    is_compatible = True

    def __init__(self, number: int = 0) -> None:
        described = accelerators()
        if number not in range(len(described)):
            raise ValueError(f"there is no accelerator {number}")
        self.id = number
        self.api = described[number].get("api", "cuda")
        self.architecture_name = described[number].get("architecture", "sm_00")
        self.model_name = described[number].get("model", "Fake accelerator")
        self.stats = {"total_memory": described[number].get("memory_bytes", 2**33)}


def accelerators() -> list[dict]:
    return json.loads(os.environ.get(VARIABLE, "[{}]"))


def count() -> int:
    return len(accelerators())


class PatchedLoader:
    """The loader of ``max.driver``, whose names it replaces once they are there."""

    def __init__(self, loader) -> None:
        self._loader = loader

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module) -> None:
        self._loader.exec_module(module)
        for each in (module, module.driver if hasattr(module, "driver") else None):
            for name, value in REPLACED.items():
                if each is not None and (each is module or hasattr(each, name)):
                    setattr(each, name, value)


REPLACED = {
    "Accelerator": FakeAccelerator,
    "accelerator_count": count,
    "accelerator_api": lambda: FakeAccelerator().api if count() else "cpu",
    "accelerator_architecture_name": lambda: FakeAccelerator().architecture_name,
}


class Finder(SimpleNamespace):
    def find_spec(self, name, path=None, target=None):
        if name != "max.driver":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        spec.loader = PatchedLoader(spec.loader)
        return spec


if count():
    sys.meta_path.insert(0, Finder())
