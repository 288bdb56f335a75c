"""What is open at a target that Heroku no longer has ends, once that is proven, and is told."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.services.targets.absences import DEPARTURES
from sandbox.environment import start_environment
from sandbox.heroku.behavior import Behavior
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fault_injection import status
from sandbox.heroku.fixtures import DATABASE
from tests.flow.actions import Acts, heroku_emulator, words
from tests.flow.targets.directory import POLICY, Directory

ADD = "/pgaccess mtls add {address} to billing because a migration"


class Departing(Directory):
    """What happens when Heroku loses a target."""

    async def ask_about_absent(self) -> None:
        """Has the bot ask Heroku about what it did not find, minutes after it last did."""
        await self.query("UPDATE targets SET missing_at = missing_at - interval '5 min'")
        await self.query("UPDATE reconcile_queue SET observed_at = observed_at - interval '5 min'")
        await self.query(f"UPDATE periodic_tasks SET due_at = now() WHERE name = '{DEPARTURES}'")

        async def asked() -> bool:
            await self.environment.app.directory_sync().read_departures()
            waits = "due_at > now() + interval '2 min 50 s'"
            rows = await self.query(f"SELECT 1 FROM periodic_tasks WHERE name = '{DEPARTURES}' AND {waits}")
            return bool(rows)

        await self.until(asked)

    async def hide(self, name: str) -> None:
        """Has the Platform API deny a database that is there: the list lacks it, and asked, it is unknown."""
        unseen = replace(status(404, "not_found"), message="Couldn't find that add-on.")
        self.heroku.fault(unseen, on="GET /addons/.*", times=None)
        await self.query(f"UPDATE targets SET absent_at = now() WHERE name = '{name}'")

    async def lose(self, change: Callable[[HerokuEmulator], object]) -> None:
        change(self.heroku)
        await self.read_targets()
        await self.ask_about_absent()
        await self.ask_about_absent()

    async def gone(self) -> list[str]:
        return [row[0] for row in await self.query("SELECT name FROM targets WHERE gone_at IS NOT NULL")]

    async def requests(self) -> dict[int, str]:
        return {row[0]: row[1] for row in await self.query("SELECT id, state FROM requests")}

    async def grants(self) -> dict[int, tuple[str, str | None]]:
        rows = await self.query("SELECT request_id, state, reason_code FROM grants")
        return {row[0]: (row[1], row[2]) for row in rows}


SHORT = POLICY.replace("approvals = 2", "approvals = 1")


@pytest.fixture
async def departing(database_url: str) -> AsyncIterator[Departing]:
    """``billing`` in production, where one approval is enough, and ``ledger``."""
    async with start_environment(database_url, heroku_emulator(databases=2), policy=SHORT) as environment:
        acts = Departing(environment)
        await acts.settle()
        yield acts


def destroyed(heroku: HerokuEmulator) -> None:
    heroku.delete_database(DATABASE)


async def test_what_is_open_at_a_destroyed_database_ends_and_is_told(departing: Departing) -> None:
    await departing.ask_and_open(ADD.format(address="203.0.113.4") + " for 2h")
    await departing.ask(ADD.format(address="203.0.113.5") + " for 2h")
    await departing.lose(destroyed)

    await departing.until(lambda: departing.told("engineer", "#1 has ended: billing no longer exists"))
    await departing.until(lambda: departing.told("engineer", "#2 was withdrawn"))
    assert await departing.grants() == {1: ("ended", "target_gone")}
    assert await departing.requests() == {1: "approved", 2: "withdrawn"}
    await departing.until(
        lambda: any("no longer exists at Heroku" in said for said in departing.operations())
    )
    told = next(said for said in departing.operations() if "no longer exists at Heroku" in said)
    assert "#1" in told
    assert "#2" in told
    await departing.until(lambda: not _decidable(departing))


async def test_an_approved_request_that_was_not_applied_yet_ends_as_well(departing: Departing) -> None:
    departing.heroku.fault(status(503), on="POST .*/ip-rules", times=None)
    await departing.ask(ADD.format(address="203.0.113.4") + " for 2h")
    assert (await departing.approve()).ok
    await departing.lose(destroyed)
    await departing.until(lambda: departing.told("engineer", "#1 has ended: billing no longer exists"))
    assert await departing.grants() == {1: ("ended", "target_gone")}


async def test_a_grant_that_was_being_closed_ends(departing: Departing) -> None:
    await departing.ask_and_open(ADD.format(address="203.0.113.4") + " for 2h")
    destroyed(departing.heroku)
    await departing.type("engineer", "/pgaccess done 1")
    assert (await departing.grants())[1][0] == "ending"
    await departing.lose(lambda _heroku: None)
    await departing.until(lambda: departing.told("engineer", "#1 has ended"))
    assert await departing.grants() == {1: ("ended", "target_gone")}


async def test_a_space_goes_with_its_ranges(departing: Departing) -> None:
    space = departing.heroku.snapshot(now=departing.environment.clock.now())["spaces"][0]["name"]
    await departing.ask(f"/pgaccess trusted add 203.0.113.9 to {space} for 2h because a BI tool")
    await departing.lose(lambda heroku: heroku.delete_space(space))
    await departing.until(lambda: departing.told("engineer", "#1 was withdrawn"))
    assert space in await departing.gone()


@pytest.mark.parametrize("code", [401, 403, 404, 429, 500, 503])
async def test_what_cannot_be_read_is_never_taken_for_gone(departing: Departing, code: int) -> None:
    await departing.ask_and_open(ADD.format(address="203.0.113.4") + " for 2h")
    destroyed(departing.heroku)
    departing.heroku.fault(status(code), on="GET /addons/.*", times=None)
    await departing.lose(lambda _heroku: None)
    await departing.ask_about_absent()
    assert await departing.gone() == []
    assert (await departing.grants())[1][0] != "ended"


async def test_a_list_without_a_database_that_exists_proves_nothing(departing: Departing) -> None:
    await departing.ask_and_open(ADD.format(address="203.0.113.4") + " for 2h")
    await departing.query(f"UPDATE targets SET absent_at = now() WHERE name = '{DATABASE}'")
    await departing.ask_about_absent()
    await departing.ask_about_absent()
    assert await departing.gone() == []
    assert await departing.query("SELECT 1 FROM targets WHERE missing_at IS NOT NULL") == []


async def test_one_answer_proves_nothing_however_often_it_is_read_at_once(departing: Departing) -> None:
    destroyed(departing.heroku)
    await departing.discover()
    await departing.ask_about_absent()
    await departing.query(f"UPDATE periodic_tasks SET due_at = now() WHERE name = '{DEPARTURES}'")
    await departing.environment.app.directory_sync().read_departures()
    assert await departing.gone() == []


async def test_a_database_that_is_back_is_reported_and_nothing_is_opened_again(departing: Departing) -> None:
    await departing.ask_and_open(ADD.format(address="203.0.113.4") + " for 2h")
    kept = departing.heroku.delete_database(DATABASE)
    await departing.lose(lambda _heroku: None)
    await departing.until(lambda: departing.told("engineer", "#1 has ended"))
    departing.heroku.restore_database(kept)
    await departing.discover()
    await departing.until(lambda: any("exists at Heroku again" in said for said in departing.operations()))
    await departing.until(lambda: not departing.ours())
    assert await departing.gone() == []
    assert (await departing.grants())[1][0] == "ended"


async def test_what_is_not_proven_yet_is_said_to_be_asked_about(departing: Departing) -> None:
    await departing.ask_and_open(ADD.format(address="203.0.113.4") + " for 2h")
    destroyed(departing.heroku)
    await departing.read_targets()
    for line in ("status billing", "list money", "why billing"):
        await _says(departing, line, "asking whether it still exists")


async def test_what_the_data_api_still_shows_is_not_gone_whatever_the_token_sees(
    departing: Departing,
) -> None:
    await departing.ask_and_open(ADD.format(address="203.0.113.4") + " for 2h")
    await departing.hide(DATABASE)
    for _ in range(4):
        await departing.ask_about_absent()
        await departing.environment.refresh_twice()
    assert await departing.gone() == []
    assert departing.ours()

    await departing.environment.move_time(timedelta(hours=9))
    await departing.until(lambda: not departing.ours())
    await departing.until(lambda: departing.told("engineer", "#1 has ended"))
    assert (await departing.grants())[1][1] != "target_gone"


async def test_a_database_destroyed_with_others_is_gone_once_the_data_api_denies_it(
    departing: Departing,
) -> None:
    await departing.ask_and_open(ADD.format(address="203.0.113.4") + " for 2h")
    now = departing.environment.clock.now()
    listed = [each["name"] for each in departing.heroku.snapshot(now=now)["databases"]]
    other = next(name for name in listed if name != DATABASE)
    departing.heroku.delete_database(other)
    await departing.lose(destroyed)
    await departing.until(
        lambda: any("They went missing together" in said for said in departing.operations())
    )

    async def told_apart() -> bool:
        await departing.environment.refresh_everything()
        await departing.ask_about_absent()
        return sorted(await departing.gone()) == sorted([DATABASE, other])

    await departing.until(told_apart)
    await departing.until(lambda: departing.told("engineer", "#1 has ended: billing no longer exists"))
    await departing.until(lambda: any("or is known to be gone" in said for said in departing.operations()))


async def test_a_database_whose_name_another_has_by_now_is_gone_although_names_are_answered(
    database_url: str,
) -> None:
    heroku = heroku_emulator(databases=2, behavior=Behavior(uuid_in_path=False))
    async with start_environment(database_url, heroku, policy=SHORT) as environment:
        acts = Departing(environment)
        await acts.settle()
        # Nothing of its mTLS is wanted: nothing is concluded of the list that its name is answered with.
        await acts.ask("/pgaccess privatelink add 123456789012 to billing for 2h because a migration")
        now = environment.clock.now()
        other = next(
            each["name"] for each in heroku.snapshot(now=now)["databases"] if each["name"] != DATABASE
        )
        destroyed(heroku)
        made = heroku.add_beside(other, DATABASE)
        heroku.enable_mtls_externally(str(made.id), now=now)
        assert (await acts.approve()).ok
        await acts.read_targets()

        async def told_apart() -> bool:
            # Its mTLS is read between any two answers about it.
            await environment.refresh_twice()
            await acts.ask_about_absent()
            rows = await acts.query("SELECT id FROM targets WHERE gone_at IS NOT NULL")
            return bool(rows) and str(made.id) not in str(rows)

        await acts.until(told_apart)
        await acts.until(lambda: acts.told("engineer", "#1 has ended: billing no longer exists"))
        assert await acts.grants() == {1: ("ended", "target_gone")}


async def test_an_aws_account_of_a_database_that_is_back_is_removed(departing: Departing) -> None:
    await departing.ask(
        "/pgaccess privatelink open billing account 123456789012 for 8h because nightly export"
    )
    assert (await departing.approve()).ok

    async def in_force() -> bool:
        await departing.environment.refresh_everything()
        return [state for state, _ in (await departing.grants()).values()] == ["in_force"]

    await departing.until(in_force)
    kept = departing.heroku.delete_database(DATABASE)
    await departing.lose(lambda _heroku: None)
    await departing.until(
        lambda: departing.told("engineer", "A VPC endpoint that was created for it remains")
    )
    departing.heroku.restore_database(kept)
    await departing.discover()
    await departing.until(lambda: any("and is removed if it is" in said for said in departing.operations()))

    async def removed() -> bool:
        await departing.environment.refresh_everything()
        link = departing.heroku.privatelink(DATABASE, now=datetime.now(UTC))
        return link is None or not link.accounts

    await departing.until(removed)


async def test_the_owner_of_a_certificate_is_told_that_it_is_there_after_all(departing: Departing) -> None:
    await departing.ask("/pgaccess mtls certificate new on billing because a nightly job")
    assert (await departing.approve()).ok

    async def owned() -> bool:
        await departing.environment.refresh_everything()
        return bool(await departing.query("SELECT 1 FROM certificates WHERE request_id = 1"))

    await departing.until(owned)
    kept = departing.heroku.delete_database(DATABASE)
    await departing.lose(lambda _heroku: None)
    await departing.until(lambda: departing.told("engineer", "no longer works"))
    departing.heroku.restore_database(kept)
    await departing.discover()
    await departing.until(lambda: departing.told("engineer", "#1 for billing may still work"))
    assert not departing.told("engineer", "no longer works")


async def test_a_410_proves_it_as_well(database_url: str) -> None:
    heroku = heroku_emulator(behavior=Behavior(deleted_addon=410))
    async with start_environment(database_url, heroku, policy=SHORT) as environment:
        departing = Departing(environment)
        await departing.settle()
        await departing.ask_and_open(ADD.format(address="203.0.113.4") + " for 2h")
        await departing.lose(destroyed)
        await departing.until(lambda: departing.told("engineer", "#1 has ended: billing no longer exists"))


async def test_what_waits_for_heroku_s_support_ends_with_its_space(departing: Departing) -> None:
    space = departing.heroku.snapshot(now=departing.environment.clock.now())["spaces"][0]["name"]
    await departing.ask(f"/pgaccess trusted add 203.0.113.9 to {space} for 2h because a BI tool")
    assert (await departing.approve()).ok
    await departing.until(lambda: "waiting for Heroku" in departing.card())
    await departing.lose(lambda heroku: heroku.delete_space(space))
    await departing.until(lambda: departing.told("engineer", f"the space {space} no longer exists"))
    assert await departing.grants() == {1: ("ended", "target_gone")}
    await departing.until(lambda: any("no ticket is needed" in words(each) for each in departing.replies()))


async def test_what_people_type_of_it_afterwards_says_so(departing: Departing) -> None:
    await departing.ask_and_open(ADD.format(address="203.0.113.4") + " for 2h")
    await departing.lose(destroyed)
    await departing.until(lambda: departing.told("engineer", "#1 has ended"))
    for line in ("status billing", "list billing", "why billing", f"status {DATABASE}", "status money"):
        await _says(departing, line, "no longer exists at Heroku")
    await _says(departing, "mtls add 203.0.113.7 to billing for 1h", "no longer exists at Heroku")
    await _says(departing, "show 1", "the database is gone")


async def _says(acts: Acts, line: str, expected: str) -> None:
    heard = len(acts.private("engineer"))
    await acts.type("engineer", f"/pgaccess {line}")
    await acts.until(lambda: len(acts.private("engineer")) > heard)
    assert expected in acts.private("engineer")[-1], line


def _decidable(acts: Departing) -> list[str]:
    """Cards that still have a button to decide, or to end."""
    return [words(card) for card in acts.cards() if "request.approve" in str(card["blocks"])]
