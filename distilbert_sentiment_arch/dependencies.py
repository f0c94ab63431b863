"""Check that the packages this package imports are installed.

An environment that was made for MAX alone (``uv pip install modular``) has most of them. The check
runs before anything else is imported, and its error contains the command that installs the rest.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from distilbert_sentiment_arch.errors import DependencyError

REQUIREMENTS: Mapping[str, str] = {
    "circuitbreaker": "circuitbreaker>=2.1.3",
    "click": "click>=8.0",
    "fastapi": "fastapi>=0.141",
    "fastapi_swagger": "fastapi-swagger==0.4.64",
    "httptools": "httptools>=0.8",
    "huggingface_hub": "huggingface-hub>=1.33",
    "max": "max[serve]==26.7.0",
    "numpy": "numpy>=2.0",
    "opentelemetry": "opentelemetry-api>=1.35",
    "prometheus_client": "prometheus-client>=0.24",
    "pydantic": "pydantic>=2.14",
    "rich": "rich>=15.0",
    "starlette": "starlette>=1.0",
    "tokenizers": "tokenizers>=0.22",
    "transformers": "transformers>=5.12",
    "typing_extensions": "typing-extensions>=4.12",
    "uvicorn": "uvicorn>=0.54",
}
"""Requirements of pyproject.toml by the name of the module that is imported.

An environment in which this package is not installed, but named by ``--custom-architectures``, has
no record of them.
"""

_REQUIREMENT = re.compile(r"([\w-]+)(?:\[[\w,]+\])?(==|>=)([\d.]+)")


def check_dependencies(requirements: Mapping[str, str] = REQUIREMENTS) -> None:
    """Checks that every required package can be imported in a version that was tested.

    A module without a record of its version counts as present. Imports none of them.

    Args:
        requirements: Requirements, ``name>=version`` or ``name==version``, by module.

    Raises:
        DependencyError: Packages are missing or of another version; the message is one line with
            the command that installs them.
    """
    wrong = {
        requirement: found
        for module, requirement in requirements.items()
        if (found := _missing_or_unfit(module, requirement)) is not None
    }
    if wrong:
        raise DependencyError(
            f"this environment lacks {', '.join(wrong.values())}. Install what is needed: "
            f"{_install_command()} {' '.join(repr(requirement) for requirement in wrong)}"
        )


def _missing_or_unfit(module: str, requirement: str) -> str | None:
    """Returns the unmet requirement, with the version found if any; None if it is met."""
    match = _REQUIREMENT.fullmatch(requirement)
    assert match is not None, requirement
    distribution, operator, wanted = match.groups()
    if find_spec(module) is None:
        return distribution
    try:
        found = version(distribution)
    except PackageNotFoundError:
        return None
    fits = (
        _numbers(found) >= _numbers(wanted)
        if operator == ">="
        else _numbers(found) == _numbers(wanted)
    )
    return None if fits else f"{distribution}{operator}{wanted} ({found} is installed)"


def _numbers(text: str) -> tuple[int, ...]:
    """Returns the release part of a version as numbers, without trailing zeros."""
    release = re.match(r"\d+(?:\.\d+)*", text)
    numbers = [int(part) for part in release[0].split(".")] if release else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _install_command() -> str:
    # MAX changes sys.executable in some of its processes; sys.prefix stays.
    python = Path(sys.prefix) / "bin" / "python"
    if find_spec("pip") is None:
        return f"uv pip install --python {python}"
    return f"{python} -m pip install"
