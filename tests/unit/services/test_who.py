"""Who could reach a target at a moment, asked by those who may know, and lists of what was."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.cli.access_report import who
from bot.domain import grant as grants
from bot.domain.access_history import AccessAt, Sight
from bot.domain.grant import Grant, GrantState, ReasonCode
from bot.domain.method import Method
from bot.domain.policy.environments import PolicyTarget
from bot.domain.request import Decision, Verdict
from bot.domain.unmanaged_entry import SeenEntry
from bot.errors import MisconfiguredError, Refusal
from bot.ports import AuditContext, RequestDetails
from bot.services import RequestInput, Services
from storage.tables import target_names
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NOW, SetClock
from tests.unit.services import actions
from tests.unit.services.actions import ADMIN, COLLEAGUE, ENGINEER, LEAD, LEAD2
from tests.unit.storage import store_helpers

BILLING: Final = factories.database()
CRM: Final = factories.database("crm", 2)
AUDITOR: Final = "U0AUDITOR"
HOUR: Final = timedelta(hours=1)
AUDITED: Final = replace(actions.APP, auditors=frozenset({AUDITOR}))


@pytest.fixture
async def services(store: PostgresStore, clock: SetClock) -> Services:
    await store_helpers.discover(store, BILLING, CRM)
    await actions.know_everybody(store)
    await actions.know(store, factories.person(AUDITOR, zone="Asia/Tokyo"))
    return actions.under(AUDITED, store, clock)


def two_teams(services: Services, store: PostgresStore) -> Services:
    """A policy in which each database has approvers of its own."""
    (rule,) = AUDITED.rules
    policy = replace(
        AUDITED,
        targets=(
            PolicyTarget(alias="money", database="billing", environment="one"),
            PolicyTarget(alias="people", database="crm", environment="two"),
        ),
        rules=(
            replace(rule, name="one", environments=frozenset({"one"}), approvers=frozenset({LEAD})),
            replace(rule, name="two", environments=frozenset({"two"}), approvers=frozenset({LEAD2})),
        ),
    )
    return actions.under(policy, store, SetClock())


async def move(store: PostgresStore, grant: Grant, after: Grant, at: datetime) -> Grant:
    async with store.transaction() as tx:
        assert await tx.grants.update(grant, after, doing=AuditContext(actor="pgaccess", at=at))
        await tx.commit()
    return after


OPENED: Final = NOW + timedelta(minutes=10)
END: Final = OPENED + 8 * HOUR
GONE: Final = END + timedelta(minutes=9)


async def a_day(store: PostgresStore, services: Services) -> Grant:
    """A grant of eight hours that was read back as gone nine minutes late."""
    approved = await actions.approve(services, await actions.ask(services))
    grant = approved.grant
    assert grant is not None
    grant = await move(store, grant, grants.verified(grant, now=OPENED, warn_before=HOUR), OPENED)
    grant = await move(store, grant, grants.closing(grant, ReasonCode.EXPIRED), END)
    ended = grants.closed(grant, GrantState.ENDED, now=GONE, reason_code=None)
    return await move(store, grant, ended, GONE)


async def at(
    services: Services, moment: datetime, *, word: str = "billing", person: str = AUDITOR
) -> AccessAt:
    return (await services.who.at(word, moment.isoformat(), person=person)).access


@pytest.mark.parametrize(
    ("moment", "count"),
    [
        (NOW, 0),
        (OPENED - timedelta(seconds=1), 0),
        (OPENED, 1),
        (END, 1),
        (GONE - timedelta(seconds=1), 1),
        (GONE, 0),
    ],
)
async def test_an_auditor_sees_who_could_reach_a_database_at_a_moment(
    store: PostgresStore, services: Services, clock: SetClock, moment: datetime, count: int
) -> None:
    grant = await a_day(store, services)
    clock.present = NOW + 24 * HOUR
    found = [each for each in (await at(services, moment)).grants if each.certainty == "in_force"]
    assert [each.grant.id for each in found] == [grant.id] * count
    for each in found:
        assert (each.since, each.planned_end, each.ended_at) == (OPENED, END, GONE)
        assert [approval.person for approval in each.approvals] == [LEAD]


async def test_a_vote_that_did_not_count_in_the_end_has_not_approved(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    async with store.transaction() as tx:
        vote = Decision(person=COLLEAGUE, verdict=Verdict.APPROVE, reason="", at=NOW)
        await tx.requests.record_decision(grant.request, vote)
        await tx.requests.recount(grant.request, [replace(vote, counts=False)])
        await tx.commit()
    (found,) = (await at(services, NOW)).grants
    assert [approval.person for approval in found.approvals] == [LEAD]


async def test_without_a_moment_it_is_now(store: PostgresStore, services: Services, clock: SetClock) -> None:
    await actions.opened(store, services)
    answer = await services.who.at("billing", None, person=AUDITOR)
    assert (answer.access.at, len(answer.access.grants), answer.cut) == (NOW, 1, False)


@pytest.mark.parametrize("person", [AUDITOR, ADMIN, LEAD])
async def test_auditors_admins_and_approvers_of_the_target_may_ask(
    store: PostgresStore, services: Services, person: str
) -> None:
    await actions.opened(store, services)
    assert len((await at(services, NOW, person=person)).grants) == 1


async def test_others_are_told_who_may(store: PostgresStore, services: Services, engine: AsyncEngine) -> None:
    await actions.opened(store, services)
    both = two_teams(services, store)
    for asked, person in ((services, ENGINEER), (both, LEAD2)):
        refused = await actions.refusal(engine, asked.who.at("billing", None, person=person))
        assert refused.reason is Refusal.WHO_NOT_ALLOWED


@pytest.mark.parametrize(
    ("word", "moment", "reason"),
    [
        ("biling", None, Refusal.WHO_UNKNOWN),
        (None, None, Refusal.TARGET_MISSING),
        ("billing", "at lunch", Refusal.MOMENT_UNREADABLE),
        ("billing", "2099-01-01", Refusal.MOMENT_AHEAD),
    ],
)
async def test_what_cannot_be_answered_is_refused(
    services: Services, engine: AsyncEngine, word: str | None, moment: str | None, reason: Refusal
) -> None:
    assert (await actions.refusal(engine, services.who.at(word, moment, person=AUDITOR))).reason is reason


async def test_a_time_is_of_the_zone_of_who_asks(services: Services) -> None:
    # NOW is 18:00 in Tokyo, where the auditor is.
    answer = await services.who.at("billing", "today 17:30", person=AUDITOR)
    assert answer.access.at == NOW - timedelta(minutes=30)


async def test_a_name_means_what_had_it_then(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock
) -> None:
    await store_helpers.discover(store, replace(BILLING, app="ledger"), replace(CRM, app="billing"))
    await database.update_rows(engine, target_names, {"since": NOW}, since=database.PRESENT)
    clock.present = NOW + HOUR
    before = await at(services, NOW - timedelta(seconds=1))
    after = await at(services, NOW)
    assert ({each.target for each in before.targets}, {each.target for each in after.targets}) == (
        {BILLING.id},
        {CRM.id},
    )


async def test_unmanaged_entries_are_named_as_they_were_observed_with_the_gaps(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    rule = SeenEntry(entry=str(UUID(int=7)), subject="198.51.100.0/24", description="by\u202e hand")
    clock.present = NOW + 10 * HOUR
    async with store.transaction() as tx:
        await tx.unmanaged_entries.record(BILLING.id, Method.MTLS, [rule], at=NOW)
        await tx.unmanaged_entries.record(BILLING.id, Method.MTLS, [rule], at=NOW + HOUR)
        await tx.access_history.note_gap(BILLING.id, Method.MTLS, since=NOW + HOUR, until=NOW + 5 * HOUR)
        await tx.unmanaged_entries.record(BILLING.id, Method.MTLS, [], at=NOW + 5 * HOUR)
        await tx.unmanaged_entries.record(BILLING.id, Method.MTLS, [rule], at=NOW + 6 * HOUR)
        await tx.commit()
    for hours, there in ((-1, 0), (0, 1), (4.9, 1), (5, 0), (6, 1), (9, 1)):
        found = await at(services, NOW + hours * HOUR)
        assert [each.description for each in found.unmanaged] == ["by hand"] * there
        (seen,) = found.evidence
        assert (seen.sight is Sight.GAP) is (hours == 4.9)


async def test_what_has_not_changed_writes_nothing(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    rule = SeenEntry(entry=str(UUID(int=7)), subject="198.51.100.0/24")
    seen = []
    for _ in range(2):
        async with store.transaction() as tx:
            await tx.unmanaged_entries.record(BILLING.id, Method.MTLS, [rule], at=NOW)
            await tx.targets.save_discovery((BILLING, CRM))
            await tx.commit()
        seen.append(await actions.snapshot(engine))
    assert seen[0] == seen[1]


# --- lists ------------------------------------------------------------------------------------------


def numbers(requests: Sequence[RequestDetails]) -> list[int]:
    return [each.request.id for each in requests]


async def some(store: PostgresStore, services: Services) -> tuple[int, int, int]:
    """Ended access of two people to two databases, and one that is open."""
    inputs = (
        (ENGINEER, RequestInput(address="203.0.113.4", target="billing", duration="8h", reason="one")),
        (COLLEAGUE, RequestInput(address="203.0.113.0/28", target="crm", duration="8h", reason="two")),
    )
    ended = [
        (await actions.opened(store, services, GrantState.ENDED, person=person, request_input=typed)).request
        for person, typed in inputs
    ]
    opened = await actions.opened(store, services, request_input=inputs[0][1])
    return ended[0], ended[1], opened.request


async def test_everybody_sees_what_of_their_own_has_ended_approvers_that_of_their_targets_auditors_all(
    store: PostgresStore, services: Services
) -> None:
    mine, other, _ = await some(store, services)
    teams = two_teams(services, store)
    expected = {
        ENGINEER: [mine], COLLEAGUE: [other], LEAD: [mine], LEAD2: [other],
        AUDITOR: [other, mine], ADMIN: [other, mine], actions.GROUP_LEAD: [],
    }  # fmt: skip
    for person, shown in expected.items():
        assert numbers((await teams.records.ended(person=person)).requests) == shown, person


async def test_a_person_is_listed_with_what_was_as_far_as_one_may_see(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    mine, other, opened = await some(store, services)
    teams = two_teams(services, store)
    for person, shown in (
        (ENGINEER, [opened, mine]),
        (LEAD, [opened, mine]),
        (LEAD2, []),
        (AUDITOR, [opened, mine]),
    ):
        page = await teams.records.of_person(ENGINEER, person=person)
        assert numbers(page.requests) == shown, person
        found, _ = await teams.personal_access.of(ENGINEER, person=person)
        assert numbers(found) == [id for id in shown if id == opened]
    refused = await actions.refusal(engine, teams.records.of_person(ENGINEER, person=COLLEAGUE))
    assert refused.reason is Refusal.LIST_NOT_YOURS
    assert numbers((await teams.records.of_person(COLLEAGUE, person=COLLEAGUE)).requests) == [other]


async def test_an_address_is_listed_with_the_networks_that_contain_it(
    store: PostgresStore, services: Services
) -> None:
    mine, other, opened = await some(store, services)
    for typed, shown in (
        ("203.0.113.4", [opened, other, mine]),
        ("203.0.113.5", [other]),
        ("203.0.113.0/28", [other]),
        ("203.0.113.77", []),
    ):
        assert numbers((await services.records.of_address(typed, person=AUDITOR)).requests) == shown, typed
    assert numbers((await services.records.of_address("203.0.113.4", person=COLLEAGUE)).requests) == [other]


async def test_lists_go_on_page_by_page_without_a_gap(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    every = [(await actions.opened(store, services, GrantState.ENDED)).request for _ in range(23)]
    first = await services.records.ended(person=AUDITOR)
    second = await services.records.ended(person=AUDITOR, before=first.following)
    assert (len(first.requests), second.following) == (20, None)
    assert numbers((*first.requests, *second.requests)) == every[::-1]
    first = await services.records.of_person(ENGINEER, person=ENGINEER)
    second = await services.records.of_person(ENGINEER, person=ENGINEER, before=first.following)
    assert numbers((*first.requests, *second.requests)) == every[::-1]


# --- the command line ------------------------------------------------------------------------------------


async def test_the_command_line_says_it_all(
    store: PostgresStore, services: Services, database_url: str
) -> None:
    grant = await a_day(store, services)
    rule = SeenEntry(
        entry=str(UUID(int=7)), subject="198.51.100.0/24", description="by hand", created_by="ops"
    )
    async with store.transaction() as tx:
        await tx.unmanaged_entries.record(BILLING.id, Method.MTLS, [rule], at=NOW)
        await tx.commit()
    answer = await who(
        "Billing", "2026-11-24 15:00", {"DATABASE_URL": database_url}, now=datetime(2027, 1, 1, tzinfo=UTC)
    )
    said = "\n".join(answer.lines)
    for part in (
        "Who could reach Billing at 2026-11-24 15:00 UTC",
        f"billing (postgresql-curved-12345), {BILLING.id}",
        f"#{grant.request}  203.0.113.4/32 → billing, mTLS, ",
        "in force since 2026-11-24 09:10 UTC, planned end 2026-11-24 17:10 UTC, ended 2026-11-24 17:19 UTC",
        f"({LEAD}) at 2026-11-24 09:00 UTC (#{grant.request})",
        "because quarterly migration",
        "198.51.100.0/24 → billing, mTLS",
        "described as by hand",
        "in a list that ops wrote",
        "billing, mTLS: never observed",
    ):
        assert part in said, said


@pytest.mark.parametrize(
    ("word", "moment", "error"),
    [
        ("nothing", None, "no target was called nothing then; known are billing, crm"),
        ("billing", "soon", '--at soon is not a time; for example --at "2026-03-03 14:00", in UTC'),
        ("billing", "2099-01-01", "--at 2099-01-01 is in the future"),
    ],
)
async def test_a_wrong_argument_gets_one_sentence_with_an_example(
    services: Services, database_url: str, word: str, moment: str | None, error: str
) -> None:
    with pytest.raises(MisconfiguredError) as caught:
        await who(word, moment, {"DATABASE_URL": database_url}, now=NOW)
    assert str(caught.value).startswith(error)


async def test_a_store_that_cannot_be_read_does_not_repeat_its_address() -> None:
    url = "postgres://user:hidden-word@127.0.0.1:1/name"
    with pytest.raises(MisconfiguredError) as caught:
        await who("billing", None, {"DATABASE_URL": url}, now=NOW)
    assert "hidden-word" not in str(caught.value)
