"""Software: versions, packages, the C library, a C compiler, and whether MAX can be imported."""

from __future__ import annotations

import sys

from distilbert_sentiment_arch.dependencies import check_dependencies
from distilbert_sentiment_arch.doctor.examined import Examined
from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.errors import DependencyError
from distilbert_sentiment_arch.machine.software import (
    C_COMPILERS,
    find_c_compiler,
    numbers,
    versions,
)

AREA = "software"

LEAST_GLIBC = "2.34"
"""What MAX's wheels are built for."""

LEAST_PYTHON, MOST_PYTHON = (3, 11), (3, 14)

NO_COMPILER = "unable to find suitable c compiler"
NO_PYTHON_LIBRARY = "found no suitable Python library to link to"
"""What Mojo says where it cannot build MAX's extension."""

_INSTALL_COMPILER = (
    "Install one (Debian and Ubuntu: apt-get install gcc libc6-dev), or import MAX once where "
    "there is one, as the image of deploy/ does."
)


def check_software(examined: Examined) -> list[Finding]:
    """Returns the findings of this area."""
    found = versions()
    return [
        Finding(AREA, "software.max-sentiment", found["max-sentiment"], "this package"),
        _python(found["Python"]),
        _packages(),
        _max(found["MAX"], examined),
        Finding(AREA, "software.mojo_compiler", found["Mojo"] or "none", "compiles the kernels"),
        _glibc(found["glibc"]),
        _compiler(examined),
    ]


def _python(version: str) -> Finding:
    if LEAST_PYTHON <= sys.version_info[:2] <= MOST_PYTHON:
        return Finding(AREA, "software.python", version, "a version that MAX has wheels for")
    return Finding(
        AREA,
        "software.python",
        version,
        "MAX has wheels for 3.11 to 3.14",
        "Make the environment with another Python.",
        "unfit",
    )


def _packages() -> Finding:
    try:
        check_dependencies()
    except DependencyError as error:
        said, _, command = str(error).partition(". Install what is needed: ")
        return Finding(
            AREA, "software.packages", said, "the server does not start", command, "unfit"
        )
    return Finding(AREA, "software.packages", "complete", "in the versions that were tested")


def _max(version: str, examined: Examined) -> Finding:
    name, report = "software.max", examined.answers.max
    if report.imported_s is not None:
        return Finding(AREA, name, version, f"imported in {report.imported_s:.1f} s")
    if not version:
        return Finding(
            AREA,
            name,
            "not installed",
            "there is no server without it",
            "See software.packages.",
            "unfit",
        )
    if report.answer.status is None:
        return Finding(
            AREA,
            name,
            version,
            f"not imported within {examined.options.timeout_s:g} s; a start takes at least as long",
            "Look for what keeps the machine busy, or raise --timeout.",
            "warning",
        )
    return Finding(
        AREA,
        name,
        version,
        f"cannot be imported: {report.answer.failure}",
        "See software.c_compiler, memory.address_space and processor.vectors; "
        "`python -c 'import max.pipelines'` shows the whole message.",
        "unfit",
    )


def _glibc(version: str) -> Finding:
    name = "software.glibc"
    if not version and sys.platform == "linux":
        return Finding(
            AREA,
            name,
            "none",
            f"MAX is built for glibc {LEAST_GLIBC} or newer",
            "Use a distribution with glibc (Debian 12, Ubuntu 22.04, RHEL 9), or a container.",
            "unfit",
        )
    if not version:
        return Finding(AREA, name, "none", f"not needed on {sys.platform}")
    if numbers(version) < numbers(LEAST_GLIBC):
        return Finding(
            AREA,
            name,
            version,
            f"MAX needs {LEAST_GLIBC} or newer",
            "Use a newer distribution (Debian 12, Ubuntu 22.04, RHEL 9), or a container.",
            "unfit",
        )
    return Finding(AREA, name, version, f"{LEAST_GLIBC} or newer, as MAX needs it")


def _compiler(examined: Examined) -> Finding:
    name, report = "software.c_compiler", examined.answers.max
    compiler = find_c_compiler()
    if NO_PYTHON_LIBRARY in report.answer.errors:
        return Finding(
            AREA,
            name,
            "no python3 on PATH",
            "MAX builds an extension when it is first imported, and links it to Python's library",
            "Put python3 on PATH.",
            "unfit",
        )
    if report.imported_s is not None:
        return Finding(
            AREA,
            name,
            compiler or "none",
            "not needed any more: MAX's extension is built",
        )
    if compiler is None or NO_COMPILER in report.answer.errors:
        return Finding(
            AREA,
            name,
            compiler or f"none of {', '.join(C_COMPILERS)} on PATH",
            "MAX builds an extension when it is first imported, which fails without one",
            _INSTALL_COMPILER,
            "unfit" if NO_COMPILER in report.answer.errors else "warning",
        )
    return Finding(AREA, name, compiler, "builds MAX's extension when MAX is first imported")
