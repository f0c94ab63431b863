"""The HTML report, read by parsers of HTML and XML."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from made_outcomes import counts, outcome

from distilbert_sentiment_arch.bulk.job.counts import BINS, Counts
from distilbert_sentiment_arch.bulk.reporting.failed_rows import FailedRow
from distilbert_sentiment_arch.bulk.reporting.outcome import Outcome, PartOutcome
from distilbert_sentiment_arch.bulk.reporting.report import report_page, write_report
from distilbert_sentiment_arch.errors import InputError

XSS = [
    "<script>alert(1)</script>",
    "</bdi><img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</style></title><script>alert(1)</script>",
    "<!--<script>",
    "]]><iframe src=javascript:alert(1)>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "&lt;b&gt;",
]

VOID = {"meta", "line", "rect"}


class Page(HTMLParser):
    """Elements in their order, which close as they were opened, and the text of each cell."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag != "meta":
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "td" in self._open or "th" in self._open:
            self.rows[-1][-1] += data


def svgs(page: str) -> list[ElementTree.Element]:
    found = re.findall(r'<svg role="img".*?</svg>', page, re.DOTALL)
    return [ElementTree.fromstring(each) for each in found]


def test_every_failed_row_and_every_figure_is_there() -> None:
    page = Page(report_page(outcome()))
    assert ["rows", "200"] in page.rows
    assert ["scored", "195"] in page.rows
    assert ["failed", "5"] in page.rows
    assert ["NEGATIVE", "115", "59.0%", ""] in page.rows
    assert ["The text is null", "5"] in page.rows
    failed = [row for row in page.rows if row[-1] == "The text is null."]
    part = "part-00001-000000.parquet"
    assert failed == [[part, str(row), f"id-{row}", "The text is null."] for row in range(5)]
    slowest = [row for row in page.rows if row[0].startswith("part-00000")]
    assert [row[-1] for row in slowest] == ["4.25", "1.50"], "without parts of earlier runs"
    assert ["text", "review"] in page.rows


@pytest.mark.parametrize("hostile", XSS)
def test_values_of_users_stay_text(hostile: str) -> None:
    found = counts(1, 0, 1)
    found.labels, found.errors = Counter({hostile: 1}), Counter({hostile: 1})
    failed = FailedRow(hostile, 0, hostile, hostile)
    page = Page(
        report_page(
            Outcome(
                hostile,
                hostile,
                (PartOutcome(hostile, hostile, found, 1.0),),
                (failed,),
                {hostile: hostile},
                1,
                1,
                1.0,
            )
        )
    )
    harmless = {tag for tag, _ in Page(report_page(outcome())).elements}
    assert {tag for tag, _ in page.elements} <= harmless
    known = {"aria-hidden", "aria-label", "charset", "class", "content", "height", "http-equiv"}
    known |= {"lang", "name", "role", "scope", "tabindex", "value", "viewbox", "width", "x", "x1"}
    known |= {"x2", "y", "y1", "y2"}
    assert {name for _, attributes in page.elements for name in attributes} <= known
    assert [hostile, "0", hostile, hostile] in page.rows
    assert [hostile, hostile] in page.rows


def test_the_file_loads_nothing() -> None:
    page = report_page(outcome())
    assert not re.search(r"https?:|//|url\(|@import|<script|<link|<img| style=", page)
    assert "Content-Security-Policy" in page


def test_there_are_colours_for_light_and_dark() -> None:
    page = report_page(outcome())
    assert "color-scheme: light dark" in page
    light, dark = page.split("prefers-color-scheme: dark")
    used = {f"--c{index}" for index in range(9)} | {"--line", "--quiet", "--bar"}
    assert all(f"{name}: #" in light and f"{name}: #" in dark for name in used)


def test_bars_of_the_histogram_are_as_high_as_their_bins() -> None:
    histogram, _ = svgs(report_page(outcome()))
    heights = [float(bar.attrib["height"]) for bar in histogram.iter("rect")]
    assert len(heights) == BINS
    assert heights[BINS // 2] == pytest.approx(heights[-1] * 115 / 80, abs=0.1)
    assert sum(height > 0 for height in heights) == 2


def test_bars_over_files_are_divided_by_label() -> None:
    _, files = svgs(report_page(outcome()))
    texts = ["".join(each.itertext()) for each in files.iter("text")]
    assert [text.replace("parquetparquet", "parquet") for text in texts] == [
        "a.parqueta.parquet",
        "b.parquetb.parquet",
    ]
    shown = [
        (bar.attrib["class"], "".join(bar.itertext()), float(bar.attrib["width"]))
        for bar in files.iter("rect")
    ]
    whole = 720 - 250 - 10
    assert shown == [
        ("s0", "NEGATIVE: 70 (46.7%)", pytest.approx(whole * 70 / 150, abs=0.01)),
        ("s1", "POSITIVE: 80 (53.3%)", pytest.approx(whole * 80 / 150, abs=0.01)),
        ("s0", "NEGATIVE: 45 (90.0%)", pytest.approx(whole * 45 / 50, abs=0.01)),
        ("s8", "failed: 5 (10.0%)", pytest.approx(whole * 5 / 50, abs=0.01)),
    ]


def test_many_files_share_bars_and_no_row_is_lost() -> None:
    parts = [PartOutcome(f"p{index}", f"f{index:04}", counts(1, 1), 1.0) for index in range(1001)]
    _, files = svgs(report_page(outcome(parts=parts)))
    assert len(list(files.iter("text"))) == 59
    shown = [int("".join(bar.itertext()).split(": ")[1].split()[0]) for bar in files.iter("rect")]
    assert sum(shown) == 2002


def test_many_labels_have_a_colour_or_share_one() -> None:
    found = Counts(55, labels=Counter({f"l{index}": index for index in range(1, 11)}))
    page = report_page(outcome(parts=(PartOutcome("p", "f", found, 1.0),)))
    classes = [bar.attrib["class"] for bar in svgs(page)[1].iter("rect")]
    assert classes == [f"s{index}" for index in range(8)]
    assert "other labels: 6 (10.9%)" in page


def test_an_empty_job_has_a_report() -> None:
    page = Page(report_page(outcome(parts=(), failed=(), rows_of_run=0)))
    assert ["rows", "0"] in page.rows


def test_a_report_replaces_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    write_report(path, outcome(output="sc\udcffored"))
    assert path.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_a_report_that_cannot_be_written_is_said_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the report is not writable"):
        write_report(tmp_path / "nowhere" / "report.html", outcome())
