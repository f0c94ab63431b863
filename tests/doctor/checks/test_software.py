"""Findings about software."""

from __future__ import annotations

from pathlib import Path

import pytest
from doctor_answers import examined_with, failed

from distilbert_sentiment_arch.doctor.checks import software
from distilbert_sentiment_arch.doctor.checks.software import check_software
from distilbert_sentiment_arch.doctor.examined import Examined
from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.errors import DependencyError


def found(examined: Examined) -> dict[str, Finding]:
    return {each.name.partition(".")[2]: each for each in check_software(examined)}


def test_a_fit_environment() -> None:
    assert {each.level for each in found(examined_with()).values()} == {"ok"}


@pytest.mark.parametrize(
    ("version", "level"),
    [("2.4", "unfit"), ("2.33", "unfit"), ("2.34", "ok"), ("2.36", "ok"), ("3.0", "ok")],
)
def test_glibc(version: str, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = software.versions()
    monkeypatch.setattr(software, "versions", lambda: known | {"glibc": version})
    finding = found(examined_with())["glibc"]
    assert (finding.found, finding.level) == (version, level)
    assert ("Debian 12" in finding.remedy) == (level == "unfit")


def test_a_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise DependencyError(
            "this environment lacks httptools. Install what is needed: pip install 'httptools>=0.8'"
        )

    monkeypatch.setattr(software, "check_dependencies", missing)
    finding = found(examined_with())["packages"]
    assert finding.level == "unfit"
    assert finding.found == "this environment lacks httptools"
    assert finding.remedy == "pip install 'httptools>=0.8'"


def test_max_that_cannot_be_imported_is_told_in_its_words() -> None:
    finding = found(examined_with(max=failed("Traceback\nImportError: libfoo.so.1\n")))["max"]
    assert finding.level == "unfit"
    assert "ImportError: libfoo.so.1" in finding.meaning


def test_max_that_takes_too_long_is_no_verdict() -> None:
    assert found(examined_with(max=failed(status=None)))["max"].level == "warning"


def test_without_max_there_is_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    known = software.versions()
    monkeypatch.setattr(software, "versions", lambda: known | {"MAX": ""})
    assert found(examined_with(max=failed()))["max"].level == "unfit"


def test_a_compiler_is_needed_until_the_extension_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert found(examined_with())["c_compiler"].level == "ok"
    said = failed("mojo: error: unable to find suitable c compiler for linking\nImportError: x")
    finding = found(examined_with(max=said))["c_compiler"]
    assert finding.level == "unfit"
    assert "apt-get install gcc" in finding.remedy
    # Where MAX fails for another reason, the compiler may be needed next.
    assert found(examined_with(max=failed("ImportError: x")))["c_compiler"].level == "warning"
    library = failed("error: found no suitable Python library to link to")
    assert "python3" in found(examined_with(max=library))["c_compiler"].remedy
