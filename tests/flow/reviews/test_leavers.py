"""Access does not outlive its owner's membership, however they leave and however the bot hears of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.ports import MessageKind
from sandbox.environment import start_environment
from sandbox.heroku import fault_injection
from tests.flow.actions import Acts, heroku_emulator, words
from tests.flow.download_browser import Link, pressed
from tests.flow.reviews.staff import (
    PERMANENT,
    administration,
    approvals,
    count_people,
    ended,
    leave_unnoticed,
    operations,
)
from tests.flow.test_verbs import interrupt

FOREVER = "/pgaccess mtls add 203.0.113.4 for ever because the vendor's export"
DAYS = "/pgaccess mtls add 203.0.113.5 for 5d because migration"
CERTIFICATE = "/pgaccess mtls certificate new on billing because nightly export"


async def environment(url: str, when_owner_leaves: str) -> AsyncIterator[Acts]:
    policy = PERMANENT.format(when_owner_leaves=when_owner_leaves)
    async with start_environment(url, heroku_emulator(), policy=policy) as started:
        acts = Acts(started)
        await acts.settle()
        yield acts


@pytest.fixture
async def acts(database_url: str) -> AsyncIterator[Acts]:
    """An environment in which approvers decide about certificates."""
    async for acts in environment(database_url, "ask"):
        yield acts


@pytest.fixture
async def strict(database_url: str) -> AsyncIterator[Acts]:
    """An environment in which certificates are revoked when their owner leaves."""
    async for acts in environment(database_url, "end"):
        yield acts


async def certify(acts: Acts) -> None:
    """The engineer gets a certificate, by request 1."""
    await acts.ask(CERTIFICATE)
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", "is ready"))


async def equip(acts: Acts) -> None:
    """The engineer has a certificate (1), a permanent rule (2), one for days (3), and waits for more (4)."""
    await certify(acts)
    for line in (FOREVER, DAYS):
        await acts.ask(line)
        assert (await acts.approve()).ok
    await acts.until(lambda: len(acts.told("engineer", "can reach")) == 2)
    await acts.ask("/pgaccess mtls add 203.0.113.6 for 1h because a look")


async def certificates(acts: Acts) -> list[tuple[str, bool]]:
    """Owner of each present certificate that has one, and whether they are known to have left."""
    sql = (
        "SELECT owner, owner_left_at IS NOT NULL FROM certificates "
        "WHERE absent_at IS NULL AND owner IS NOT NULL ORDER BY request_id"
    )
    return [tuple(row) for row in await acts.query(sql)]


async def snapshot(acts: Acts) -> list[object]:
    """Everything that ending again could change."""
    sql = "SELECT (SELECT count(*) FROM audit), count(*), sum(version) FROM outbox"
    return list((await acts.query(sql))[0])


async def press_message(acts: Acts, person: str, action: str) -> bool:
    """Presses a button of the newest message in the approvals channel that has it."""
    for message in reversed(acts.messages("#approvals")):
        if action in str(message["blocks"]):
            outcome = await acts.environment.people.clicks(
                person, channel="#approvals", ts=message["ts"], action_id=action
            )
            return outcome.ok
    raise AssertionError(f"nobody offers {action}")


async def test_all_that_somebody_has_ends_when_their_account_is_deactivated(acts: Acts) -> None:
    await equip(acts)
    assert (await acts.type("engineer", "/pgaccess mtls certificate get 1")).ok
    link = Link.newest(acts)
    await administration(acts).deactivates("engineer")
    await ended(acts)
    assert acts.ours() == []
    assert await acts.states() == ["approved", "ended", "ended", "withdrawn"]
    assert await acts.query("SELECT DISTINCT reason_code FROM grants") == [("owner_left",)]
    assert await acts.query("SELECT state FROM download_links") == [("withdrawn",)]
    answer = await pressed(link)
    assert answer.status_code == 410
    assert "no longer works" in answer.text
    await acts.until(lambda: "owns certificate" in approvals(acts))
    assert "<!subteam^S0LEADS>" in approvals(acts)
    said = operations(acts)
    assert "the account was deactivated" in said
    assert "Access that was told to end: #2, #3" in said
    assert "Requests withdrawn: #4" in said
    lines = await acts.query(
        "SELECT request_id FROM audit WHERE subject = 'grant' AND after = 'ending' AND actor = 'pgaccess'"
    )
    assert sorted(row[0] for row in lines) == [2, 3]


async def test_doing_it_again_changes_nothing(acts: Acts) -> None:
    await equip(acts)
    await administration(acts).deactivates("engineer")
    await ended(acts)
    before = await snapshot(acts)
    for _ in range(3):
        await acts.environment.app.services.leavers.run_due()
    assert await snapshot(acts) == before


async def test_processes_that_find_a_leaver_at_once_end_everything_once(acts: Acts) -> None:
    await equip(acts)
    await leave_unnoticed(acts, "engineer")
    await acts.query("UPDATE slack_users SET deactivated = true WHERE id = 'U0ENGINEER'")
    leavers = acts.environment.app.services.leavers
    await asyncio.gather(*(leavers.run_due() for _ in range(4)), return_exceptions=True)
    await ended(acts)
    sql = (
        "SELECT request_id, count(*) FROM audit WHERE after IN ('ending', 'withdrawn') GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(row) for row in await acts.query(sql)] == [(2, 1), (3, 1), (4, 1)]
    assert await acts.query("SELECT count(*) FROM outbox WHERE kind = 'notification.leaver'") == [(1,)]


async def test_one_message_tells_operations_of_one_leaver(acts: Acts) -> None:
    await equip(acts)
    await administration(acts).deactivates("engineer")
    await ended(acts)
    assert await acts.query("SELECT count(*) FROM outbox WHERE kind = 'notification.leaver'") == [(1,)]


async def test_somebody_who_becomes_a_guest_has_left_as_well_and_is_told_why(acts: Acts) -> None:
    await equip(acts)
    await administration(acts).makes_guest("engineer")
    await ended(acts)
    assert acts.ours() == []
    await acts.until(lambda: len(acts.told("engineer", "has ended*")) == 2)
    assert all("the owner left" in said for said in acts.told("engineer", "has ended*"))
    await acts.until(lambda: "the account is now a guest" in operations(acts))


async def test_a_lost_event_costs_only_time(acts: Acts) -> None:
    await equip(acts)
    await leave_unnoticed(acts, "engineer")
    await acts.environment.app.services.leavers.run_due()
    assert "in_force" in await acts.states()
    await count_people(acts)
    await ended(acts)
    assert acts.ours() == []


async def test_somebody_who_leaves_while_their_access_is_being_opened_does_not_get_it(acts: Acts) -> None:
    acts.environment.heroku.fault(fault_injection.status(500), on=r"POST .*/ip-rules$", times=None)
    await acts.ask(DAYS)
    assert (await acts.approve()).ok
    assert await acts.states() == ["applying"]
    await administration(acts).deactivates("engineer")
    acts.environment.heroku.clear_faults()
    await acts.environment.refresh_twice()
    await ended(acts)
    # A call that was on its way may have made the rule: what an attempt left is removed right after.
    await acts.until(lambda: acts.ours() == [])
    assert await acts.query("SELECT reason_code FROM grants") in ([("owner_left",)], [("person",)])


async def test_somebody_who_leaves_while_access_is_interrupted_cannot_have_it_opened_again(
    acts: Acts,
) -> None:
    await acts.ask_and_open()
    await interrupt(acts)
    await administration(acts).deactivates("engineer")
    await ended(acts)
    assert await acts.states() == ["ended"]
    assert acts.ours() == []
    await acts.until(lambda: "request.restore" not in str(acts.cards()[0]["blocks"]))


async def test_a_link_is_dead_as_soon_as_it_is_known_that_its_owner_has_left(acts: Acts) -> None:
    await certify(acts)
    assert (await acts.type("engineer", "/pgaccess mtls certificate get 1")).ok
    link = Link.newest(acts)
    # Known by a look-up, before anything that runs every few seconds has acted on it.
    await acts.query("UPDATE slack_users SET guest = true WHERE id = 'U0ENGINEER'")
    answer = await pressed(link)
    assert answer.status_code == 410
    assert await acts.query("SELECT count(*) FROM certificates WHERE delivered_at IS NOT NULL") == [(0,)]


async def test_of_two_owners_of_one_address_only_the_one_who_left_loses_it(acts: Acts) -> None:
    await acts.ask("/pgaccess mtls add 203.0.113.5 for 8h because mine")
    assert (await acts.approve()).ok
    await acts.ask("/pgaccess mtls add 203.0.113.5 for 8h because ours", person="engineer-2")
    assert (await acts.approve()).ok

    async def both() -> bool:
        return await acts.states() == ["in_force", "in_force"]

    await acts.until(both)
    await administration(acts).deactivates("engineer")

    async def one() -> bool:
        return await acts.states() == ["ended", "in_force"]

    await acts.until(one)
    assert acts.ours() == ["203.0.113.5/32"]


async def test_whoever_comes_back_gets_nothing_back_and_keeps_their_certificate(acts: Acts) -> None:
    await equip(acts)
    await administration(acts).deactivates("engineer")
    await ended(acts)
    await acts.until(lambda: "owns certificate" in approvals(acts))
    await administration(acts).reactivates("engineer")
    await acts.until(lambda: "is a full, active member again" in approvals(acts))
    assert "certificate.assign" not in str(acts.messages("#approvals"))
    assert await certificates(acts) == [("U0ENGINEER", False)]
    assert acts.ours() == []
    assert await acts.states() == ["approved", "ended", "ended", "withdrawn"]
    await administration(acts).deactivates("engineer")

    async def left_again() -> bool:
        return await certificates(acts) == [("U0ENGINEER", True)]

    await acts.until(left_again)
    sql = f"SELECT count(*) FROM outbox WHERE kind = '{MessageKind.CERTIFICATE_LEFT}'"
    assert await acts.query(sql) == [(2,)]


async def test_an_approver_revokes_the_certificate_of_somebody_who_left(acts: Acts) -> None:
    await certify(acts)
    await administration(acts).deactivates("engineer")
    await acts.until(lambda: "certificate.revoke" in str(acts.messages("#approvals")))
    assert await press_message(acts, "engineer-2", "certificate.revoke")
    assert await certificates(acts) == [("U0ENGINEER", True)]
    assert await press_message(acts, "lead-2", "certificate.revoke")
    await acts.until(lambda: "no longer exists at Heroku" in approvals(acts))
    assert await certificates(acts) == []
    assert "certificate.revoke" not in str(acts.messages("#approvals"))
    await acts.until(lambda: acts.told("lead-2", "#2"))


async def assign(acts: Acts, approver: str, heir: str) -> dict[str, str]:
    """Assigns the certificate by the form; returns the errors at its fields."""
    await press_message(acts, approver, "certificate.assign")
    values = {"person": {"person": heir}}
    outcome = await acts.environment.people.submits(approver, values)
    return dict(outcome.errors or {})


async def test_an_approver_assigns_the_certificate_to_somebody_who_may_ask(acts: Acts) -> None:
    await certify(acts)
    await administration(acts).deactivates("engineer")
    await acts.until(lambda: "certificate.assign" in str(acts.messages("#approvals")))
    assert await assign(acts, "lead", "U0ENGINEER2") == {}
    assert await certificates(acts) == [("U0ENGINEER2", False)]
    await acts.until(lambda: acts.direct("engineer-2") != [])
    await acts.until(lambda: "now belongs to <@U0ENGINEER2>" in approvals(acts))
    assert "certificate.assign" not in str(acts.messages("#approvals"))
    sql = "SELECT actor, before, after FROM audit WHERE subject = 'certificate' ORDER BY id"
    assert [tuple(row) for row in await acts.query(sql)][-1] == (
        "U0LEAD",
        "owner U0ENGINEER",
        "owner U0ENGINEER2",
    )
    assert (await acts.type("engineer-2", "/pgaccess mtls certificate get 1")).ok
    assert (await pressed(Link.newest(acts, "engineer-2"))).status_code == 200


@pytest.mark.parametrize("heir", ["U0LEAD", "U0GUEST", "U0PGACCESS"])
async def test_a_certificate_is_not_assigned_to_oneself_a_guest_or_a_bot(acts: Acts, heir: str) -> None:
    await certify(acts)
    await administration(acts).deactivates("engineer")
    await acts.until(lambda: "certificate.assign" in str(acts.messages("#approvals")))
    assert await assign(acts, "lead", heir) != {}
    assert await certificates(acts) == [("U0ENGINEER", True)]


async def test_an_engineer_opens_no_form_to_assign(acts: Acts) -> None:
    await certify(acts)
    await administration(acts).deactivates("engineer")
    await acts.until(lambda: "certificate.assign" in str(acts.messages("#approvals")))
    await press_message(acts, "engineer-2", "certificate.assign")
    assert acts.environment.slack.view_for("engineer-2") is None
    assert (
        "Only approvers" in acts.private("engineer-2")[-1] or "承認者だけ" in acts.private("engineer-2")[-1]
    )


async def test_the_policy_may_revoke_certificates_at_once(strict: Acts) -> None:
    await equip(strict)
    await administration(strict).deactivates("engineer")
    await strict.until(lambda: "no longer exists at Heroku" in approvals(strict))
    await ended(strict)
    assert await certificates(strict) == []
    assert "certificate.assign" not in str(strict.messages("#approvals"))
    decided = await strict.query("SELECT requester, state FROM requests WHERE kind = 'discard'")
    assert decided == [("pgaccess", "approved")]
    assert await strict.query("SELECT person FROM decisions ORDER BY at DESC LIMIT 1") == [("pgaccess",)]
    assert "<@pgaccess>" not in approvals(strict)


async def test_a_rotation_that_waits_for_its_owner_stops_and_both_certificates_are_reported(
    acts: Acts,
) -> None:
    await certify(acts)
    await acts.ask("/pgaccess mtls certificate rotate 1")
    assert (await acts.approve()).ok
    await acts.until(
        lambda: acts.told("engineer", "certificate.installed") or len(acts.direct("engineer")) > 3
    )

    async def waits() -> bool:
        return (
            await acts.query("SELECT 1 FROM operations WHERE kind = 'rotate' AND check_at IS NOT NULL") != []
        )

    await acts.until(waits)
    await administration(acts).deactivates("engineer")

    async def reported() -> bool:
        return await certificates(acts) == [("U0ENGINEER", True), ("U0ENGINEER", True)]

    await acts.until(reported)
    rotated = await acts.query("SELECT state, reason_code FROM operations WHERE kind = 'rotate'")
    assert rotated == [("failed", "owner_left")]


async def test_nothing_waits_for_somebody_who_cannot_be_told(acts: Acts) -> None:
    await equip(acts)
    await administration(acts).deactivates("engineer")
    await ended(acts)

    async def shown() -> bool:
        return await acts.query("SELECT kind, recipient FROM outbox WHERE sent_version < version") == []

    await acts.until(shown)
    assert [words(message) for message in acts.messages("#operations")] != []
