"""What a server has of its supervisor."""

from __future__ import annotations

import os

import pytest

from distilbert_sentiment_arch.settings.supervisor import SUPERVISOR, Supervised, supervised


def test_a_child_reads_what_its_supervisor_told() -> None:
    told = Supervised(os.getppid(), 7, port_is_used=True)
    assert supervised(told.as_variable()) == told


def test_what_another_process_told_says_nothing() -> None:
    assert supervised(Supervised(os.getpid(), 7).as_variable()) is None


@pytest.mark.parametrize("value", ["", "null", "7", "{}", '{"supervisor": 1}'])
def test_what_is_no_such_message_says_nothing(value: str) -> None:
    assert supervised({SUPERVISOR: value}) is None
    assert supervised({}) is None
