"""PromQL expressions in deploy/: those of the alerts, the dashboard and KEDA."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import yaml
from commands import ROOT

COMPONENTS = ROOT / "deploy" / "kubernetes" / "components"
DASHBOARD = ROOT / "deploy" / "monitoring" / "dashboard.json"
RUNBOOK = ROOT / "deploy" / "monitoring" / "runbook.md"

_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}")
_MATCHER = re.compile(r'([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*"')
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_OPERATORS = {"and", "or", "unless", "bool", "offset"}


def rules() -> dict[str, Any]:
    """Returns the groups of alerts in the format of a Prometheus rule file."""
    document = yaml.safe_load((COMPONENTS / "podmonitor" / "alerts.yaml").read_text())
    groups: dict[str, Any] = document["spec"]
    return groups


def alerts() -> dict[str, dict[str, Any]]:
    """Returns the alerts by name."""
    found = [rule for group in rules()["groups"] for rule in group["rules"]]
    named = {rule["alert"]: rule for rule in found}
    assert len(named) == len(found)
    return named


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return found


def queries() -> dict[str, str]:
    """Returns every expression by its location, with Grafana's variables filled in."""
    scaled_object = yaml.safe_load((COMPONENTS / "keda" / "scaled-object.yaml").read_text())
    found = {
        f"keda {index}": trigger["metadata"]["query"]
        for index, trigger in enumerate(scaled_object["spec"]["triggers"])
    }
    found |= {f"alert {name}": rule["expr"] for name, rule in alerts().items()}
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            name = f"panel {panel['id']} {panel['title']}: {target['refId']}"
            found[name] = filled_in(target["expr"])
    return found


def filled_in(text: str) -> str:
    """Puts values in place of Grafana's variables."""
    values = {"namespace": "max-sentiment", "pod": ".*", "__rate_interval": "5m"}
    for name, value in values.items():
        text = text.replace(f"${name}", value)
    return text


@dataclass(frozen=True)
class Selectors:
    """Labels that an expression matches and groups by.

    Attributes:
        labels: Matched labels, by metric.
        grouping: Labels of aggregations and joins.
    """

    labels: dict[str, set[str]]
    grouping: set[str]


def selectors(expression: str) -> Selectors:
    """Finds the metrics of an expression; each must have braces, which contain its namespace.

    Names in quotes are none, and what is left of an expression without selectors, groupings and
    ranges may hold functions and operators only.
    """
    labels: dict[str, set[str]] = {}
    for metric, matchers in _SELECTOR.findall(expression):
        assert re.sub(r"[,\s]", "", _MATCHER.sub("", matchers)) == "", matchers
        labels.setdefault(metric, set()).update(_MATCHER.findall(matchers))
    rest = _SELECTOR.sub(" ", expression)
    grouping = {
        name.strip() for names in _GROUPING.findall(rest) for name in names.split(",") if name
    }
    rest = re.sub(r"\[[^\]]*\]", " ", _GROUPING.sub(" ", rest))
    for name in re.findall(r"[a-zA-Z_]\w*(?!\w*\s*\()", rest):
        assert name in _OPERATORS, f"{name} in {expression} has no braces"
    return Selectors(labels, grouping)
