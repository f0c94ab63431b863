"""Receipts: when a cache is known to be complete, and what makes it another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from distilbert_sentiment_arch.checkpoint.inspection import Checkpoint, inspect_checkpoint
from distilbert_sentiment_arch.compile_cache import store
from distilbert_sentiment_arch.engine import warm_receipt
from distilbert_sentiment_arch.engine.target_cpu import TARGETS
from distilbert_sentiment_arch.engine.warm_receipt import (
    PREFIX,
    Receipt,
    complete_receipt,
    keep_receipt,
    receipt_name,
)
from distilbert_sentiment_arch.families.registry import FAMILIES

NAME = f"{PREFIX}1.sealed"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with the two files of a receipt, and an extension beside it."""
    monkeypatch.setenv("MODULAR_CACHE_DIR", str(tmp_path))
    (tmp_path / "extension.so").write_bytes(b"code")
    for name in ("graph", "library"):
        store(name, name.encode())
    keep_receipt(NAME, Receipt("float32", ["graph", "library"], [str(tmp_path / "extension.so")]))
    return tmp_path / "max-sentiment"


def test_a_receipt_whose_files_are_whole(cache: Path) -> None:
    receipt = complete_receipt(NAME)
    assert receipt is not None
    assert receipt.computes == "float32"
    assert receipt.files == ["graph", "library"]


@pytest.mark.parametrize("missing", ["graph", "library", NAME, "../extension.so"])
def test_what_it_lists_has_to_be_there(cache: Path, missing: str) -> None:
    (cache / missing).unlink()
    assert complete_receipt(NAME) is None


@pytest.mark.parametrize("damaged", ["graph", NAME])
def test_what_it_lists_has_to_be_whole(cache: Path, damaged: str) -> None:
    content = bytearray((cache / damaged).read_bytes())
    content[0] ^= 1
    (cache / damaged).write_bytes(content)
    assert complete_receipt(NAME) is None


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"files": 1}', b"no JSON"])
def test_content_of_another_kind_is_no_receipt(cache: Path, content: bytes) -> None:
    store(NAME, content)
    assert complete_receipt(NAME) is None


def test_its_name_depends_on_all_that_a_start_depends_on(
    checkpoint: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = checkpoint()

    def inspected() -> Checkpoint:
        return inspect_checkpoint(directory, FAMILIES)

    found = inspected()
    own = receipt_name(found, "float32", None)
    assert receipt_name(inspected(), "float32", None) == own
    target, another, *_ = TARGETS["x86_64"]
    names = [
        own,
        receipt_name(found, "int8", None),
        receipt_name(found, "float32", target),
        receipt_name(found, "float32", another),
    ]
    encoder = replace(found.config.encoder, num_labels=7)
    config = replace(found.config, encoder=encoder)
    names.append(receipt_name(replace(found, config=config), "float32", None))
    monkeypatch.setattr(warm_receipt, "processor_lines", lambda: ["flags: none"])
    names.append(receipt_name(found, "float32", None))
    monkeypatch.undo()
    weights = directory / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    names.append(receipt_name(found, "float32", None))
    assert len(set(names)) == len(names)
