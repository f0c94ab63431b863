"""The examination: whatever a check does, the others are in the report."""

from __future__ import annotations

import pytest
from doctor_answers import FIT

from distilbert_sentiment_arch.doctor import examination
from distilbert_sentiment_arch.doctor.examined import Examined
from distilbert_sentiment_arch.doctor.finding import Finding


def test_a_check_that_fails_is_a_finding_beside_those_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: Examined) -> list[Finding]:
        raise RuntimeError("what nobody foresaw")

    monkeypatch.setattr(examination, "ask_all", lambda *arguments: FIT)
    monkeypatch.setitem(examination.CHECKS, "cores", fail)
    found = {each.name: each for each in examination.examine()}
    assert found["cores.check"].found == "RuntimeError: what nobody foresaw"
    assert found["cores.check"].level == "warning"
    assert {each.area for each in found.values()} == set(examination.CHECKS)


def test_names_are_unique_and_begin_with_their_area(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "ask_all", lambda *arguments: FIT)
    found = examination.examine()
    assert len({each.name for each in found}) == len(found)
    for each in found:
        assert each.name.startswith(f"{each.area}.")
        assert bool(each.remedy) == (each.level != "ok"), each
