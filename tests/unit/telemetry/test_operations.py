"""Dashboard, alert rules and documents of operations: they name only what ``/metrics`` really has."""

import asyncio
import json
import re
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bot.domain.outside.call_kinds import kind_of
from bot.domain.outside.redaction import Redactor
from bot.ports import WorkerName
from bot.ports.telemetry import EventName, JobOutcome, Service
from bot.telemetry.exposition import Exposition
from bot.telemetry.process_telemetry import ProcessTelemetry
from tests.unit.telemetry.test_metrics import PRESENT, Clock, Figures

FOLDER: Final = Path(__file__).parents[3] / "docs/operations"
RULES: Final = FOLDER / "prometheus-rules.yml"
RULE_TESTS: Final = Path(__file__).parent / "alert_rules_test.yml"

ALERTS: Final[list[dict[str, Any]]] = [
    rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]
DASHBOARD: Final[dict[str, Any]] = json.loads((FOLDER / "grafana-dashboard.json").read_text(encoding="utf-8"))
PANELS: Final = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]

OF_PROMETHEUS: Final = frozenset({"up", "ALERTS"})
"""What Prometheus itself adds."""


@cache
def scraped() -> str:
    """What a process exposes that has done everything once."""
    telemetry = ProcessTelemetry(redactor=Redactor())
    for status in ("200", "503", "timeout", "unreachable", "cut"):
        telemetry.call_ended(
            Service.HEROKU, kind=kind_of("/addons"), method="GET", status=status, seconds=0.1
        )
    telemetry.call_ended(Service.SLACK, kind="", method="chat.postMessage", status="ok", seconds=0.1)
    for outcome in JobOutcome:
        telemetry.step_ended(WorkerName.RECONCILER, outcome)
    telemetry.event(EventName.ACTION_REFUSED, {})
    telemetry.event(EventName.HEROKU_CHANGE, {"change": "ip_rule.add", "outcome": "accepted"})
    figures = Figures(present=replace(PRESENT, observed_s=1.0, tokens=4000.0, tokens_at_most=4500.0))
    exposition = Exposition(metrics=telemetry.metrics, figures=figures, clock=Clock())
    return asyncio.run(exposition.text()).decode()


@cache
def exposed() -> dict[str, dict[str, set[str]]]:
    """The values of labels, by metric and label."""
    found: dict[str, dict[str, set[str]]] = {}
    for family in text_string_to_metric_families(scraped()):
        for sample in family.samples:
            labels = found.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                labels.setdefault(label, set()).add(value)
    return found


def names_in(expression: str) -> set[str]:
    """The metrics that an expression of PromQL names."""
    return set(re.findall(r"\b(?:pgaccess|process)_[a-z_]+\b|\bup\b", expression))


def selectors_in(expression: str) -> list[tuple[str, str, str, str]]:
    """Each matcher of an expression: metric, label, operator and value."""
    return [
        (metric, label, operator, value)
        for metric, matchers in re.findall(r"\b([a-z_]+)\{([^}]*)\}", expression)
        for label, operator, value in re.findall(r"(\w+)\s*(=~|!~|!=|=)\s*\"([^\"]*)\"", matchers)
    ]


EXPRESSIONS: Final = [
    *((f"alert {rule['alert']}", rule["expr"]) for rule in ALERTS),
    *(
        (f"panel {panel['id']} {panel['title']}", target["expr"])
        for panel in PANELS
        for target in panel["targets"]
    ),
]
each_expression = pytest.mark.parametrize(
    "expression", [expression for _, expression in EXPRESSIONS], ids=[name for name, _ in EXPRESSIONS]
)


@each_expression
def test_an_expression_names_metrics_that_exist(expression: str) -> None:
    named = names_in(expression)
    assert named != set()
    assert named - exposed().keys() - OF_PROMETHEUS == set()


@each_expression
def test_an_expression_selects_by_labels_and_values_that_exist(expression: str) -> None:
    for metric, label, operator, value in selectors_in(expression):
        if label == "job":
            continue
        values = exposed()[metric][label]
        if operator in ("=", "!="):
            assert value in values
        else:
            assert any(re.fullmatch(value, each) for each in values)


@each_expression
def test_an_expression_groups_by_labels_that_exist(expression: str) -> None:
    labels = {label for name in names_in(expression) & exposed().keys() for label in exposed()[name]}
    grouped = {
        label.strip() for found in re.findall(r"\bby \(([^)]*)\)", expression) for label in found.split(",")
    }
    assert grouped - labels - {"instance"} == set()


def test_every_metric_is_documented_and_every_documented_one_exists() -> None:
    documented = set(
        re.findall(r"^\| `(pgaccess_\w+)` \|", (FOLDER / "metrics.md").read_text(), re.MULTILINE)
    )
    families = {
        re.sub(r"_(bucket|count|sum)$", "", name) for name in exposed() if name.startswith("pgaccess_")
    }
    assert documented == families


# --- alert rules -------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ALERTS, ids=[rule["alert"] for rule in ALERTS])
def test_an_alert_says_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"\d+[mh]", rule["for"])
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    annotations = rule["annotations"]
    assert annotations.keys() == {"summary", "description", "runbook_url"}
    assert annotations["runbook_url"] == f"docs/operations/alerts.md#{rule['alert'].lower()}"


def test_the_runbook_has_each_alert_under_its_severity_and_no_other() -> None:
    titles = {"Critical": "critical", "Warning": "warning", "Information": "info"}
    found: dict[str, str] = {}
    severity = ""
    for level, heading in re.findall(r"^(##+) (.+)$", (FOLDER / "alerts.md").read_text(), re.MULTILINE):
        if level == "##":
            severity = titles[heading]
        else:
            found[heading] = severity
    assert found == {rule["alert"]: rule["labels"]["severity"] for rule in ALERTS}


def test_each_alert_of_the_runbook_says_what_it_means_and_what_to_do() -> None:
    text = (FOLDER / "alerts.md").read_text(encoding="utf-8")
    for part in text.split("\n### ")[1:]:
        assert "\n**Means.** " in part
        assert "\n**Do.** " in part


@pytest.mark.parametrize(
    "command",
    [("check", "rules", str(RULES)), ("test", "rules", str(RULE_TESTS)), ("check", "metrics")],
    ids=lambda command: " ".join(command[:2]),
)
def test_promtool_takes_the_rules_and_lets_each_fire_and_takes_the_metrics(command: tuple[str, ...]) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    done = subprocess.run(
        [tool, *command], input=scraped(), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtools_tests_let_each_alert_fire() -> None:
    tests = yaml.safe_load(RULE_TESTS.read_text(encoding="utf-8"))["tests"]
    fired = {
        name
        for test in tests
        for each in test["promql_expr_test"]
        for sample in each["exp_samples"]
        for name in re.findall(r'alertname="(\w+)"', sample["labels"])
    }
    assert fired == {rule["alert"] for rule in ALERTS}


# --- the dashboard -----------------------------------------------------------------------------------


def test_the_dashboard_has_what_grafana_needs_to_load_it() -> None:
    assert {"title", "uid", "schemaVersion", "panels", "templating", "time"} <= DASHBOARD.keys()
    assert DASHBOARD["schemaVersion"] >= 36
    (source,) = DASHBOARD["templating"]["list"]
    assert (source["type"], source["query"]) == ("datasource", "prometheus")
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))


def test_every_panel_asks_the_chosen_prometheus_and_has_its_place() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    for panel in PANELS:
        assert panel["type"] in ("stat", "timeseries")
        references = [target["refId"] for target in panel["targets"]]
        assert len(references) == len(set(references)) > 0
        for source in (panel["datasource"], *(target["datasource"] for target in panel["targets"])):
            assert source == {"type": "prometheus", "uid": "${datasource}"}


def test_figures_of_the_store_are_never_added_over_instances() -> None:
    """Two instances tell of the same grants: ``sum`` alone would count each twice."""
    of_store = "|".join(
        re.findall(r"^\| `(pgaccess_\w+)` \| store \|", (FOLDER / "metrics.md").read_text(), re.MULTILINE)
    )
    added = re.compile(rf"sum(?: by \([^)]*\))? \((?:{of_store})\b|sum\((?:{of_store})\b")
    assert [name for name, expression in EXPRESSIONS if added.search(expression)] == []
