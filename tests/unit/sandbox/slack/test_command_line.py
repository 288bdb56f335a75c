"""``python -m sandbox.slack`` as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[4]
SETTINGS = {"SLACK_BOT_TOKEN": "xoxb-emulated", "SLACK_SIGNING_SECRET": "secret"}


def start(arguments: list[str], settings: dict[str, str]) -> subprocess.Popen[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox.slack", *arguments],
        cwd=ROOT,
        env={**inherited, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_says_where_it_answers_and_ends_when_told_to() -> None:
    process = start(["--port", "0", "--bot", "http://127.0.0.1:1"], SETTINGS)
    with process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = line.removeprefix("The emulated Slack answers at ").strip()
        token = {"Authorization": "Bearer xoxb-emulated"}
        said = httpx.post(f"{address}/api/auth.test", headers=token, timeout=10).json()
        process.terminate()
        process.communicate(timeout=10)

    assert said["ok"]


def test_it_keeps_to_slacks_rate_limits_when_it_is_asked_to() -> None:
    process = start(["--port", "0", "--bot", "http://127.0.0.1:1", "--limits"], SETTINGS)
    with process:
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("The emulated Slack answers at ").strip()
        token = {"Authorization": "Bearer xoxb-emulated"}
        body = {"channel": "C0GENERAL", "text": "x"}
        with httpx.Client(base_url=address, headers=token, timeout=10) as client:
            codes = [client.post("/api/chat.postMessage", json=body).status_code for _ in range(9)]
        process.terminate()
        process.communicate(timeout=10)

    assert (codes[0], codes[-1]) == (200, 429)


def test_a_missing_setting_is_one_sentence_and_code_2() -> None:
    with start(["--bot", "http://127.0.0.1:1"], {}) as process:
        _, said = process.communicate(timeout=30)

    assert process.returncode == 2
    assert said == "The emulated Slack needs SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET to be set.\n"
