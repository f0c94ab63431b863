"""Tests of label names."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.checkpoint.label_names import (
    MAX_LABELS,
    MAX_NAME_LENGTH,
    LabelNameError,
    check_label_names,
)


def test_names_of_any_language_are_kept_as_they_are() -> None:
    names = (
        "NEGATIVE",
        "very good",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\U0001f600",
    )
    assert check_label_names(names) == names


@pytest.mark.parametrize(
    "name",
    [
        *("", " \t", 5, None, ["A"], "x" * (MAX_NAME_LENGTH + 1)),
        *("\ud800", "\x1b[31mred", "a\nb", "\0", "\u202eevil", "\u2028"),
    ],
)
def test_invalid_names_are_refused(name: object) -> None:
    with pytest.raises(LabelNameError):
        check_label_names(["fine", name])


def test_two_labels_with_the_same_name_are_refused() -> None:
    with pytest.raises(LabelNameError, match="repeats a name: 'B'"):
        check_label_names(["A", "B", "B", "C"])


def test_the_number_of_labels_is_limited() -> None:
    names = [f"label-{index}" for index in range(MAX_LABELS)]
    assert len(check_label_names(names)) == MAX_LABELS
    with pytest.raises(LabelNameError, match="10001 labels, and at most 10000"):
        check_label_names([*names, "one more"])
