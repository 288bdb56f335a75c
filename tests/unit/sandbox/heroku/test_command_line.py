"""``python -m sandbox.heroku`` as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.unit.sandbox.heroku.conftest import ACCEPT, BEARER, CIDR, RULES, TOKEN

ROOT = Path(__file__).parents[4]


def start(arguments: list[str], settings: dict[str, str]) -> subprocess.Popen[str]:
    inherited = {name: value for name, value in os.environ.items() if name != "HEROKU_API_KEY"}
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox.heroku", *arguments],
        cwd=ROOT,
        env={**inherited, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_prints_its_url_and_takes_transition_times_and_faults() -> None:
    arguments = ["--port", "0", "--databases", "2", "--transition-seconds", "0"]
    with start(arguments, {"HEROKU_API_KEY": TOKEN}) as process:
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("The emulated Heroku answers at ").strip()
        with httpx.Client(
            base_url=address, headers={**ACCEPT, **BEARER}, timeout=10, trust_env=False
        ) as client:
            client.post("/_emulator/faults", json={"kind": "lost_answer", "on": "POST"})
            with pytest.raises(httpx.RemoteProtocolError):
                client.post(RULES, json={"cidr": CIDR})
            rules = client.get(RULES).json()
            databases = client.get("/_emulator/state").json()["databases"]
        process.terminate()
        _, said = process.communicate(timeout=10)

    assert [(rule["cidr"], rule["status"]) for rule in rules][1:] == [(CIDR, "Authorized")]
    assert [database["app"] for database in databases] == ["billing", "ledger", "website"]
    assert said == ""


@pytest.mark.parametrize("settings", [{}, {"HEROKU_API_KEY": ""}, {"HEROKU_API_KEY": "undefined"}])
def test_a_missing_token_is_one_sentence_and_code_2(settings: dict[str, str]) -> None:
    with start(["--port", "0"], settings) as process:
        _, said = process.communicate(timeout=30)

    assert process.returncode == 2
    assert said == "The emulated Heroku needs HEROKU_API_KEY to be set.\n"


@pytest.mark.parametrize(
    "arguments", [["--databases", "3"], ["--transition-seconds", "-1"], ["--transition-seconds", "fast"]]
)
def test_an_impossible_setting_is_code_2(arguments: list[str]) -> None:
    with start(arguments, {"HEROKU_API_KEY": TOKEN}) as process:
        _, said = process.communicate(timeout=30)

    assert process.returncode == 2
    assert arguments[0] in said
