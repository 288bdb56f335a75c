"""The store is lost or restored while IP rules are open: nothing that was opened stays open unnoticed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from bot.domain.method import Method
from bot.domain.mtls.rule_description import RuleHolder, write_description
from bot.domain.signed_note import Note, note_key, sign
from bot.domain.subject import Network
from bot.ports import Message
from sandbox.heroku.fixtures import DATABASE, SPACE
from tests.flow.disaster.drill import Drill

ADDRESSES = [f"203.0.113.{number}" for number in range(4, 10)]


async def test_grants_of_a_lost_store_are_recorded_again_end_on_time_and_their_owners_are_told(
    drill: Drill, empty: str
) -> None:
    name = await drill.installation()
    await drill.open(*ADDRESSES)

    await drill.start_on(empty, installation=name)
    await drill.all_are("in_force", len(ADDRESSES))

    assert sorted(drill.ours()) == sorted(f"{address}/32" for address in ADDRESSES)
    numbers = await drill.query("SELECT id FROM requests ORDER BY id")
    assert [number for (number,) in numbers] == list(range(1, len(ADDRESSES) + 1))
    lines = await drill.query(
        "SELECT subject, before, after FROM audit WHERE details ? 'rebuilt' AND request_id = 1 ORDER BY id"
    )
    assert [tuple(line) for line in lines] == [("request", "", "approved"), ("grant", "", "in_force")]
    await drill.until(
        lambda: len(drill.told("engineer", "was recorded again from what is at")) == len(ADDRESSES)
    )
    await drill.until(
        lambda: any("#6 was recorded again" in said for said in drill.everything()["operations"])
    )

    # Numbers go on above those of the lost store.
    await drill.ask("/pgaccess mtls add 198.51.100.9")
    assert "#7" in drill.card()

    await drill.environment.move_time(timedelta(hours=9))
    await drill.until(lambda: drill.ours() == [])
    await drill.until(lambda: drill.told("engineer", "#6 has ended"))


async def test_a_card_of_a_lost_store_decides_nothing_and_says_so(drill: Drill, empty: str) -> None:
    await drill.ask("/pgaccess mtls add 203.0.113.4")
    old = drill.built_click("lead", "request.approve")

    await drill.start_on(empty)
    await drill.environment.people.sends(old)
    assert "before the data of pgaccess was lost or restored" in drill.private("lead")[-1]

    # Another request with the same number does not make it valid.
    await drill.ask("/pgaccess mtls add 198.51.100.9")
    await drill.environment.people.sends(old)
    assert "before the data of pgaccess was lost or restored" in drill.private("lead")[-1]
    assert await drill.states() == ["pending"]
    assert (await drill.approve()).ok
    await drill.until(lambda: drill.ours() == ["198.51.100.9/32"])


async def test_a_finding_of_a_lost_store_is_not_taken_for_the_one_that_has_its_number(
    drill: Drill, empty: str
) -> None:
    heroku = drill.environment.heroku

    async def found(network: str) -> dict[str, Any]:
        heroku.add_rule_externally(DATABASE, network, "a vendor", now=datetime.now(UTC))
        await drill.environment.refresh_everything()

        def cards() -> list[dict[str, Any]]:
            return [each for each in drill.messages("#operations") if network in str(each["blocks"])]

        await drill.until(cards)
        return cards()[-1]

    first, second = await found("192.0.2.7/32"), await found("192.0.2.8/32")
    presses = [
        drill.environment.slack.acts.click(
            "lead",
            "#operations",
            each["ts"],
            "finding.remove",
            block_id=None,
            selected=None,
            now=datetime.now(UTC),
        )
        for each in (first, second)
    ]
    # The new store numbers them in another order: they are gone, and the second one comes back first.
    for rule in heroku.rules(DATABASE, now=datetime.now(UTC)):
        if rule.cidr.startswith("192.0.2."):
            heroku.delete_rule_externally(DATABASE, rule.id, now=datetime.now(UTC))
    await drill.start_on(empty)
    await found("192.0.2.9/32")
    await found("192.0.2.10/32")
    for press in presses:
        await drill.environment.people.sends(press)
    said = "about an entry from before the data of pgaccess was lost or restored"
    await drill.until(lambda: sum(said in each for each in drill.private("lead")) == len(presses))
    assert await drill.states() == []


async def test_what_names_an_owner_whom_slack_does_not_know_ends_at_once(drill: Drill) -> None:
    later = drill.environment.clock.now() + timedelta(days=300)
    holder = RuleHolder(request=9, owner="U0NOBODY", ends_at=later)
    described = write_description(await drill.installation(), uuid4(), [holder])
    heroku = drill.environment.heroku
    heroku.add_rule_externally(DATABASE, "192.0.2.7/32", described, now=datetime.now(UTC))
    await drill.environment.refresh_everything()
    await drill.all_are("ended", 1)
    assert drill.ours() == []
    assert await drill.query("SELECT reason_code FROM grants") == [("owner_left",)]


async def test_rebuild_shows_what_is_left_and_removes_what_is_past_its_end_after_a_word(
    drill: Drill, empty: str
) -> None:
    name = await drill.installation()
    await drill.open(*ADDRESSES[:2])
    assert drill.environment.bot is not None
    await drill.environment.bot.stop()
    drill.environment.clock.move(timedelta(hours=9))
    await drill.start_on(empty, installation=name)

    shown = await drill.rebuild()
    assert [line.split(", ends")[0].split("(")[0] for line in shown[:2]] == [
        "billing: 203.0.113.4/32 ",
        "billing: 203.0.113.5/32 ",
    ]
    assert all("past its end, to be removed once you confirm that" in line for line in shown[:2])
    assert shown[-1].startswith("nothing was changed")
    assert await drill.states() == []
    assert len(drill.ours()) == 2
    await drill.until(lambda: any("pgaccess rebuild" in said for said in drill.everything()["operations"]))

    unconfirmed = await drill.rebuild(apply=True, types="yes")
    assert unconfirmed[-1] == "2 past their end were left alone: nobody confirmed"
    assert len(drill.ours()) == 2

    await drill.rebuild(apply=True, types="remove")
    await drill.until(lambda: drill.ours() == [])
    await drill.all_are("ended", 2)
    assert (await drill.rebuild(apply=True))[-1].endswith("nothing is to be recorded again")


async def test_a_store_restored_from_before_an_approval_finds_what_was_opened_since(drill: Drill) -> None:
    await drill.ask("/pgaccess mtls add 203.0.113.4 for 8h")
    backup = await drill.backup()
    old = drill.built_click("lead", "request.approve")
    assert (await drill.approve()).ok
    await drill.until(lambda: drill.told("engineer", "can reach"))
    await drill.open("203.0.113.5")

    await drill.start_on(backup)

    async def both() -> bool:
        # The request that still waits in the backup has kept its number.
        return await drill.states() == ["pending", "in_force", "in_force"]

    await drill.until(both)
    assert sorted(drill.ours()) == ["203.0.113.4/32", "203.0.113.5/32"]
    # It waits for a decision as it did: its own card is still good.
    assert (await drill.environment.people.sends(old)).ok
    await drill.all_are("in_force", 3)
    await drill.environment.move_time(timedelta(hours=9))
    await drill.until(lambda: drill.ours() == [])


async def test_a_store_restored_from_between_an_approval_and_its_opening_owns_what_was_opened(
    drill: Drill,
) -> None:
    drill.environment.faults.switch("heroku-500", on=True)
    await drill.ask("/pgaccess mtls add 203.0.113.4 for 8h")
    assert (await drill.approve()).ok
    backup = await drill.backup()
    drill.environment.faults.switch("heroku-500", on=False)
    await drill.environment.refresh_twice()
    await drill.until(lambda: drill.told("engineer", "can reach"))

    await drill.start_on(backup)
    await drill.all_are("in_force", 1)
    assert drill.ours() == ["203.0.113.4/32"]
    # Owned, and not merely served by a rule of somebody else: its end removes it.
    await drill.environment.move_time(timedelta(hours=9))
    await drill.until(lambda: drill.ours() == [])
    await drill.all_are("ended", 1)


async def test_an_extension_is_known_from_its_note_and_a_forged_note_is_ignored_and_told(
    drill: Drill, empty: str
) -> None:
    name = await drill.installation()
    await drill.open(*ADDRESSES[:2])
    assert (await drill.type("engineer", "/pgaccess extend 1 for 4h because it takes longer")).ok
    await drill.until(lambda: len(drill.cards()) == 3)
    assert (await drill.approve()).ok
    await drill.until(lambda: any("#1: 203.0.113.4/32" in said for said in drill.everything()["operations"]))
    app = drill.environment.app
    async with app.store.transaction() as tx:
        extended = await tx.grants.of_request(1)
        (target,) = await tx.targets.databases()
    assert extended is not None
    forged = Note(
        target=target.id,
        method=Method.MTLS,
        subject=Network("203.0.113.5/32"),
        request=2,
        owner="U0ENGINEER",
        ends_at=app.clock.now() + timedelta(days=1000),
        over=False,
        at=app.clock.now(),
    )
    said = Message(text="note", blocks=[], metadata=sign(forged, note_key("another secret")))
    await app.slack.post("C0OPERATIONS", said, number=999)
    assert drill.environment.bot is not None
    await drill.environment.bot.stop()

    first, *shown = await drill.rebuild_stopped(empty, installation=name)
    assert first.startswith("1 of 2 notes in C0OPERATIONS are not signed with this app's secrets")
    assert f"ends {extended.ends_at:%Y-%m-%d %H:%M:%S} UTC" in shown[0]
    assert all(str(app.clock.now().year + 3) not in line for line in shown)


async def test_a_worker_finds_by_itself_the_ranges_that_its_store_has_forgotten(
    drill: Drill, empty: str
) -> None:
    await drill.ask(
        f"/pgaccess trusted add 198.51.100.7 to {SPACE} for 8h because of the drill of this quarter"
    )
    assert (await drill.approve()).ok
    await drill.until(drill.replies)
    pressed = await drill.environment.people.clicks(
        "lead", channel="#approvals", ts=drill.replies()[-1]["ts"], action_id="space.support_done"
    )
    assert pressed.ok
    await drill.until(lambda: drill.told("engineer", "198.51.100.7/32"))

    async def noted() -> bool:
        await drill.environment.refresh_everything()
        return await drill.query("SELECT 1 FROM outbox WHERE kind = 'notification.note'") != [] and (
            await drill.states() == ["in_force"]
        )

    await drill.until(noted)
    await drill.until(lambda: any("is granted to" in said for said in drill.everything()["operations"]))

    await drill.start_on(empty)
    await drill.all_are("in_force", 1)
    await drill.until(lambda: drill.told("engineer", "#1 was recorded again"))

    async def closed() -> bool:
        await drill.environment.refresh_everything()
        listed = drill.environment.heroku.ruleset(SPACE).rules
        return "198.51.100.7/32" not in {rule.source for rule in listed}

    await drill.environment.move_time(timedelta(hours=9))
    await drill.until(closed)
