"""The report as a picture."""

from __future__ import annotations

import io
import sys
from collections import Counter

import pytest
from made_outcomes import counts, outcome
from PIL import Image

from distilbert_sentiment_arch.bulk.job.counts import Counts
from distilbert_sentiment_arch.bulk.reporting.outcome import PartOutcome
from distilbert_sentiment_arch.bulk.reporting.report_image import check_pillow, report_image
from distilbert_sentiment_arch.errors import DependencyError

BAR = (0x09, 0x69, 0xA2)


def test_columns_are_as_high_as_their_bins() -> None:
    found = outcome(parts=(PartOutcome("p", "f", counts(100, 50), 1.0),))
    image = Image.open(io.BytesIO(report_image(found)))
    width, height = image.size
    pixels = image.load()
    assert pixels is not None
    plot = range(height - 442, height)
    heights = [
        sum(pixels[x, y] == BAR for y in plot) for x in (width - 60 - 20, 170 + 970 * 21 // 40)
    ]
    assert heights[0] == pytest.approx(320, abs=2)
    assert heights[1] == pytest.approx(160, abs=2)


def test_long_and_foreign_labels_and_no_rows_are_drawn() -> None:
    found = Counts(3, labels=Counter({"a" * 500: 1, "标签\n": 1, "\x1b[31m": 1}))
    for parts in ((PartOutcome("p", "f", found, 1.0),), ()):
        image = Image.open(io.BytesIO(report_image(outcome(parts=parts))))
        assert image.format == "PNG"


def test_without_pillow_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    check_pillow()
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DependencyError, match="pip install pillow"):
        check_pillow()
