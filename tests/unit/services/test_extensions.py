"""Extend: alone within what the policy rule allows, by request beyond it, never past the longest duration."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain import grant as grants
from bot.domain.grant import Grant, GrantState, ReasonCode
from bot.domain.request import Kind, RequestState
from bot.errors import Refusal
from bot.ports import RequestDetails
from bot.services import RequestInput, Services
from storage.transaction import PostgresStore
from tests.unit.factories import NETWORK, NOW, POLICY, SetClock
from tests.unit.services import actions
from tests.unit.services.actions import ENGINEER, HOUR, LEAD, REQUEST_INPUT
from tests.unit.storage import store_helpers

MINUTE = timedelta(minutes=1)
END = NOW + 8 * HOUR
"""The end of a grant for 8 hours that was read back at once."""


async def extend(services: Services, grant: Grant, request_input: RequestInput) -> RequestDetails:
    return await services.extensions.extend(grant.request, request_input, person=ENGINEER, key=actions.key())


# --- alone -----------------------------------------------------------------------------------------


async def test_within_the_rule_an_owner_moves_the_end_and_the_warning_at_once(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    lines, before = len(await actions.transitions(engine)), await store_helpers.counts(engine)
    details = await extend(services, grant, RequestInput(duration="1h"))
    assert details.request.id == grant.request
    assert details.grant == replace(
        grant,
        ends_at=END + HOUR,
        warn_at=END + timedelta(minutes=30),
        extended=HOUR,
        duration=9 * HOUR,
    )
    assert await actions.transitions(engine, after=lines) == [(ENGINEER, "grant", "in_force", "in_force")]
    # The message is the note that keeps the later end if the store is lost.
    recorded = {name: before[name] + 1 for name in ("audit", "idempotency_keys", "outbox")}
    assert await store_helpers.counts(engine) == before | recorded


async def test_what_owners_may_extend_alone_is_a_total(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    for minutes in (45, 75):
        await extend(services, grant, RequestInput(duration=f"{minutes}m"))
    longer = await actions.get(store, grant.id)
    assert (longer.ends_at, longer.extended) == (END + 2 * HOUR, 2 * HOUR)
    asked = await extend(services, grant, RequestInput(duration="1m", reason="nearly done"))
    assert (asked.request.kind, asked.request.state) == (Kind.EXTEND, RequestState.PENDING)
    assert await actions.get(store, grant.id) == longer


async def test_an_end_can_be_given_as_a_time(store: PostgresStore, services: Services) -> None:
    grant = await actions.opened(store, services)
    details = await extend(services, grant, RequestInput(until="19:15"))
    assert details.grant is not None
    assert details.grant.ends_at == NOW.replace(hour=18, minute=15)


async def test_an_absolute_end_is_moved(store: PostgresStore, services: Services) -> None:
    grant = await actions.opened(
        store, services, request_input=replace(REQUEST_INPUT, duration=None, until="18:00")
    )
    details = await extend(services, grant, RequestInput(duration="1h"))
    assert details.grant is not None
    assert (details.grant.ends_at, details.grant.duration) == (NOW.replace(hour=18), None)


async def test_an_extension_of_an_applying_grant_counts_from_its_read_back(
    store: PostgresStore, services: Services
) -> None:
    grant = await actions.opened(store, services, GrantState.APPLYING)
    await extend(services, grant, RequestInput(duration="1h"))
    longer = await actions.get(store, grant.id)
    assert (longer.state, longer.warn_at) == (GrantState.APPLYING, None)
    opened = grants.verified(longer, now=NOW + MINUTE, warn_before=POLICY.warn_before)
    assert opened.ends_at == NOW + MINUTE + 9 * HOUR


async def test_without_a_time_the_default_of_the_rule_is_used(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    grant = await actions.opened(store, services)
    brief = actions.under(actions.ruled(default_duration=30 * MINUTE), store, clock)
    details = await extend(brief, grant, RequestInput())
    assert details.grant is not None
    assert details.grant.ends_at == END + 30 * MINUTE


async def test_a_longer_grant_is_warned_of_and_ends_at_its_new_moments(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    clock.present = END - HOUR / 2
    await services.deadlines.run_due()
    await extend(services, grant, RequestInput(duration="1h"))
    moments = [await services.deadlines.run_due()]
    last_quarter = END + HOUR - 1.5 * HOUR / 4
    for moment in (last_quarter, END + HOUR):
        clock.present = moment
        moments.append(await services.deadlines.run_due())
    assert moments == [last_quarter, END + HOUR, None]
    sent = [kind for kind, _ in await actions.outbox_messages(engine) if kind == "notification.ending"]
    assert len(sent) == 2
    assert (await actions.get(store, grant.id)).state is GrantState.ENDING


# --- as a request ----------------------------------------------------------------------------------


async def test_beyond_the_rule_an_extension_is_a_request_with_two_cards(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    lines, sent = len(await actions.transitions(engine)), len(await actions.outbox_messages(engine))
    details = await extend(services, grant, RequestInput(duration="3h", reason="still at it"))
    asked = details.request
    assert (asked.kind, asked.grant, asked.state, asked.needed) == (
        Kind.EXTEND,
        grant.id,
        RequestState.PENDING,
        1,
    )
    assert (asked.terms.networks, asked.terms.duration) == ((NETWORK,), 3 * HOUR)
    assert (asked.terms.until, asked.terms.reason) == (None, "still at it")
    assert details.grant == grant
    assert await actions.transitions(engine, after=lines) == [(ENGINEER, "request", "", "pending")]
    cards = [("card.approval", POLICY.approvals_channel), ("card.requester", ENGINEER)]
    assert (await actions.outbox_messages(engine))[sent:] == cards


async def test_an_approved_extension_does_not_count_towards_what_owners_may_extend_alone(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    asked = await extend(services, grant, RequestInput(duration="3h"))
    lines = len(await actions.transitions(engine))
    decided = await actions.approve(services, asked)
    assert decided.grant == replace(
        grant, ends_at=END + 3 * HOUR, warn_at=END + 3 * HOUR - 30 * MINUTE, duration=11 * HOUR
    )
    assert await actions.transitions(engine, after=lines) == [
        (LEAD, "request", "pending", "approved"),
        (LEAD, "grant", "in_force", "in_force"),
    ]
    alone = await extend(services, grant, RequestInput(duration="2h"))
    assert alone.request.id == grant.request


async def test_an_extension_updates_the_cards_of_the_grant(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    asked = await extend(services, grant, RequestInput(duration="3h"))
    versions = await actions.card_versions(engine, request_id=grant.request)
    await actions.approve(services, asked)
    after = await actions.card_versions(engine, request_id=grant.request)
    assert after == [version + 1 for version in versions]


@pytest.mark.parametrize("end", ["deny", "cancel"])
async def test_a_denied_or_cancelled_extension_leaves_the_grant_unchanged(
    store: PostgresStore, services: Services, end: str
) -> None:
    grant = await actions.opened(store, services)
    asked = await extend(services, grant, RequestInput(duration="3h"))
    if end == "deny":
        await actions.deny(services, asked)
    else:
        await services.access_requests.cancel(asked.request.id, person=ENGINEER, key=actions.key())
    assert await actions.get(store, grant.id) == grant


@pytest.mark.parametrize("state", [GrantState.INTERRUPTED, GrantState.FAILED])
async def test_an_extension_of_what_is_not_open_is_refused_at_its_approval(
    store: PostgresStore, services: Services, engine: AsyncEngine, state: GrantState
) -> None:
    grant = await actions.opened(store, services)
    asked = await extend(services, grant, RequestInput(duration="3h"))
    over = replace(grant, state=state, reason_code=ReasonCode.DONE)
    assert await store_helpers.change(store, grant, over)
    found = await actions.refusal(engine, actions.approve(services, asked))
    assert (found.reason, found.params) == (Refusal.GRANT_OVER, {"id": grant.request})
    assert (await actions.deny(services, asked)).request.state is RequestState.DENIED


@pytest.mark.parametrize("state", [GrantState.ENDING, GrantState.ENDED])
@pytest.mark.parametrize("decide", [actions.approve, actions.deny])
async def test_an_extension_of_what_is_over_is_withdrawn(
    store: PostgresStore,
    services: Services,
    state: GrantState,
    decide: Callable[[Services, RequestDetails], Awaitable[RequestDetails]],
) -> None:
    grant = await actions.opened(store, services)
    asked = await extend(services, grant, RequestInput(duration="3h"))
    over = replace(grant, state=state, reason_code=ReasonCode.DONE)
    assert await store_helpers.change(store, grant, over)
    assert (await decide(services, asked)).request.state is RequestState.WITHDRAWN


async def test_an_approver_can_shorten_an_extension(store: PostgresStore, services: Services) -> None:
    grant = await actions.opened(store, services)
    asked = await extend(services, grant, RequestInput(duration="4h"))
    decided = await actions.approve(services, asked, changes=RequestInput(duration="3h"))
    assert decided.grant is not None
    assert decided.grant.ends_at == END + 3 * HOUR


# --- refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_input", "reason"),
    [
        (RequestInput(duration="8"), Refusal.DURATION_NO_UNIT),
        (RequestInput(duration="forever"), Refusal.DURATION_FOREVER),
        (RequestInput(duration="tomorrow"), Refusal.DURATION_IS_END),
        (RequestInput(duration="a while"), Refusal.DURATION_UNREADABLE),
        (RequestInput(until="2 hours"), Refusal.END_IS_DURATION),
        (RequestInput(until="a while"), Refusal.END_UNREADABLE),
        (RequestInput(until="18:00"), Refusal.END_PAST),
        (RequestInput(until="17:30"), Refusal.END_PAST),
        (RequestInput(until="2026-11-24 09:00"), Refusal.END_PAST),
        (RequestInput(duration="113h"), Refusal.EXTEND_PAST_LONGEST),
        (RequestInput(duration="2 months"), Refusal.TIME_UNCLEAR),
        (RequestInput(until="end of week"), Refusal.TIME_UNCLEAR),
        (RequestInput(until="2026-11-29 10:01"), Refusal.EXTEND_PAST_LONGEST),
    ],
)
async def test_an_invalid_extension_is_refused(
    store: PostgresStore,
    services: Services,
    engine: AsyncEngine,
    request_input: RequestInput,
    reason: Refusal,
) -> None:
    grant = await actions.opened(store, services)
    assert (await actions.refusal(engine, extend(services, grant, request_input))).reason is reason


async def test_of_an_unclear_end_only_what_lies_behind_the_present_end_is_meant(
    store: PostgresStore, services: Services
) -> None:
    # At 10:00 with an end at 18:00: six in the evening would move nothing.
    grant = await actions.opened(store, services)
    details = await extend(services, grant, RequestInput(until="6"))
    assert details.request.terms.duration == 12 * HOUR


@pytest.mark.parametrize(
    "request_input", [RequestInput(duration="112h"), RequestInput(until="2026-11-29 10:00")]
)
async def test_an_extension_can_reach_the_longest_duration_in_total(
    store: PostgresStore, services: Services, request_input: RequestInput
) -> None:
    grant = await actions.opened(store, services)
    assert (await extend(services, grant, request_input)).request.terms.duration == 112 * HOUR


async def test_earlier_extensions_count_towards_the_longest_duration(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    await actions.approve(services, await extend(services, grant, RequestInput(duration="110h")))
    await extend(services, grant, RequestInput(duration="2h"))
    found = await actions.refusal(engine, extend(services, grant, RequestInput(duration="1m")))
    assert found.reason is Refusal.EXTEND_PAST_LONGEST


async def test_a_permanent_grant_cannot_be_extended(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    lasting = actions.under(actions.ruled(permanent=True), store, clock)
    grant = await actions.opened(store, lasting, request_input=replace(REQUEST_INPUT, duration="forever"))
    found = await actions.refusal(engine, extend(lasting, grant, RequestInput(duration="1h")))
    assert (found.reason, found.params) == (Refusal.EXTEND_NOT_TIMED, {"id": grant.request})


async def test_a_closing_grant_is_refused_with_the_command_that_requests_it_again(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    clock.present = END
    await services.deadlines.run_due()
    found = await actions.refusal(engine, extend(services, grant, RequestInput(duration="1h")))
    assert found.reason is Refusal.GRANT_CLOSING
    line = f"/pgaccess mtls add {NETWORK} to billing for 8h because quarterly migration"
    assert found.params["command"] == line


async def test_a_requested_extension_needs_the_reason_that_the_rule_demands(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    strict = actions.under(actions.ruled(minimum_reason=10), store, clock)
    found = await actions.refusal(engine, extend(strict, grant, RequestInput(duration="3h", reason="later")))
    assert found.reason is Refusal.REASON_SHORT
    alone = await extend(strict, grant, RequestInput(duration="1h"))
    assert alone.request.id == grant.request


async def test_who_may_no_longer_request_may_not_extend(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    silent = actions.under(actions.ruled(requesters=frozenset({LEAD})), store, clock)
    found = await actions.refusal(engine, extend(silent, grant, RequestInput(duration="1h")))
    assert found.reason is Refusal.POLICY_SILENT


async def test_an_extension_has_no_grant_of_its_own_to_extend(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    asked = await extend(services, grant, RequestInput(duration="3h"))
    doing = services.extensions.extend(
        asked.request.id, RequestInput(duration="1h"), person=ENGINEER, key=actions.key()
    )
    assert (await actions.refusal(engine, doing)).reason is Refusal.GRANT_NOT_OPEN


@pytest.mark.parametrize("moment", [END - MINUTE, END])
async def test_a_grant_can_be_extended_until_it_is_closed(
    store: PostgresStore, services: Services, clock: SetClock, moment: datetime
) -> None:
    grant = await actions.opened(store, services)
    clock.present = moment
    details = await extend(services, grant, RequestInput(duration="1h"))
    assert details.grant is not None
    assert details.grant.ends_at == END + HOUR


async def test_what_is_wider_than_the_policy_allows_by_now_is_not_extended(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock
) -> None:
    wide = replace(REQUEST_INPUT, address="203.0.113.0/24")
    grant = await actions.opened(store, services, request_input=wide)
    today = actions.under(actions.ruled(widest=32), store, clock)
    longer = RequestInput(duration="2h", reason="more of it please")
    await actions.refusal(engine, extend(today, grant, longer))
