"""Whoever ended something hears when it is closed, once, and before that if it takes longer."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain import grant as grants
from bot.domain import operation as operations
from bot.domain.grant import Grant, GrantState, ReasonCode
from bot.domain.method import Method
from bot.domain.operation import Operation, OperationState
from bot.domain.reports.closing import LATE_AFTER
from bot.i18n.translator import Translator
from bot.ports import BOT, AuditContext, MessageKind, OutboxMessage
from bot.services import RequestInput, Services
from bot.services.grants import close_grants
from bot.views.render import concerned, render
from storage.tables import outbox
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NOW, POLICY, SetClock
from tests.unit.services import actions, certificates
from tests.unit.services.actions import COLLEAGUE, ENGINEER, LEAD
from tests.unit.storage import store_helpers
from tests.unit.views import samples

SECOND = timedelta(seconds=1)


async def close(store: PostgresStore, *ended: Grant) -> None:
    """The end of grants is read back."""
    for grant in ended:
        before = await actions.get(store, grant.id)
        after = grants.closed(before, GrantState.ENDED, now=NOW, reason_code=None)
        assert await store_helpers.change(store, before, after)


async def told(engine: AsyncEngine, kind: MessageKind) -> list[tuple[str, str]]:
    """Who was told by messages of a kind, and of which requests."""
    found = await database.rows(engine, outbox, "recipient", "params", order_by="id", kind=kind)
    return [(to, params["requests"]) for to, params in found]


async def shown(store: PostgresStore, engine: AsyncEngine) -> str:
    """What the one message about something late says, as the notifier would render it now."""
    ((id, to, params),) = await database.rows(
        engine, outbox, "id", "recipient", "params", kind=MessageKind.CLOSING_LATE
    )
    message = OutboxMessage(
        id=id, lease=UUID(int=1), kind=MessageKind.CLOSING_LATE, recipient=to, request=None, channel=None,
        place=None, posting_since=None, version=1, attempts=0, params=params,
    )  # fmt: skip
    async with store.transaction() as tx:
        listed = {request: await tx.requests.details(request) for request in concerned(message)}
    found = {request: details for request, details in listed.items() if details is not None}
    return samples.content(render(message, None, t=Translator("en"), policy=POLICY, listed=found))


async def versions(engine: AsyncEngine) -> tuple[int, int]:
    """The version of the message about something late, and the one that Slack is taken to show."""
    ((version, sent),) = await database.rows(
        engine, outbox, "version", "sent_version", kind=MessageKind.CLOSING_LATE
    )
    return version, sent


async def send_all(store: PostgresStore, engine: AsyncEngine) -> None:
    """Slack shows every message as it is now."""
    async with engine.begin() as connection:
        await connection.execute(outbox.update().values(sent_version=outbox.c.version))


async def begin_own_certificate(store: PostgresStore, services: Services) -> int:
    await certificates.own(store)
    handle = (await certificates.get(store)).handle
    asked = await services.certificates.revoke(handle, "it was lost", person=ENGINEER, key=actions.key())
    return (await actions.approve(services, asked)).request.id


async def begin_leavers_certificate(store: PostgresStore, services: Services) -> int:
    request = await certificates.own(store)
    await actions.know(store, factories.person(ENGINEER, deactivated=True))
    await services.leavers.run_due()
    await services.orphaned_certificates.revoke(request, certificates.ID, person=LEAD, key=actions.key())
    return request + 1


async def begin_unmanaged_removal(store: PostgresStore, services: Services) -> int:
    await store_helpers.see(store, factories.look(factories.rule("203.0.113.4/32")))
    removal = await services.access_requests.remove(
        Method.MTLS,
        RequestInput(address="203.0.113.4", target="billing", reason="nobody needs it"),
        person=ENGINEER,
        key=actions.key(),
    )
    assert removal.requested is not None
    return (await actions.approve(services, removal.requested)).request.id


async def move(
    store: PostgresStore, request: int, step: Callable[[Operation], Operation], *, at: SetClock
) -> None:
    """Moves the operation of a request as a reconcile run, or a person, would."""
    async with store.transaction() as tx:
        before = await tx.operations.of_request(request)
        assert before is not None
        assert await tx.operations.update(before, step(before), doing=AuditContext(actor=BOT, at=at.present))
        await tx.commit()


REVOCATIONS: dict[str, tuple[Callable[[PostgresStore, Services], Awaitable[int]], str, str]] = {
    "a certificate": (begin_own_certificate, ENGINEER, "certificate `{handle}` for billing"),
    "the certificate of somebody who left": (
        begin_leavers_certificate, LEAD, "certificate `{handle}` for billing",
    ),
    "an unmanaged rule": (begin_unmanaged_removal, ENGINEER, "203.0.113.4/32 on billing"),
}  # fmt: skip
"""What removes an entry by an operation, who waits for it, and how they know it."""


async def named(store: PostgresStore, name: str) -> str:
    """A name with the handle of the certificate, where it has one."""
    return name.format(handle=(await certificates.get(store)).handle) if "{" in name else name


@pytest.mark.parametrize("what", REVOCATIONS)
async def test_what_failed_is_never_said_to_be_closed_and_a_retry_goes_on_with_it(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine, what: str
) -> None:
    begin, person, known_as = REVOCATIONS[what]
    request = await begin(store, services)
    name = await named(store, known_as)
    clock.present += LATE_AFTER
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSING_LATE) == [(person, str(request))]
    assert f"What you ended is not closed yet:* {name} (#{request})" in await shown(store, engine)
    await send_all(store, engine)
    await move(store, request, lambda op: operations.failed(op, ReasonCode.DEADLINE, now=NOW), at=clock)
    for _ in range(2):
        await services.closings.run_due()
    failed = await shown(store, engine)
    assert f"Could not be closed:* {name} (#{request})" in failed
    assert f"/pgaccess retry {request}" in failed
    assert "is closed by now" not in failed
    # Slack shows it as well: the message is rendered again.
    assert (await versions(engine))[0] > (await versions(engine))[1]
    await services.grants.retry(request, person=LEAD, key=actions.key())
    await services.closings.run_due()
    assert "is not closed yet" in await shown(store, engine)
    await send_all(store, engine)
    await move(store, request, lambda op: operations.done(op, now=NOW), at=clock)
    await services.closings.run_due()
    assert "What you ended is closed by now" in await shown(store, engine)
    assert (await versions(engine))[0] > (await versions(engine))[1]
    assert len(await told(engine, MessageKind.CLOSING_LATE)) == 1


@pytest.mark.parametrize("what", REVOCATIONS)
async def test_what_was_abandoned_is_not_said_to_be_closed(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine, what: str
) -> None:
    begin, _, known_as = REVOCATIONS[what]
    request = await begin(store, services)
    name = await named(store, known_as)
    clock.present += LATE_AFTER
    await services.closings.run_due()
    await move(store, request, lambda op: operations.failed(op, ReasonCode.REFUSED, now=NOW), at=clock)
    await services.grants.abandon(request, person=LEAD, key=actions.key())
    for _ in range(2):
        await services.closings.run_due()
    abandoned = await shown(store, engine)
    assert f"Could not be closed:* {name} (#{request})" in abandoned
    assert "was abandoned" in abandoned
    assert "remove" in abandoned
    assert "is closed by now" not in abandoned


async def test_of_a_failure_within_two_minutes_nobody_hears_that_it_takes_longer_until_it_is_retried(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    request = await begin_own_certificate(store, services)
    await move(store, request, lambda op: operations.failed(op, ReasonCode.DEADLINE, now=NOW), at=clock)
    clock.present += LATE_AFTER + timedelta(hours=1)
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSING_LATE) == []
    await services.grants.retry(request, person=ENGINEER, key=actions.key())
    await services.closings.run_due()
    # It has as long as the first attempt had.
    assert await told(engine, MessageKind.CLOSING_LATE) == []
    clock.present += LATE_AFTER
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSING_LATE) == [(ENGINEER, str(request))]


async def test_what_ended_with_its_target_is_closed(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    request = await begin_own_certificate(store, services)
    clock.present += LATE_AFTER
    await services.closings.run_due()
    await move(store, request, lambda op: operations.failed(op, ReasonCode.TARGET_GONE, now=NOW), at=clock)
    await services.closings.run_due()
    async with store.transaction() as tx:
        operation = await tx.operations.of_request(request)
        assert operation is not None
        assert operation.state is OperationState.FAILED
        assert await tx.closings.due(clock.present + timedelta(days=1), limit=10) == ()
    assert "is closed by now" in await shown(store, engine)


async def test_of_several_that_are_late_the_message_stops_naming_what_is_closed_meanwhile(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    one = await actions.opened(store, services)
    other = replace(actions.REQUEST_INPUT, address="203.0.113.9")
    two = await actions.opened(store, services, person=COLLEAGUE, request_input=other)
    async with store.transaction() as tx:
        live = await tx.grants.lock_all({one.id, two.id})
        doing = AuditContext(actor=LEAD, at=clock.present)
        await close_grants(tx, list(live), ReasonCode.REVOKED, doing=doing)
        await tx.commit()
    clock.present += LATE_AFTER
    await services.closings.run_due()
    both = await shown(store, engine)
    assert all(f"#{grant.request}" in both for grant in (one, two))
    for closed in (one, two):
        await send_all(store, engine)
        await close(store, closed)
        assert (await versions(engine))[0] > (await versions(engine))[1]
        if closed is one:
            left = await shown(store, engine)
            assert f"#{two.request}" in left
            assert f"#{one.request}" not in left
    assert "is closed by now" in await shown(store, engine)


async def revoke(services: Services, grant: Grant) -> None:
    await services.grants.revoke(grant.request, person=LEAD, key=actions.key())


async def test_whoever_revoked_is_told_once_when_it_is_closed(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    await revoke(services, grant)
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSED) == []
    await close(store, grant)
    for _ in range(2):
        await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSED) == [(LEAD, str(grant.request))]


async def test_an_owner_who_ends_their_own_is_not_told_twice(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    await services.grants.end(grant.request, person=ENGINEER, key=actions.key())
    await close(store, grant)
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSED) == []


@pytest.mark.parametrize("after", [LATE_AFTER, LATE_AFTER + timedelta(hours=1)])
async def test_after_two_minutes_they_are_told_once_that_it_takes_longer_and_again_when_closed(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine, after: timedelta
) -> None:
    grant = await actions.opened(store, services)
    await revoke(services, grant)
    clock.present += LATE_AFTER - SECOND
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSING_LATE) == []
    clock.present += after - LATE_AFTER + SECOND
    for _ in range(2):
        await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSING_LATE) == [(LEAD, str(grant.request))]
    await close(store, grant)
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSED) == [(LEAD, str(grant.request))]
    # What said that it is late says from now on that it is over.
    assert await database.value(engine, outbox, "version", kind=MessageKind.CLOSING_LATE) > 1
    assert "is closed by now" in await shown(store, engine)


async def test_an_owner_is_told_that_their_own_takes_longer(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    await services.grants.end(grant.request, person=ENGINEER, key=actions.key())
    clock.present += LATE_AFTER
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSING_LATE) == [(ENGINEER, str(grant.request))]


async def test_what_was_ended_together_is_told_of_together_once_all_of_it_is_closed(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    one = await actions.opened(store, services)
    two = await actions.opened(store, services)
    await services.personal_access.revoke(ENGINEER, "the laptop was lost", person=LEAD, key=actions.key())
    await close(store, one)
    clock.present += LATE_AFTER
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSED) == []
    assert await told(engine, MessageKind.CLOSING_LATE) == [(LEAD, str(two.request))]
    await close(store, two)
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSED) == [(LEAD, f"{one.request} {two.request}")]


async def test_whoever_asked_for_a_removal_is_told_of_what_is_not_their_own(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    mine = await actions.opened(store, services)
    theirs = await actions.opened(store, services, person=COLLEAGUE)
    removal = await services.access_requests.remove(
        Method.MTLS,
        RequestInput(address="203.0.113.4", target="billing", reason="moved office"),
        person=ENGINEER,
        key=actions.key(),
    )
    assert removal.requested is not None
    await actions.approve(services, removal.requested)
    await close(store, mine, theirs)
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSED) == [(ENGINEER, str(theirs.request))]


async def test_whoever_revokes_a_certificate_is_told_that_it_takes_longer(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await certificates.own(store)
    handle = (await certificates.get(store)).handle
    requested = await services.certificates.revoke(handle, "it was lost", person=ENGINEER, key=actions.key())
    await actions.approve(services, requested)
    clock.present += LATE_AFTER
    await services.closings.run_due()
    assert await told(engine, MessageKind.CLOSING_LATE) == [(ENGINEER, str(requested.request.id))]
    assert await told(engine, MessageKind.CLOSED) == []


async def test_nobody_waits_for_what_time_has_ended(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    clock.present = NOW + timedelta(hours=9)
    await services.deadlines.run_due()
    clock.present += LATE_AFTER
    await services.closings.run_due()
    assert (await actions.get(store, grant.id)).state is GrantState.ENDING
    assert await told(engine, MessageKind.CLOSING_LATE) == []
