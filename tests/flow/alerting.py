"""Evaluates the alert rules over what was scraped, with Prometheus' own promtool."""

import json
import re
import shutil
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import pytest

RULES: Final = Path(__file__).parents[2] / "docs/operations/prometheus-rules.yml"

MINUTES: Final = 20
"""How long what was scraped goes on; every alert of an outage has fired by then."""


def samples(text: str) -> dict[str, float]:
    """The samples of a text of Prometheus, by name and labels as they are written."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def series(before: Mapping[str, float], after: Mapping[str, float]) -> list[dict[str, str]]:
    """What Prometheus would have if all went on as between two scrapes, a minute apart.

    A gauge stays as it is, and a counter rises as it did.
    """
    found = []
    for name, value in after.items():
        if not name.startswith("pgaccess_"):
            continue
        step = value - before.get(name, 0.0) if re.match(r"\w+_total\b", name) else 0.0
        found.append({"series": name, "values": f"{value:f}+{step:f}x{MINUTES}"})
    return found


def require_firing(
    before: Mapping[str, float], after: Mapping[str, float], alerts: Collection[str], folder: Path
) -> None:
    """Fails unless exactly these alerts fire while all goes on as between two scrapes.

    Args:
        before: the first scrape.
        after: the second one, taken to be a minute later.
        alerts: names.
        folder: for promtool's file.
    """
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    expected = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(alerts)]
    asked = {
        "expr": 'group by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": f"{MINUTES}m",
        "exp_samples": expected,
    }
    test = {"interval": "1m", "input_series": series(before, after), "promql_expr_test": [asked]}
    file = folder / "scraped.yml"
    # JSON is YAML.
    file.write_text(
        json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]}),
        encoding="utf-8",
    )
    done = subprocess.run([tool, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
