"""Everything of one person, listed and revoked by those who may, over Slack and back."""

from collections.abc import AsyncIterator

import pytest

from sandbox.environment import start_environment
from sandbox.slack.users.simulated_users import Outcome
from tests.flow.actions import Acts, heroku_emulator, words
from tests.flow.download_browser import Link, pressed
from tests.flow.reviews.staff import ended

TWO_TEAMS = """
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
admins = ["U0LEAD"]
when_owner_leaves = "{when_owner_leaves}"

[targets.payments]
database = "billing"
environment = "production"

[targets.books]
database = "ledger"
environment = "accounting"

[[rules]]
name = "production"
environments = ["production"]
approvers = ["U0LEAD2", "U0LEAD"]

[[rules]]
name = "accounting"
environments = ["accounting"]
approvers = ["U0ENGINEER2", "U0LEAD"]
"""
"""One approver for each database, and an admin."""

TYPED_IN = "#general"
"""Where a person types, unless a test says otherwise."""

REVOKE = "/pgaccess revoke @engineer because the laptop was lost"


async def environment(url: str, when_owner_leaves: str) -> AsyncIterator[Acts]:
    policy = TWO_TEAMS.format(when_owner_leaves=when_owner_leaves)
    async with start_environment(url, heroku_emulator(databases=2), policy=policy) as started:
        acts = Acts(started)
        await acts.settle()
        yield acts


@pytest.fixture
async def acts(database_url: str) -> AsyncIterator[Acts]:
    """Two databases, each with an approver of its own; certificates stay."""
    async for acts in environment(database_url, "ask"):
        yield acts


@pytest.fixture
async def strict(database_url: str) -> AsyncIterator[Acts]:
    """The same where certificates end as well."""
    async for acts in environment(database_url, "end"):
        yield acts


async def equip(acts: Acts) -> None:
    """The engineer has access to billing (1) and ledger (2), a certificate (3), and waits for more (4)."""
    for line in (
        "/pgaccess mtls add 203.0.113.4 to billing for 8h because migration",
        "/pgaccess mtls add 203.0.113.5 to ledger for 8h because audit",
        "/pgaccess mtls certificate new on billing because nightly export",
    ):
        await acts.ask(line)
        assert (await acts.approve()).ok
    await acts.until(
        lambda: len(acts.told("engineer", "can reach")) == 2 and acts.told("engineer", "is ready")
    )
    await acts.ask("/pgaccess mtls add 203.0.113.6 to billing for 1h because a look")


async def press_private(acts: Acts, person: str, action: str) -> Outcome:
    """Presses a button of the newest private answer."""
    message = acts.environment.slack.ephemerals(person)[-1]
    return await acts.environment.people.clicks(person, channel=TYPED_IN, ts=message["ts"], action_id=action)


async def test_nothing_ends_before_the_button_is_pressed(acts: Acts) -> None:
    await equip(acts)
    await acts.type("lead", REVOKE)
    shown = acts.private("lead")[-1]
    assert "Nothing has changed yet" in shown
    assert "the laptop was lost" in shown
    for number in ("#1", "#2", "#4"):
        assert number in shown
    assert "Certificates stay" in shown
    assert await acts.states() == ["in_force", "in_force", "approved", "pending"]


async def test_an_admin_ends_everything_in_one_transaction(acts: Acts) -> None:
    await equip(acts)
    await acts.type("engineer", "/pgaccess mtls certificate get 3")
    link = Link.newest(acts)
    await acts.type("lead", REVOKE)
    assert (await press_private(acts, "lead", "person.revoke")).ok
    assert "Ending all" in acts.private("lead")[-1]
    assert await acts.states() == ["ending", "ending", "approved", "withdrawn"]
    await ended(acts)
    assert acts.ours() == []
    assert (await pressed(link)).status_code == 410
    sql = (
        "SELECT request_id, actor, details->>'because' FROM audit "
        "WHERE after IN ('ending', 'withdrawn') ORDER BY request_id, id"
    )
    assert {tuple(row) for row in await acts.query(sql)} == {
        (1, "U0LEAD", "the laptop was lost"),
        (2, "U0LEAD", "the laptop was lost"),
        (3, "U0LEAD", "the laptop was lost"),
        (4, "U0LEAD", "the laptop was lost"),
    }
    assert await acts.query(
        "SELECT count(*) FROM certificates WHERE absent_at IS NULL AND owner IS NOT NULL"
    ) == [(1,)]
    await acts.until(lambda: acts.told("engineer", "the laptop was lost"))
    await acts.until(lambda: len(acts.told("engineer", "has ended* (revoked by an approver)")) == 2)


async def test_an_approver_ends_what_they_approve_and_is_told_what_is_left(acts: Acts) -> None:
    await equip(acts)
    await acts.type("engineer-2", REVOKE)
    assert (await press_private(acts, "engineer-2", "person.revoke")).ok
    said = acts.private("engineer-2")[-1]
    assert "#2" in said
    assert "#1" in said.split("含まれないもの")[1]
    assert (await acts.states())[0] == "in_force"
    assert (await acts.states())[3] == "pending"
    assert (await acts.states())[1] in ("ending", "ended")


@pytest.mark.parametrize("person", ["engineer", "guest"])
async def test_nobody_else_may_revoke(acts: Acts, person: str) -> None:
    await equip(acts)
    await acts.type(person, REVOKE)
    assert "person.revoke" not in str(acts.environment.slack.ephemerals(person)[-1]["blocks"])
    assert await acts.states() == ["in_force", "in_force", "approved", "pending"]


async def test_pressing_twice_ends_it_once(acts: Acts) -> None:
    await equip(acts)
    await acts.type("lead", REVOKE)
    ask = acts.environment.slack.ephemerals("lead")[-1]
    for _ in range(2):
        await acts.environment.people.clicks(
            "lead", channel=TYPED_IN, ts=ask["ts"], action_id="person.revoke"
        )
    await ended(acts)
    sql = "SELECT request_id, count(*) FROM audit WHERE after = 'ending' GROUP BY 1 ORDER BY 1"
    assert [tuple(row) for row in await acts.query(sql)] == [(1, 1), (2, 1)]


async def test_a_reason_is_needed(acts: Acts) -> None:
    await acts.ask_and_open("/pgaccess mtls add 203.0.113.4 to billing for 8h because migration")
    await acts.type("lead", "/pgaccess revoke @engineer")
    assert "Add the reason" in acts.private("lead")[-1]


async def test_where_there_is_nothing_it_says_so(acts: Acts) -> None:
    await acts.type("lead", REVOKE)
    assert "no access that could be ended" in acts.private("lead")[-1]


async def test_a_name_that_slack_does_not_know_is_refused(acts: Acts) -> None:
    await acts.type("lead", "/pgaccess revoke @nobody because the laptop was lost")
    assert "does not identify a person" in acts.private("lead")[-1]


async def test_certificates_end_as_well_where_they_end_with_their_owner(strict: Acts) -> None:
    await equip(strict)
    await strict.type("lead", REVOKE)
    assert "Certificates are revoked as well: `3`" in strict.private("lead")[-1]
    assert (await press_private(strict, "lead", "person.revoke")).ok

    async def gone() -> bool:
        sql = "SELECT 1 FROM certificates WHERE absent_at IS NULL AND owner IS NOT NULL"
        return await strict.query(sql) == []

    await strict.until(gone)


async def test_the_person_and_admins_see_all_that_somebody_has_approvers_what_is_of_their_targets(
    acts: Acts, subtests: pytest.Subtests
) -> None:
    await equip(acts)
    everything = ("#1", "#2", "#4", "`3`")
    of_one_team = {"lead-2": ("#1", "#4", "`3`"), "engineer-2": ("#2",)}
    for person in ["engineer", "engineer-2", "lead", "lead-2"]:
        with subtests.test(person):
            await acts.type(person, "/pgaccess list @engineer")
            shown = acts.private(person)[-1]
            expected = of_one_team.get(person, everything)
            assert [number for number in everything if number in shown] == list(expected)


async def test_others_are_refused_in_one_sentence(acts: Acts) -> None:
    await equip(acts)
    await acts.type("engineer", "/pgaccess list @lead-2")
    assert "Only <@U0LEAD2>, approvers, auditors and admins" in acts.private("engineer")[-1]
    await acts.type("guest", "/pgaccess list @engineer")
    assert "203.0.113.4" not in words(acts.environment.slack.ephemerals("guest")[-1])


async def test_who_has_nothing_is_said_to_have_nothing(acts: Acts) -> None:
    await acts.type("lead", "/pgaccess list @engineer")
    assert "has no requests and no certificates" in acts.private("lead")[-1]
