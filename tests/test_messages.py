"""Error messages about files: one printable line, the file first and the remedy last."""

from __future__ import annotations

import pickle

import pytest

from distilbert_sentiment_arch.errors import CheckpointError, ConfigError
from distilbert_sentiment_arch.messages import MESSAGE_LIMIT, one_line, shown


@pytest.mark.parametrize(
    "value",
    [
        "\x1b[2J",
        "a\nb",
        "\ud800",
        "\u202eevil",
        "\0",
        "x" * 10**6,
        "\U000e0001" * 10**5,
        "\r\n" * 999,
    ],
)
def test_every_checkpoint_error_is_one_printable_line(value: str) -> None:
    message = str(ConfigError(f"/models/a/config.json: label {value} is wrong. Correct it."))
    assert message.isprintable()
    assert len(message) <= MESSAGE_LIMIT
    assert message.startswith("/models/a/config.json: label ")
    assert message.endswith("Correct it.")


def test_a_message_that_fits_stays_as_it_is() -> None:
    message = "/models/a: \u6620\u753b caf\u00e9, 'quoted'. Correct it."
    assert one_line(message) == message


def test_a_long_path_is_shortened_to_keep_the_file_name() -> None:
    message = str(CheckpointError(f"/{'deep/' * 500}config.json: dim is 0. Correct it."))
    assert len(message) <= MESSAGE_LIMIT
    assert "/config.json: dim is 0. Correct it." in message


def test_values_are_shortened_in_the_middle() -> None:
    assert shown("short") == "'short'"
    long = shown(["label"] * 1000 + ["last"])
    assert len(long) == 100
    assert long.startswith("['label', 'label'")
    assert long.endswith("'label', 'last']")


def test_an_error_survives_the_way_between_processes() -> None:
    error = ConfigError("config.json: dim is 0. Correct it.")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
