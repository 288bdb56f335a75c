"""Whoever ends access over Slack hears when it is closed, also while Heroku is out of reach."""

from datetime import timedelta

import pytest

from sandbox.heroku import fault_injection
from sandbox.heroku.fault_injection import Fault
from tests.flow.actions import Acts

LINE = "/pgaccess mtls add 203.0.113.4 for 8h"
OUTAGE = "outage"

WHYS = {
    "out of reach": (fault_injection.status(503), "Heroku does not answer"),
    "a refused token": (fault_injection.status(401), "Heroku rejects the token"),
    "limited calls": (fault_injection.rate_limited(1), "Heroku limits the number of calls"),
    "an upgrade": (fault_injection.upgrading(), "Heroku is busy with the database"),
}


async def failures(acts: Acts) -> int:
    """The most runs in a row that failed."""
    ((most,),) = await acts.query("SELECT max(failures) FROM reconcile_queue")
    return int(most)


async def break_heroku(acts: Acts, fault: Fault) -> None:
    """Heroku answers nothing else, and the bot has met that several times."""
    acts.environment.heroku.fault(fault, times=None, name=OUTAGE)

    async def met() -> bool:
        await acts.environment.refresh_everything()
        return await failures(acts) >= 2

    await acts.until(met)


async def mend_heroku(acts: Acts) -> None:
    """Heroku answers again, and the bot asks it at once."""
    acts.environment.heroku.clear_faults(OUTAGE)
    await acts.environment.refresh_twice()


@pytest.mark.parametrize("how", ["command", "button"])
async def test_whoever_revokes_is_told_once_when_it_is_closed(acts: Acts, how: str) -> None:
    await acts.ask_and_open(LINE)
    await acts.until(lambda: "grant.revoke" in str(acts.cards()[-1]["blocks"]))
    if how == "command":
        assert (await acts.type("lead", "/pgaccess revoke 1")).ok
    else:
        assert (await acts.press("lead", "grant.revoke")).ok
    await acts.until(lambda: acts.told("lead", "#1 has ended"))
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))
    assert len(acts.direct("lead")) == 1
    assert len(acts.told("engineer", "#1 has ended")) == 1


async def test_whoever_ends_their_own_is_told_once(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    assert (await acts.type("engineer", "/pgaccess done 1")).ok
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))
    assert len(acts.told("engineer", "#1 has ended")) == 1
    assert acts.direct("lead") == []


@pytest.mark.parametrize("why", WHYS)
async def test_while_heroku_cannot_be_asked_they_hear_why_and_then_that_it_is_closed(
    acts: Acts, why: str
) -> None:
    fault, said = WHYS[why]
    await acts.ask_and_open(LINE)
    acts.environment.heroku.fault(fault, times=None, name=OUTAGE)
    assert (await acts.type("lead", "/pgaccess revoke 1")).ok
    await break_heroku(acts, fault)
    await acts.environment.move_time(timedelta(minutes=3))
    await acts.until(lambda: acts.told("lead", "not closed yet"))
    assert said in acts.told("lead", "not closed yet")[0]
    await mend_heroku(acts)
    await acts.until(lambda: acts.told("lead", "#1 has ended"))
    await acts.until(lambda: acts.told("lead", "is closed by now"))
    assert len(acts.direct("lead")) == 2


async def test_a_restart_tells_nobody_anew(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    await break_heroku(acts, fault_injection.status(503))
    assert (await acts.type("lead", "/pgaccess revoke 1")).ok
    await acts.environment.move_time(timedelta(minutes=3))
    await acts.until(lambda: acts.told("lead", "not closed yet"))
    await acts.environment.redeploy(acts.environment.app.policy)
    await mend_heroku(acts)
    await acts.until(lambda: acts.told("lead", "#1 has ended"))
    await acts.environment.redeploy(acts.environment.app.policy)
    await acts.until(lambda: acts.told("lead", "is closed by now"))
    assert len(acts.direct("lead")) == 2
