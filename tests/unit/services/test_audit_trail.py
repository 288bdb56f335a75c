"""The audit log over every verb: one line for each change of state, and a chain that verifies."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.services import RequestInput, Services
from storage.repositories.evidence.export import Wanted, records
from storage.repositories.evidence.verification import Compared, wrong_rows
from storage.tables import grants, requests
from storage.transaction import PostgresStore
from tests import database
from tests.unit.factories import NOW, SetClock
from tests.unit.services import actions
from tests.unit.services.actions import ADMIN, COLLEAGUE, ENGINEER, HOUR, LEAD, LEAD2

Line = tuple[str, str, str, str]


async def a_busy_day(store: PostgresStore, services: Services, clock: SetClock) -> list[Line]:
    """Runs every verb once; returns the audit lines that are expected, in order."""
    double = actions.under(actions.ruled(approvals=2), store, clock)
    one, two, three = [await actions.ask(double) for _ in range(3)]
    await actions.approve(double, one)
    approved = await actions.approve(double, one, person=LEAD2, changes=RequestInput(duration="4h"))
    await actions.deny(double, two)
    await double.access_requests.cancel(three.request.id, person=ENGINEER, key=actions.key())
    grant = await actions.bring(store, approved, GrantState.FAILED)
    await double.grants.retry(grant.request, person=ENGINEER, key=actions.key())
    again = await actions.get(store, grant.id)
    await actions.bring(store, replace(approved, grant=again), GrantState.INTERRUPTED)
    reopened = await double.reopenings.reopen(grant.request, person=LEAD, key=actions.key())
    assert reopened.reopening is not None
    await actions.approve(double, replace(reopened, request=reopened.reopening), person=LEAD2)
    await double.extensions.extend(
        grant.request, RequestInput(duration="1h"), person=ENGINEER, key=actions.key()
    )
    more = await double.extensions.extend(
        grant.request, RequestInput(duration="2h"), person=ENGINEER, key=actions.key()
    )
    await actions.approve(double, more)
    await actions.approve(double, more, person=LEAD2)
    removal = await double.access_requests.remove(
        Method.MTLS, RequestInput(address="203.0.113.4"), person=COLLEAGUE, key=actions.key()
    )
    await actions.approve(double, removal.details)
    await actions.approve(double, removal.details, person=LEAD2)
    asked, half = (ENGINEER, "request", "", "pending"), "pending, 1 of 2"
    agreed = [(LEAD, "request", "pending", half), (LEAD2, "request", "pending", "approved")]
    return [
        *[asked] * 3,
        *agreed,
        (LEAD2, "grant", "", "applying"),
        (LEAD, "request", "pending", "denied"),
        (ENGINEER, "request", "pending", "cancelled"),
        ("pgaccess", "grant", "applying", "failed"),
        (ENGINEER, "grant", "failed", "applying"),
        ("pgaccess", "grant", "applying", "in_force"),
        ("pgaccess", "grant", "in_force", "interrupted"),
        (LEAD, "request", "", "pending"),
        *agreed,
        (LEAD2, "grant", "interrupted", "applying"),
        (ENGINEER, "grant", "applying", "applying"),
        asked,
        *agreed,
        (LEAD2, "grant", "applying", "applying"),
        (COLLEAGUE, "request", "", "pending"),
        *agreed,
        (LEAD2, "grant", "applying", "ending"),
    ]


async def test_every_verb_writes_exactly_its_audit_lines(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    assert await a_busy_day(store, services, clock) == await actions.transitions(engine)


async def test_every_end_writes_exactly_its_audit_lines(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    done, revoked, removed, expired = [await actions.opened(store, services) for _ in range(4)]
    lost = await actions.opened(store, services, GrantState.FAILED)
    await actions.ask(services)
    lines = len(await actions.transitions(engine))
    await services.grants.end(done.request, person=ENGINEER, key=actions.key())
    await services.grants.revoke(revoked.request, person=ADMIN, key=actions.key())
    await services.grants.abandon(lost.request, person=ENGINEER, key=actions.key())
    await services.extensions.extend(
        removed.request, RequestInput(duration="1h"), person=ENGINEER, key=actions.key()
    )
    clock.present = NOW + 8 * HOUR
    await services.deadlines.run_due()
    await services.access_requests.remove(
        Method.MTLS, RequestInput(address="203.0.113.4"), person=ENGINEER, key=actions.key()
    )
    clock.present = NOW + 24 * HOUR
    await services.deadlines.run_due()
    assert await actions.transitions(engine, after=lines) == [
        (ENGINEER, "grant", "in_force", "ending"),
        (ADMIN, "grant", "in_force", "ending"),
        (ENGINEER, "grant", "failed", "ended"),
        (ENGINEER, "grant", "in_force", "in_force"),
        ("pgaccess", "grant", "in_force", "ending"),
        (ENGINEER, "grant", "in_force", "ending"),
        ("pgaccess", "request", "pending", "lapsed"),
    ]
    assert (await actions.get(store, expired.id)).state is GrantState.ENDING


async def test_the_last_audit_line_is_the_present_state(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await a_busy_day(store, services, clock)
    for table, number in ((requests, "id"), (grants, "request_id")):
        subject = table.name.removesuffix("s")
        lines = dict(await database.audit_lines(engine, "request_id", "after", subject=subject))
        assert sorted(lines.items()) == await database.rows(engine, table, number, "state", order_by=number)


async def test_the_chain_of_a_busy_day_verifies(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    expected = await a_busy_day(store, services, clock)
    assert await services.deadlines.seal_audit_log() == len(expected)
    async with store.transaction() as tx:
        found = await tx.audit.verify()
    assert (found.sealed, found.broken, found.unsealed) == (len(expected), None, ())


async def test_the_rows_of_a_busy_day_are_what_their_lines_say_and_are_exported_with_them(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await a_busy_day(store, services, clock)
    await services.deadlines.seal_audit_log()
    compared = Compared()
    async with engine.connect() as connection:
        assert [problem async for problem in wrong_rows(connection, compared)] == []
        found = [record async for record in records(connection, Wanted())]
    assert (compared.requests, compared.without_terms) == (len(found), 0)
    opened, denied, cancelled, reopened, more, removal = found
    # Of the grant, with what asked for more time and for another opening.
    assert (opened["state"], opened["approved_by"], opened["duration_s"]) == (
        "ending",
        [LEAD, LEAD2],
        7 * 3600,
    )
    assert (opened["closed_by"], opened["why"], opened["extended_s"]) == (LEAD2, "removed", 3 * 3600)
    assert opened["extended_alone_s"] == 3600
    ids = [id for (id,) in await database.audit_lines(engine, "id")]
    assert opened["lines"] == [ids[place] for place in (0, 3, 4, 5, *range(8, 21), 24)]
    assert (denied["decision"], denied["decided_by"], denied["opened_at"]) == ("denied", LEAD, None)
    assert (cancelled["decision"], cancelled["decided_by"]) == ("cancelled", ENGINEER)
    assert [each["extends"] for each in found] == [
        None,
        None,
        None,
        opened["request"],
        opened["request"],
        None,
    ]
    assert (reopened["kind"], more["kind"], removal["kind"]) == ("reopen", "extend", "remove")
    assert {each["environment"] for each in found} == {"default"}
