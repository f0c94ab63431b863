"""The Grafana dashboard: layout, queries, variables, and its ConfigMap."""

from __future__ import annotations

import re
from itertools import combinations

from manifests import Combination, named, needs_tools, rendered
from monitoring import DASHBOARD, dashboard

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
BUILT_IN = {"__rate_interval", "__all"}


def test_panels_have_their_own_id_and_place() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) > 20
    for panel in panels:
        assert 0 <= panel["gridPos"]["x"] < panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        assert (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        ), f"{one} and {other} overlap"


def test_every_query_uses_the_selected_prometheus() -> None:
    variables = dashboard()["templating"]["list"]
    assert [each["type"] for each in variables if each["name"] == "datasource"] == ["datasource"]
    for each in (*variables, *dashboard()["panels"]):
        if each["type"] not in ("datasource", "row"):
            assert each["datasource"] == SOURCE
        for target in each.get("targets", ()):
            assert target["datasource"] == SOURCE


def test_variables_are_defined_and_used() -> None:
    used = set(re.findall(r"\$\{?(\w+)", DASHBOARD.read_text()))
    defined = {each["name"] for each in dashboard()["templating"]["list"]}
    assert used - BUILT_IN == defined == {"datasource", "namespace", "pod"}


@needs_tools
def test_the_config_map_contains_the_dashboard() -> None:
    documents = rendered(Combination("cpu", ("podmonitor",)))
    delivered = named(documents, "ConfigMap", "max-sentiment-dashboard")
    assert delivered["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert delivered["data"] == {"max-sentiment.json": DASHBOARD.read_text()}
