"""Certificate expiry: what users see and press as time moves, with downtime."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.mtls.rotation import GRACE
from sandbox.heroku.fixtures import DATABASE
from sandbox.heroku.model.resources import Database as EmulatedDatabase
from tests.flow.actions import Acts

DAY = timedelta(days=1)
ISSUE = "/pgaccess mtls certificate new on billing because nightly export"
LEFT = 60 * DAY


async def issue(acts: Acts) -> None:
    """The engineer requests a certificate, as request 1."""
    await acts.settle()
    await acts.ask(ISSUE)
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", "ready"))


async def to(acts: Acts, left: timedelta) -> None:
    """Moves time to a given distance before the engineer's certificate expires."""
    ((end,),) = await acts.query("SELECT expires_at FROM certificates WHERE request_id = 1")
    await acts.environment.move_time(end - left - acts.environment.clock.now())


def ready(acts: Acts) -> list[Any]:
    found = acts.environment.heroku.certificates(DATABASE, now=datetime.now(UTC))
    return [each.id for each in found if each.status == "ready"]


def emulated(acts: Acts) -> EmulatedDatabase:
    return acts.environment.heroku._account.addon(DATABASE)


# --- reminders -----------------------------------------------------------------------------------------


async def test_the_owner_is_reminded_and_takes_note(acts: Acts) -> None:
    await issue(acts)
    await to(acts, LEFT)
    await acts.until(lambda: acts.told("engineer", "expires within 60d"))
    assert acts.told("engineer", "nightly export")
    assert (await acts.press_own("engineer", "certificate.acknowledge")).ok
    await acts.until(lambda: acts.told("engineer", "Acknowledged by"))
    assert any("Acknowledged" in said for said in acts.private("engineer"))


async def test_after_downtime_over_several_steps_there_is_one_reminder_and_the_leads_have_a_copy(
    acts: Acts,
) -> None:
    await issue(acts)
    await to(acts, 2 * DAY)
    await acts.until(lambda: acts.told("engineer", "expires within 3d"))
    assert len(acts.told("engineer", "expires within")) == 1
    await acts.until(lambda: [said for said in acts.everything()["approvals"] if "expires within 3d" in said])


async def test_a_reminder_can_be_snoozed_and_is_repeated(acts: Acts) -> None:
    await issue(acts)
    await to(acts, LEFT)
    await acts.until(lambda: acts.told("engineer", "expires within 60d"))
    assert (await acts.press_own("engineer", "certificate.snooze")).ok
    await acts.until(lambda: acts.told("engineer", "Snoozed until"))
    await acts.environment.move_time(7 * DAY)
    await acts.until(lambda: len(acts.told("engineer", "expires within 60d")) == 2)


async def test_the_end_says_what_stops_working(acts: Acts) -> None:
    await issue(acts)
    await to(acts, timedelta())
    await acts.until(lambda: acts.told("engineer", "has expired"))
    assert acts.told("engineer", "sslv3 alert certificate expired")


async def test_a_colleague_cannot_answer_for_the_owner(acts: Acts) -> None:
    await issue(acts)
    await to(acts, DAY)
    await acts.until(lambda: [said for said in acts.everything()["approvals"] if "expires within 1d" in said])
    channel = acts.messages("#approvals")
    copy = next(m for m in channel if "expires within 1d" in str(m))
    await acts.environment.people.clicks(
        "engineer-2", channel="#approvals", ts=copy["ts"], action_id="certificate.acknowledge"
    )
    assert not acts.told("engineer", "Acknowledged by")
    assert acts.private("engineer-2")


async def test_operations_get_a_weekly_summary_of_certificates_without_an_owner(acts: Acts) -> None:
    await acts.settle()
    await acts.until(lambda: acts.query("SELECT 1 FROM periodic_tasks WHERE name = 'unowned certificates'"))
    await acts.environment.move_time(7 * DAY)
    await acts.until(
        lambda: [
            said for said in acts.everything()["operations"] if "Client certificates without an owner" in said
        ]
    )


# --- rotating ------------------------------------------------------------------------------------------


async def rotate(acts: Acts) -> None:
    """Rotates by a reminder's button, up to a new certificate that waits to be installed."""
    await issue(acts)
    await to(acts, LEFT)
    await acts.until(lambda: acts.told("engineer", "expires within 60d"))
    assert (await acts.press_own("engineer", "certificate.rotate")).ok
    what = "Rotate client certificate 1 for billing"
    await acts.until(lambda: what in acts.card())
    assert len([card for card in acts.cards() if what in str(card)]) == 1
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", "is ready (#2)"))


async def test_a_rotation_goes_from_its_button_to_the_removal_of_the_old_one(acts: Acts) -> None:
    await rotate(acts)
    old = len(ready(acts)) - 1
    assert (await acts.press_own("engineer", "certificate.installed")).ok
    await acts.until(lambda: acts.told("engineer", "the old certificate will be removed"))
    await acts.environment.move_time(GRACE + timedelta(minutes=1))
    await acts.until(lambda: len(ready(acts)) == old)
    await acts.until(lambda: acts.told("engineer", "*#2 done"))
    left = await acts.query(
        "SELECT request_id FROM certificates WHERE absent_at IS NULL AND owner IS NOT NULL"
    )
    assert left == [(2,)]


async def test_an_owner_who_does_not_install_it_is_reminded(acts: Acts) -> None:
    await rotate(acts)
    await acts.environment.move_time(DAY)
    await acts.until(lambda: acts.told("engineer", "installed?"))


async def test_a_rotation_can_be_requested_by_a_command(acts: Acts) -> None:
    await issue(acts)
    await acts.ask("/pgaccess mtls certificate rotate 1 because the laptop was lost")
    assert "the laptop was lost" in acts.card()
    outcome = await acts.type("engineer", "/pgaccess mtls certificate rotate 1")
    assert outcome.ok
    assert "already being rotated by #2" in acts.private("engineer")[-1]


@pytest.mark.parametrize("line", ["rotate", "rotate 99", "rotate cafebabe"])
async def test_a_certificate_that_is_not_there_is_not_rotated(acts: Acts, line: str) -> None:
    await acts.settle()
    await acts.type("engineer", f"/pgaccess mtls certificate {line}")
    assert "`" in acts.private("engineer")[-1]
    assert acts.cards() == []
