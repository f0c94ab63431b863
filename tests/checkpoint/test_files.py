"""Reading the files of a checkpoint: only regular files, and only up to a maximum size."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from distilbert_sentiment_arch.checkpoint.files import (
    check_kinds,
    parse_json,
    read_bytes,
    read_json,
)
from distilbert_sentiment_arch.errors import ConfigError


def pipe(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


IRREGULAR: dict[str, Callable[[Path], None]] = {
    "pipe": pipe,
    "directory": Path.mkdir,
    "socket": unix_socket,
    "device": endless,
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to nothing": lambda path: path.symlink_to("nowhere"),
}


@pytest.mark.parametrize("kind", IRREGULAR)
def test_a_file_that_is_not_regular_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    # The path of a Unix socket is limited to about 100 bytes.
    path = Path("config.json")
    IRREGULAR[kind](path)
    for refused in (
        lambda: read_bytes(path, 100, ConfigError),
        lambda: check_kinds(Path(), ConfigError),
    ):
        with pytest.raises(ConfigError, match=r"^config.json: not "):
            refused()


@pytest.mark.parametrize("name", ["absent", "n" * 5000, "n\0l"])
def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="not readable"):
        read_bytes(tmp_path / name, 100, ConfigError)


def test_a_link_to_a_file_is_read_as_in_the_cache_of_the_hub(tmp_path: Path) -> None:
    (tmp_path / "blob").write_text('{"dim": 4}')
    (tmp_path / "config.json").symlink_to("blob")
    check_kinds(tmp_path, ConfigError)
    assert read_json(tmp_path / "config.json", 100, ConfigError) == {"dim": 4}


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").touch()
    os.truncate(tmp_path / "config.json", 2**40)
    with pytest.raises(ConfigError, match="1099511627776 bytes, and at most 100 are read"):
        read_json(tmp_path / "config.json", 100, ConfigError)


def test_chat_templates_have_a_maximum_size_because_transformers_reads_them(tmp_path: Path) -> None:
    templates = tmp_path / "additional_chat_templates"
    templates.mkdir()
    for path in (tmp_path / "chat_template.jinja", templates / "other.jinja"):
        path.touch()
        check_kinds(tmp_path, ConfigError)
        os.truncate(path, 2**40)
        with pytest.raises(ConfigError, match=path.name):
            check_kinds(tmp_path, ConfigError)
        path.unlink()


@pytest.mark.parametrize(
    ("blob", "why"),
    [
        (b"NaN", "NaN"),
        (b"-Infinity", "Infinity"),
        (b"[9e999]", "out of range"),
        (b"1" * 5000, "limit"),
        (b"[" * 100_000, "nested"),
        (b"[" * 65 + b"]" * 65, "nested"),
        (b'{"a": 1, "a": 2}', "'a' stands twice"),
        (b"\xff\xfe{}", "utf-8"),
        (b'\xef\xbb\xbf{"a": 1}', "BOM"),
        (b"{", "Expecting"),
        (b"", "Expecting"),
    ],
)
def test_invalid_json_is_refused(blob: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_json(blob)


def test_valid_json_is_read_as_the_standard_library_reads_it() -> None:
    content = {"a": [1, -2.5, None, True, "\u00e9"], "b": {"c": []}}
    assert parse_json(json.dumps(content).encode()) == content
