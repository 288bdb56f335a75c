"""What an operator and a SIEM get: one grant's whole life as events, and the metrics after it."""

import io
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

import httpx
import pytest

from sandbox.environment import BOT_TOKEN, HEROKU_TOKEN, METRICS_TOKEN, SIGNING_SECRET, start_environment
from tests.flow.actions import Acts, heroku_emulator
from tests.flow.alerting import samples

LINE: Final = "/pgaccess mtls add 203.0.113.4 to billing for 8h because migration"


@pytest.fixture
def events() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
async def acts(database_url: str, events: io.StringIO) -> AsyncIterator[Acts]:
    async with start_environment(database_url, heroku_emulator(), events=events) as environment:
        acts = Acts(environment)
        await acts.settle()
        yield acts


def parsed(events: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in events.getvalue().splitlines()]


def named(events: io.StringIO, name: str) -> list[dict[str, Any]]:
    return [event for event in parsed(events) if event["event"] == name]


async def scrape(acts: Acts, authorization: str | None = f"Bearer {METRICS_TOKEN}") -> httpx.Response:
    headers = {} if authorization is None else {"Authorization": authorization}
    async with httpx.AsyncClient() as client:
        return await client.get(f"{acts.environment.bot_url}/metrics", headers=headers)


async def test_a_grants_whole_life_stands_in_the_events_and_in_the_metrics(
    acts: Acts, events: io.StringIO
) -> None:
    await acts.ask(LINE, person="lead")
    # Their own request: the click is refused, and somebody else decides.
    await acts.approve("lead")
    await acts.approve("lead-2")
    await acts.until(lambda: acts.told("lead", "can reach billing"))
    await acts.environment.move_time(timedelta(hours=8, minutes=1))
    await acts.until(lambda: acts.told("lead", "#1 has ended"))

    async def sealed() -> bool:
        return not await acts.query("SELECT 1 FROM audit WHERE seal IS NULL")

    await acts.until(sealed)

    lines = named(events, "audit.line")
    about_it = [(each["subject"], each["before"], each["after"]) for each in lines if each["request"] == 1]
    assert about_it == [
        ("request", "", "pending"),
        ("request", "pending", "approved"),
        ("grant", "", "applying"),
        ("grant", "applying", "in_force"),
        ("grant", "in_force", "ending"),
        ("grant", "ending", "ended"),
    ]
    stored = await acts.query("SELECT seal, encode(digest, 'hex'), actor FROM audit ORDER BY seal")
    assert [(each["seal"], each["digest"], each["actor"]) for each in lines] == [tuple(row) for row in stored]

    changes = named(events, "heroku.change")
    assert [(each["change"], each["outcome"], each["status"]) for each in changes] == [
        ("ip_rule.add", "accepted", 0),
        ("ip_rule.remove", "accepted", 0),
    ]
    assert changes[0]["cidr"] == "203.0.113.4/32"
    assert changes[0]["name"] == "postgresql-curved-12345"
    (refused,) = named(events, "action.refused")
    assert {name: refused[name] for name in ("actor", "action", "request", "reason")} == {
        "actor": "U0LEAD",
        "action": "request.approve",
        "request": 1,
        "reason": "approver_self",
    }
    for secret in (BOT_TOKEN, SIGNING_SECRET, HEROKU_TOKEN, METRICS_TOKEN):
        assert secret not in events.getvalue()

    answer = await scrape(acts)
    found = samples(answer.text)
    assert found["pgaccess_store_up"] == 1
    assert found['pgaccess_grants{method="mtls",state="ended"}'] == 1
    assert found['pgaccess_requests{method="mtls",state="approved"}'] == 1
    assert found['pgaccess_request_decision_seconds_count{method="mtls"}'] == 1
    assert found['pgaccess_grant_opening_seconds_bucket{le="+Inf",method="mtls"}'] == 1
    assert found["pgaccess_grants_overdue"] == 0
    assert found["pgaccess_audit_seal"] == len(lines)
    assert found["pgaccess_audit_unsealed_lines"] == 0
    assert found["pgaccess_audit_head_prefix"] == int(lines[-1]["digest"][:12], 16)
    assert found['pgaccess_heroku_calls_total{kind="ip-rules",method="POST",status="201"}'] == 1
    assert found['pgaccess_heroku_changes_total{change="ip_rule.remove",outcome="accepted"}'] == 1
    assert found['pgaccess_slack_calls_total{method="chat.postMessage",status="ok"}'] >= 2
    assert found["pgaccess_actions_refused_total"] == 1
    for loop in ("reconciler", "notifier", "clock"):
        assert found[f'pgaccess_loop_age_seconds{{loop="{loop}"}}'] < 10
    assert found["pgaccess_heroku_budget_tokens"] > 4000
    assert 'version="0.1.0"' in answer.text
    # Labels are words of the code: no person, no address, no target, no reason.
    assert not re.search(r"U0|203\.0\.113|curved|billing|migration", answer.text)


async def test_metrics_are_for_who_has_the_token(acts: Acts) -> None:
    assert (await scrape(acts)).status_code == 200
    for wrong in (None, "", "Bearer", f"Bearer {METRICS_TOKEN}x", f"Basic {METRICS_TOKEN}", METRICS_TOKEN):
        refused = await scrape(acts, wrong)
        assert refused.status_code == 401
        assert "pgaccess_" not in refused.text
