"""The comparison plot: well-formed, to scale, and with every measured engine."""

from __future__ import annotations

from xml.etree import ElementTree

from made_up_results import cell, made_up

from scripts.benchmarking.comparison_plot import OTHERS, OURS, PANEL, comparison_svg

SVG = "{http://www.w3.org/2000/svg}"


def test_bars_are_as_long_as_their_figures() -> None:
    results = made_up()
    results.cells = [cell("ours", 2.5, 0.5, "1x32"), cell("theirs", 5.0, 1.0, "1x32")]
    results.loads = []
    root = ElementTree.fromstring(comparison_svg(results))
    bars = {each.get("fill"): float(each.get("width", 0)) for each in root.iter(f"{SVG}rect")}
    assert bars[OTHERS] == PANEL  # the slowest
    assert bars[OURS] == PANEL / 2
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert {"ours", "theirs", "2.5", "5"} <= set(texts)
    assert "absent" not in texts
    assert texts.count("not measured") == 2 * 3  # bars of the other figures


def test_names_are_escaped_in_the_svg() -> None:
    results = made_up()
    results.cells = [cell("ours", 2.5, 0.5, "1x32")]
    results.engines[0].engine = results.cells[0].engine = "<&>"
    results.config["engines"]["<&>"] = {"module": "max_graph"}
    root = ElementTree.fromstring(comparison_svg(results))
    assert "<&>" in [each.text for each in root.iter(f"{SVG}text")]
