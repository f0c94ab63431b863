"""The accuracy bound of the self-check, and verdicts that are kept."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from distilbert_sentiment_arch.classify.token_sequence import TokenSequence, single_segment
from distilbert_sentiment_arch.engine.numpy_encoder import numpy_logits
from distilbert_sentiment_arch.engine.precision import Verdict
from distilbert_sentiment_arch.engine.self_check import KeptVerdicts, compare, digest_of, in_groups
from distilbert_sentiment_arch.machine.processor import Processor
from scripts import checkpoints

PROCESSOR = Processor("P", frozenset({"avx2"}))


def logits(*first: float) -> np.ndarray:
    """Returns logits of two labels, ``x`` and ``-x``."""
    return np.array([[x, -x] for x in first], np.float32)


CLEAR = logits(*[-2.0, 2.0] * 32)
"""Of 64 sentences, with a spread of 2."""


def test_equal_logits_pass() -> None:
    verdict = compare(CLEAR, CLEAR)
    assert verdict.passed
    assert verdict.figures == "64 of 64 labels equal, mean logit difference 0.0% of the spread"


@pytest.mark.parametrize(("difference", "passed"), [(0.09, True), (0.11, False)])
def test_a_mean_difference_of_a_twentieth_of_the_spread(difference: float, passed: bool) -> None:
    moved = CLEAR + np.float32(difference)
    assert compare(CLEAR, moved).passed == passed
    # The spread decides, not the size.
    assert compare(CLEAR * 100, moved * 100).passed == passed
    assert compare(CLEAR + 7, moved + 7).passed == passed


def test_one_label_of_64_that_changes_is_too_many() -> None:
    changed = CLEAR.copy()
    changed[3] = -changed[3] / 100
    verdict = compare(CLEAR, changed)
    assert not verdict.passed
    assert verdict.figures.startswith("63 of 64 labels equal")


def test_labels_without_a_margin_may_change() -> None:
    # Margins of 0.4 and 0.6, and a quarter of the spread is 0.49.
    undecided, decided = CLEAR.copy(), CLEAR.copy()
    undecided[0], decided[0] = logits(0.2), logits(0.3)
    for expected, passed in ((undecided, True), (decided, False)):
        computed = expected.copy()
        computed[0] = logits(-0.01)
        assert compare(expected, computed).passed == passed


def test_one_label_changes_with_its_sign() -> None:
    one = CLEAR[:, :1]
    changed = one.copy()
    changed[3] = -0.01
    assert compare(one, one + 0.01).passed
    assert one[3] > 0
    assert not compare(one, changed).passed


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_logits_that_are_not_finite_do_not_pass(value: float) -> None:
    broken = CLEAR.copy()
    broken[0, 0] = value
    for pair in ((CLEAR, broken), (broken, CLEAR), (broken, broken)):
        assert compare(*pair) == Verdict(False, "a logit is NaN or infinite")


def test_a_model_that_answers_everything_alike_passes_only_exactly() -> None:
    constant = np.ones((64, 2), np.float32)
    assert compare(constant, constant).passed
    assert not compare(constant, constant * np.float32(1.001)).passed


def test_a_checkpoint_is_compared_sentence_by_sentence(tmp_path: Path) -> None:
    from graphs import read_checkpoint

    config = checkpoints.random_config()
    encoder, weights = read_checkpoint(checkpoints.write_checkpoint(tmp_path, config))
    arrays = {name: np.from_dlpack(data) for name, data in weights.items()}
    generator = np.random.default_rng(0)
    sequences = [single_segment(generator.integers(0, 99, length)) for length in (30, 2, 17, 40)]

    def exact(batch: Sequence[TokenSequence]) -> np.ndarray:
        return numpy_logits(arrays, encoder, batch)

    def shuffled(batch: Sequence[TokenSequence]) -> np.ndarray:
        return exact(batch)[::-1]

    expected = in_groups(sequences, exact)
    assert compare(expected, in_groups(sequences[::-1], exact)).passed
    assert not compare(expected, in_groups(sequences, shuffled)).passed


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODULAR_CACHE_DIR", str(tmp_path))
    return tmp_path / "max-sentiment"


@pytest.fixture
def kernels(tmp_path: Path) -> Path:
    directory = tmp_path / "kernels"
    directory.mkdir()
    (directory / "a.mojo").write_text("1\n")
    return directory


VERDICTS = [Verdict(True, "64 of 64 labels equal"), Verdict(False, "1 of 64 labels equal")]


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_verdict_is_kept(cache: Path, kernels: Path, verdict: Verdict) -> None:
    kept = KeptVerdicts("one", PROCESSOR, kernels)
    assert kept.find("int8") is None
    kept.keep("int8", verdict)
    assert KeptVerdicts("one", PROCESSOR, kernels).find("int8") == verdict
    assert kept.find("bfloat16") is None


def test_a_verdict_holds_for_its_checkpoint_processor_and_kernels(
    cache: Path, kernels: Path
) -> None:
    KeptVerdicts("one", PROCESSOR, kernels).keep("int8", VERDICTS[0])
    other = Processor("P", frozenset({"avx2", "avx_vnni"}))
    assert KeptVerdicts("two", PROCESSOR, kernels).find("int8") is None
    assert KeptVerdicts("one", other, kernels).find("int8") is None
    (kernels / "a.mojo").write_text("2\n")
    assert KeptVerdicts("one", PROCESSOR, kernels).find("int8") is None


def test_a_verdict_on_the_code_of_a_lower_processor_holds_where_there_is_no_own(
    cache: Path, kernels: Path
) -> None:
    better = Processor("P", frozenset({"avx2", "avx_vnni"}))
    KeptVerdicts("one", PROCESSOR, kernels).keep("int8", VERDICTS[0])
    both = KeptVerdicts("one", better, kernels, [PROCESSOR.units])
    assert both.find("int8") == VERDICTS[0]
    both.keep("int8", VERDICTS[1])
    assert both.find("int8") == VERDICTS[1]
    assert KeptVerdicts("one", better, kernels).find("int8") == VERDICTS[1]
    assert KeptVerdicts("one", PROCESSOR, kernels).find("int8") == VERDICTS[0]


def test_a_damaged_verdict_is_computed_again(
    cache: Path, kernels: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = KeptVerdicts("one", PROCESSOR, kernels)
    kept.keep("int8", VERDICTS[0])
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes().replace(b"true", b"fals"))
    with caplog.at_level(logging.WARNING):
        assert kept.find("int8") is None
    assert "computed again" in caplog.text


def test_without_a_cache_there_is_a_verdict_at_each_start(
    tmp_path: Path, kernels: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MODULAR_CACHE_DIR", str(kernels / "a.mojo"))
    kept = KeptVerdicts("one", PROCESSOR, kernels)
    kept.keep("int8", VERDICTS[0])
    assert "is not kept, each start computes it" in caplog.text
    assert kept.find("int8") is None


def test_a_digest_depends_on_configuration_names_and_bytes() -> None:
    tensors = {"a": np.arange(8, dtype=np.uint8), "b": np.zeros(3, np.uint8)}
    changed = {**tensors, "a": np.arange(1, 9, dtype=np.uint8)}
    moved = {"a": np.arange(7, dtype=np.uint8), "b": np.array([7, 0, 0, 0], np.uint8)}
    renamed = {"a": tensors["a"], "c": tensors["b"]}
    digests = [digest_of("config", each) for each in (tensors, changed, moved, renamed)]
    assert len({*digests, digest_of("other", tensors)}) == 5
    assert digest_of("config", dict(reversed(tensors.items()))) == digests[0]
