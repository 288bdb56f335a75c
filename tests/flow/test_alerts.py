"""Outages of the emulated Heroku and Slack let the alerts fire that say so, and no other."""

from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx
import pytest

from sandbox.environment import METRICS_TOKEN
from sandbox.heroku import fault_injection as heroku_faults
from sandbox.slack import fault_injection as slack_faults
from tests.flow.actions import Acts
from tests.flow.alerting import require_firing, samples

LINE: Final = "/pgaccess mtls add 203.0.113.4 to billing for 8h because migration"
OVERDUE: Final = "pgaccess_grants_overdue_seconds"


async def scrape(acts: Acts) -> dict[str, float]:
    async with httpx.AsyncClient() as client:
        headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        return samples((await client.get(f"{acts.environment.bot_url}/metrics", headers=headers)).text)


async def scraped_with(acts: Acts, name: str, at_least: float) -> dict[str, float]:
    """A scrape in which a metric is as large as that; figures of the store may be some seconds old."""

    async def large() -> bool:
        return (await scrape(acts)).get(name, 0.0) >= at_least

    await acts.until(large)
    return await scrape(acts)


@pytest.mark.parametrize(
    ("status", "trouble", "alerts"),
    [
        (503, "unreachable", {"PgaccessHerokuTrouble", "PgaccessHerokuErrors", "PgaccessGrantOverdue"}),
        (401, "denied", {"PgaccessHerokuDenied", "PgaccessGrantOverdue"}),
    ],
)
async def test_an_outage_of_heroku_over_an_end_alerts_until_it_is_over(
    acts: Acts, tmp_path: Path, status: int, trouble: str, alerts: set[str]
) -> None:
    await acts.ask_and_open(LINE)
    healthy = await scrape(acts)
    require_firing(healthy, healthy, set(), tmp_path)

    acts.environment.heroku.fault(heroku_faults.status(status), times=None, name="outage")
    await acts.environment.move_time(timedelta(hours=8, minutes=10))
    await acts.environment.refresh_twice()
    await scraped_with(acts, f'pgaccess_reconcile_held{{trouble="{trouble}"}}', 1)
    out = await scraped_with(acts, OVERDUE, 120)
    require_firing(healthy, out, alerts, tmp_path)

    acts.environment.heroku.clear_faults("outage")
    await acts.environment.refresh_twice()
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))

    async def over() -> bool:
        found = await scrape(acts)
        held = [value for name, value in found.items() if name.startswith("pgaccess_reconcile_held")]
        return found[OVERDUE] == 0 and not any(held)

    await acts.until(over)
    after = await scrape(acts)
    require_firing(after, after, set(), tmp_path)


async def test_an_outage_of_slack_alerts(acts: Acts, tmp_path: Path) -> None:
    healthy = await scrape(acts)
    acts.environment.slack.fault("*", slack_faults.down())
    # What people type is still recorded; what they would be shown of it fails.
    await acts.type("engineer", LINE)
    name = "pgaccess_outbox_attempts"
    out = await scraped_with(acts, name, 1)
    require_firing(healthy, out, {"PgaccessSlackErrors"}, tmp_path)
    # An attempt a minute: after six of them it is said by its messages too.
    require_firing(healthy, out | {name: 6.0}, {"PgaccessSlackErrors", "PgaccessMessagesStuck"}, tmp_path)
