"""Alerts: checked with promtool, each with a section in the runbook."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
import yaml
from commands import run
from monitoring import RUNBOOK, alerts, queries, rules, selectors

from distilbert_sentiment_arch.settings.limits import Limits

PROMTOOL = os.environ.get("PROMTOOL") or shutil.which("promtool") or ""
UNIT_TESTS = Path(__file__).with_name("alerts.promtool.yaml")

needs_promtool = pytest.mark.skipif(
    not os.access(PROMTOOL, os.X_OK), reason="promtool is not here; see scripts/test"
)


@needs_promtool
def test_every_expression_is_promql(tmp_path: Path) -> None:
    recorded = [
        {"record": f"query:{number}", "expr": expression}
        for number, expression in enumerate(queries().values())
    ]
    path = tmp_path / "rules.yaml"
    groups = [*rules()["groups"], {"name": "queries", "rules": recorded}]
    path.write_text(yaml.safe_dump({"groups": groups}))
    ended = run(PROMTOOL, "check", "rules", "--lint=all", "--lint-fatal", path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"SUCCESS: {len(recorded) + len(alerts())} rules found" in ended.stdout


@needs_promtool
def test_invalid_promql_is_found(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    broken = {"record": "a:b", "expr": "sum by (pod (rate(up[5m]))"}
    path.write_text(yaml.safe_dump({"groups": [{"name": "a", "rules": [broken]}]}))
    assert run(PROMTOOL, "check", "rules", path).returncode != 0


@needs_promtool
def test_alerts_fire_only_in_the_intended_situations(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules()))
    shutil.copy(UNIT_TESTS, tmp_path)
    ended = run(PROMTOOL, "test", "rules", tmp_path / UNIT_TESTS.name)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_each_alert_is_tested_firing_and_silent() -> None:
    tried = [
        (each["alertname"], bool(each.get("exp_alerts")))
        for group in yaml.safe_load(UNIT_TESTS.read_text())["tests"]
        for each in group["alert_rule_test"]
    ]
    assert set(tried) == {(name, fires) for name in alerts() for fires in (True, False)}


def test_each_alert_has_a_section_of_the_runbook_and_each_section_an_alert() -> None:
    sections = re.split(r"^## ", RUNBOOK.read_text(), flags=re.MULTILINE)[1:]
    by_name = dict(section.split("\n", 1) for section in sections)
    assert list(by_name) == list(alerts())
    for name, section in by_name.items():
        assert "**Means**" in section
        assert section.lower().count("**see**") == section.lower().count("**do**") == 1, name
        for mentioned in re.findall(r"\bSentiment\w+", section):
            assert mentioned in by_name


def test_each_alert_has_severity_summary_and_runbook() -> None:
    for name, rule in alerts().items():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"].keys() == {"summary", "description", "runbook"}
        assert rule["annotations"]["runbook"] == f"deploy/monitoring/runbook.md#{name.lower()}"
        # Labels named in an annotation are labels of the alert.
        named = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        assert named <= selectors(rule["expr"]).grouping


def test_every_query_selects_one_namespace() -> None:
    for name, query in queries().items():
        for metric, labels in selectors(query).labels.items():
            assert "namespace" in labels, f"{metric} of {name}"


def test_the_backlog_limit_is_that_of_the_server() -> None:
    assert f"0.75 * {Limits().max_pending_tokens}" in alerts()["SentimentSaturated"]["expr"]
