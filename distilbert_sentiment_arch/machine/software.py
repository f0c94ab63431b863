"""Versions of what a server is made of. Imports none of it."""

from __future__ import annotations

import os
import platform
import re
import shutil
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from distilbert_sentiment_arch.settings.defaults import VERSION

C_COMPILERS = ("cc", "gcc", "clang")
"""Programs by whose names a C compiler is looked for."""

_PACKAGES = {"MAX": "max", "Mojo": "mojo-compiler"}


def versions() -> dict[str, str]:
    """Returns versions by name: ``max-sentiment``, ``MAX``, ``Mojo``, ``Python``, ``glibc``, ....

    What is not there has an empty one.
    """
    return {
        "max-sentiment": VERSION,
        **{name: _installed(package) for name, package in _PACKAGES.items()},
        "Python": platform.python_version(),
        "glibc": glibc_version(),
        platform.system(): platform.release(),
    }


def glibc_version() -> str:
    """Returns the version of the C library; empty where it is not glibc."""
    with suppress(AttributeError, OSError, ValueError):
        name, _, found = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
        return found if name == "glibc" else ""
    return ""


def numbers(text: str) -> tuple[int, ...]:
    """Returns the numbers of a version, to compare it by."""
    return tuple(int(part) for part in re.findall(r"\d+", text))


def find_c_compiler() -> str | None:
    """Returns the path of a C compiler on PATH; None if there is none."""
    return next(filter(None, map(shutil.which, C_COMPILERS)), None)


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
