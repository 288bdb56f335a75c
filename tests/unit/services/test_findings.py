"""What is decided about unmanaged entries: by whom, once, about that entry alone, and asked again in time."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.policy.rules import Reasons
from bot.domain.reports import findings
from bot.domain.reports.finding import FindingAction
from bot.domain.request import Kind, RequestState
from bot.domain.unmanaged_entry import SeenEntry, seen_entries
from bot.errors import Refusal, Refused
from bot.ports import MessageKind, OutboxMessage
from bot.ports.assertions import listed_request
from bot.ports.findings import ASKS, TARGET
from bot.ports.unmanaged_entries import UnmanagedEntry
from bot.services import RequestInput, Services
from storage.tables import audit, outbox, unmanaged_entries
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NETWORK, NOW, SetClock
from tests.unit.services import actions
from tests.unit.services.actions import (
    ADMIN,
    APP,
    COLLEAGUE,
    ENGINEER,
    GROUP_ADMIN,
    GROUP_LEAD,
    LEAD,
    LEAD2,
)
from tests.unit.storage import store_helpers

ADOPT, REMOVE, IGNORE = FindingAction.ADOPT, FindingAction.REMOVE, FindingAction.IGNORE
RULE = factories.rule("192.0.2.7/32")
TARGET_ID = factories.database().id


CARD: Final = OutboxMessage(
    id=1,
    lease=UUID(int=1),
    kind=MessageKind.RULE_UNMANAGED,
    recipient=APP.operations_channel,
    request=None,
    channel=None,
    place=None,
    posting_since=None,
    version=1,
    attempts=0,
    params={TARGET: str(TARGET_ID), "method": "mtls"},
)


async def there(store: PostgresStore, *networks: str) -> list[UnmanagedEntry]:
    """Unmanaged rules that an observation has shown, each with its card."""
    rules = [
        replace(RULE, id=UUID(int=number), network=factories.rule(network).network)
        for number, network in enumerate(networks or ("192.0.2.7/32",), 7)
    ]
    seen = MtlsObservation(at=NOW, enabled=True, rules=tuple(rules), ours=frozenset())
    await store_helpers.see(store, seen)
    async with store.transaction() as tx:
        await tx.unmanaged_entries.record(TARGET_ID, Method.MTLS, seen_entries(seen), at=NOW)
        for rule in rules:
            await tx.outbox.add(
                MessageKind.RULE_UNMANAGED,
                to=APP.operations_channel,
                key=f"card:{rule.id}",
                params={TARGET: str(TARGET_ID), "method": "mtls", "listed": str(rule.network)},
                about=[findings.unmanaged(TARGET_ID, rule.id)],
            )
        await tx.commit()
        return list(await tx.unmanaged_entries.present(TARGET_ID))


async def gone(store: PostgresStore, at: timedelta = timedelta()) -> None:
    """An observation shows none of them any more."""
    async with store.transaction() as tx:
        await tx.unmanaged_entries.record(TARGET_ID, Method.MTLS, (), at=NOW + at)
        await tx.commit()


async def refusal(press: Any) -> Refusal:
    with pytest.raises(Refused) as refused:
        await press
    return refused.value.reason


async def request(
    services: Services, entry: UnmanagedEntry, action: FindingAction, *, person: str, reason: str = "why"
) -> Any:
    return await services.findings.request(entry.id, action, reason, person=person, key=actions.key())


@pytest.mark.parametrize("person", [LEAD, LEAD2, GROUP_LEAD, ADMIN, GROUP_ADMIN])
@pytest.mark.parametrize(("action", "kind"), [(ADOPT, Kind.ADOPT), (REMOVE, Kind.REMOVE_UNMANAGED)])
async def test_approvers_and_admins_ask_and_another_approver_decides(
    store: PostgresStore, services: Services, person: str, action: FindingAction, kind: Kind
) -> None:
    (entry,) = await there(store)
    found, finding = await services.findings.entry(entry.id, action, person=person)
    assert (found, finding.databases) == (entry, ("billing",))
    asked = await request(services, entry, action, person=person)
    assert (asked.request.kind, asked.request.requester) == (kind, person)
    assert asked.request.state is RequestState.PENDING
    with pytest.raises(Refused) as refused:
        await actions.approve(services, asked, person=person)
    assert refused.value.reason in (Refusal.APPROVER_SELF, Refusal.APPROVER_NOT)
    other = LEAD2 if person == LEAD else LEAD
    assert (await actions.approve(services, asked, person=other)).request.state is RequestState.APPROVED


async def test_a_button_is_good_for_the_entry_that_it_showed_and_no_other(
    store: PostgresStore, services: Services
) -> None:
    (entry,) = await there(store)
    await services.findings.require_same(entry.id, fingerprint=entry.fingerprint)
    others = (
        replace(entry, entry=str(uuid4())),
        replace(entry, target=uuid4()),
        replace(entry, method=Method.TRUSTED),
    )
    for other in others:
        pressed = services.findings.require_same(entry.id, fingerprint=other.fingerprint)
        assert await refusal(pressed) is Refusal.FINDING_OF_ANOTHER_STORE
    # What cannot be found is told by whatever needs it.
    await services.findings.require_same(entry.id + 1, fingerprint=entry.fingerprint)


@pytest.mark.parametrize("person", [ENGINEER, COLLEAGUE])
async def test_nobody_else_decides_and_no_form_opens_for_them(
    store: PostgresStore, services: Services, engine: AsyncEngine, person: str
) -> None:
    (entry,) = await there(store)
    for action in FindingAction:
        reason = await refusal(services.findings.entry(entry.id, action, person=person))
        assert reason is Refusal.FINDING_APPROVERS
    for action in (ADOPT, REMOVE):
        assert await refusal(request(services, entry, action, person=person)) is Refusal.FINDING_APPROVERS
    ignoring = services.findings.ignore(entry.id, "30d", "why", person=person)
    assert await refusal(ignoring) is Refusal.FINDING_APPROVERS
    listing = services.findings.entries(TARGET_ID, Method.MTLS, person=person)
    assert await refusal(listing) is Refusal.FINDING_APPROVERS
    assert await database.values(engine, unmanaged_entries, "ignored_until") == [None]
    assert await database.count(engine, audit) == 0


@pytest.mark.parametrize("action", [ADOPT, REMOVE])
@pytest.mark.parametrize("person", [LEAD, ADMIN])
async def test_who_may_not_open_anything_there_may_still_ask_about_what_is_there(
    store: PostgresStore, services: Services, clock: SetClock, person: str, action: FindingAction
) -> None:
    strict = actions.under(actions.ruled(requesters=frozenset({ENGINEER})), store, clock)
    (entry,) = await there(store)
    asked = await request(strict, entry, action, person=person)
    decided = await actions.approve(strict, asked, person=LEAD2)
    assert decided.request.state is RequestState.APPROVED
    assert decided.operation is not None


async def test_a_typed_adoption_still_needs_the_right_to_ask(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    strict = actions.under(actions.ruled(requesters=frozenset({ENGINEER})), store, clock)
    await there(store)
    typed = RequestInput(address="192.0.2.7", target="billing", reason="why")
    adopting = strict.access_requests.adopt(Method.MTLS, typed, person=COLLEAGUE, key=actions.key())
    assert await refusal(adopting) is Refusal.POLICY_SILENT


async def test_two_requests_about_one_entry_do_not_wait_at_once(
    store: PostgresStore, services: Services
) -> None:
    entry, other = await there(store, "192.0.2.7/32", "192.0.2.8/32")
    first = await request(services, entry, ADOPT, person=LEAD)
    for action in (ADOPT, REMOVE):
        assert await refusal(request(services, entry, action, person=LEAD2)) is Refusal.FINDING_PENDING
        opening = services.findings.entry(entry.id, action, person=LEAD2)
        assert await refusal(opening) is Refusal.FINDING_PENDING
    assert (await request(services, other, REMOVE, person=LEAD2)).request.kind is Kind.REMOVE_UNMANAGED
    await actions.deny(services, first, person=LEAD2)
    assert (await request(services, entry, REMOVE, person=LEAD2)).request.state is RequestState.PENDING


async def test_a_press_that_is_delivered_twice_is_one_request(
    store: PostgresStore, services: Services
) -> None:
    (entry,) = await there(store)
    presses = [
        services.findings.request(entry.id, ADOPT, "why", person=LEAD, key="view:1:a") for _ in range(3)
    ]
    found = await asyncio.gather(*presses)
    assert len({details.request.id for details in found}) == 1


async def test_removing_by_a_card_ends_no_grant_not_even_one_s_own(
    store: PostgresStore, services: Services
) -> None:
    (entry,) = await there(store, str(NETWORK))
    grant = await actions.opened(store, services, person=LEAD)
    assert await refusal(request(services, entry, REMOVE, person=LEAD)) is Refusal.FINDING_NEEDED
    assert (await actions.get(store, grant.id)).state is GrantState.IN_FORCE


async def test_what_is_gone_meanwhile_is_not_decided_about(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    (entry,) = await there(store)
    await gone(store)
    for action in FindingAction:
        opening = services.findings.entry(entry.id, action, person=LEAD)
        assert await refusal(opening) is Refusal.FINDING_OVER
    assert await refusal(request(services, entry, REMOVE, person=LEAD)) is Refusal.FINDING_OVER
    ignoring = services.findings.ignore(entry.id, "30d", "why", person=LEAD)
    assert await refusal(ignoring) is Refusal.FINDING_OVER
    listing = services.findings.entries(TARGET_ID, Method.MTLS, person=LEAD)
    assert await refusal(listing) is Refusal.FINDING_OVER
    # The same address is there again: that is another entry, which an old button does not mean.
    async with store.transaction() as tx:
        seen = SeenEntry(entry=entry.entry, subject=entry.subject)
        await tx.unmanaged_entries.record(TARGET_ID, Method.MTLS, [seen], at=NOW)
        await tx.commit()
        (again,) = await tx.unmanaged_entries.present(TARGET_ID)
    assert again.id != entry.id
    assert await refusal(request(services, entry, REMOVE, person=LEAD)) is Refusal.FINDING_OVER
    assert await refusal(services.findings.entry(999, IGNORE, person=LEAD)) is Refusal.FINDING_OVER
    assert await database.count(engine, audit) == 0


async def test_what_nobody_could_request_is_removed_and_never_adopted(
    store: PostgresStore, services: Services
) -> None:
    (entry,) = await there(store, "10.0.0.0/8")
    assert await refusal(request(services, entry, ADOPT, person=LEAD)) is Refusal.FINDING_FIXED
    asked = await request(services, entry, REMOVE, person=LEAD)
    assert str(asked.request.terms.subject) == "10.0.0.0/8"


async def test_the_policy_s_shortest_reason_counts_here_too(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    strict = actions.under(actions.ruled(minimum_reason=10), store, clock)
    (entry,) = await there(store)
    assert await refusal(request(strict, entry, ADOPT, person=LEAD)) is Refusal.REASON_SHORT


@pytest.mark.parametrize("typed", [True, False])
async def test_a_card_follows_the_requests_about_its_entry_however_they_were_made(
    store: PostgresStore, services: Services, engine: AsyncEngine, typed: bool
) -> None:
    entry, _ = await there(store, "192.0.2.7/32", "192.0.2.8/32")
    if typed:
        line = RequestInput(address="192.0.2.7", target="billing", reason="why")
        asked = await services.access_requests.adopt(Method.MTLS, line, person=ENGINEER, key=actions.key())
    else:
        asked = await request(services, entry, ADOPT, person=LEAD)
    (first, (other, untouched)) = await database.rows(
        engine, outbox, "about", "version", order_by="id", kind=MessageKind.RULE_UNMANAGED
    )
    assert first[0] == [findings.unmanaged(TARGET_ID, entry.entry), f"request {asked.request.id}"]
    assert first[1] > 1
    assert (other, untouched) == ([findings.unmanaged(TARGET_ID, UUID(int=8))], 1)
    await actions.deny(services, asked, person=LEAD2)
    versions = await database.values(
        engine, outbox, "version", order_by="id", kind=MessageKind.RULE_UNMANAGED
    )
    assert versions == [first[1] + 1, 1]


async def test_where_reasons_are_for_approvers_a_card_has_none_of_its_requests_and_of_its_entry(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    (entry,) = await there(store)
    asked = await request(services, entry, ADOPT, person=LEAD, reason="the secret merger")
    await actions.deny(services, asked, person=LEAD2)
    await ignore(services, entry)
    policy, listed = replace(APP, reasons=Reasons.APPROVERS), listed_request(asked.request.id)
    for shown, hides in ((APP, False), (policy, True)):
        message = replace(CARD, about=(findings.unmanaged(TARGET_ID, entry.entry), listed))
        async with store.transaction() as tx:
            finding = await actions.under(shown, store, clock).findings.of_message(tx, message)
        assert finding is not None
        (details,) = finding.requests
        assert (not details.request.terms.reason) is hides
        assert not any(vote.reason for vote in details.decisions) or not hides
        assert [each.ignored_because for each in finding.entries] == ["" if hides else "the vendor leaves"]


@pytest.mark.parametrize("action", [ADOPT, REMOVE])
async def test_of_two_people_who_ask_about_one_entry_at_once_one_asks(
    store: PostgresStore, services: Services, action: FindingAction
) -> None:
    (entry,) = await there(store)
    found = await asyncio.gather(
        *(request(services, entry, action, person=person) for person in (LEAD, LEAD2, ADMIN)),
        return_exceptions=True,
    )
    refused = [each.reason for each in found if isinstance(each, Refused)]
    assert refused == [Refusal.FINDING_PENDING] * 2


# --- ignored ---------------------------------------------------------------------------------------------


async def ignore(
    services: Services, entry: UnmanagedEntry, until: str = "30d", *, person: str = LEAD
) -> None:
    await services.findings.ignore(entry.id, until, "the vendor leaves", person=person)


async def test_who_has_an_entry_ignored_until_when_and_why_is_kept_and_audited(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    (entry,) = await there(store)
    await ignore(services, entry)
    await ignore(services, entry, "7d", person=ADMIN)
    (row,) = await database.rows(engine, unmanaged_entries, "ignored_until", "ignored_by", "ignored_because")
    assert row == (NOW + timedelta(days=7), ADMIN, "the vendor leaves")
    lines = await database.rows(
        engine, audit, "actor", "subject", "before", "after", "target_id", "details", order_by="id"
    )
    about = {"method": "mtls", "entry": str(UUID(int=7)), "subject": "192.0.2.7/32"}
    because = {"because": "the vendor leaves"}
    assert lines == [
        (LEAD, "unmanaged_entry", "present", "ignored", TARGET_ID,
         {**about, **because, "until": (NOW + timedelta(days=30)).isoformat()}),
        (ADMIN, "unmanaged_entry", "ignored", "ignored", TARGET_ID,
         {**about, **because, "until": (NOW + timedelta(days=7)).isoformat()}),
    ]  # fmt: skip
    assert await database.values(engine, outbox, "version", kind=MessageKind.RULE_UNMANAGED) == [3]


@pytest.mark.parametrize(
    ("until", "because", "reason"),
    [
        ("", "why", Refusal.IGNORE_UNTIL),
        ("30", "why", Refusal.DURATION_NO_UNIT),
        ("2020-01-01", "why", Refusal.END_PAST),
        ("30d", " ", Refusal.REASON_MISSING),
        ("30d", "x" * 301, Refusal.REASON_LONG),
    ],
)
async def test_without_an_end_or_a_reason_nothing_is_ignored(
    store: PostgresStore, services: Services, engine: AsyncEngine, until: str, because: str, reason: Refusal
) -> None:
    (entry,) = await there(store)
    ignoring = services.findings.ignore(entry.id, until, because, person=LEAD)
    assert await refusal(ignoring) is reason
    assert await database.count(engine, audit) == 0


@pytest.mark.parametrize("asks", [True, False])
async def test_after_its_time_an_entry_is_asked_about_once_more_by_whichever_process(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock, asks: bool
) -> None:
    entry, _ = await there(store, "192.0.2.7/32", "192.0.2.8/32")
    policy = replace(APP, ask_unmanaged=frozenset({"default"} if asks else ()), operations_channel="C0OPS")
    here = actions.under(policy, store, clock)
    await ignore(here, entry)
    clock.present += timedelta(days=30) - timedelta(seconds=1)
    await here.findings.run_due()
    assert await database.count(engine, outbox, kind=MessageKind.RULE_UNMANAGED) == 2
    clock.present += timedelta(seconds=1)
    await asyncio.gather(*(here.findings.run_due() for _ in range(4)))
    await here.findings.run_due()
    told = await database.rows(
        engine, outbox, "recipient", "params", "settled_at", order_by="id", kind=MessageKind.RULE_UNMANAGED
    )
    earlier, other, *again = told
    assert (earlier[1]["superseded"], earlier[2]) == ("yes", clock.present)
    assert (other[1].get("superseded"), other[2]) == (None, None)
    channels = ["C0OPS", policy.approvals_channel] if asks else ["C0OPS"]
    assert [(channel, ASKS in params, settled) for channel, params, settled in again] == [
        (channel, channel == policy.approvals_channel, None) for channel in channels
    ]
    assert {params["because"] for _, params, _ in again} == {"the vendor leaves"}
    assert await database.values(engine, unmanaged_entries, "ignored_until", order_by="id") == [None, None]
    lines = await database.audit_lines(engine)
    assert lines[-1] == ("pgaccess", "unmanaged_entry", "ignored", "present")
    assert len(lines) == 2
    # Asked again, it can be ignored again.
    await ignore(here, entry, "1d")
    clock.present += timedelta(days=1)
    await here.findings.run_due()
    assert await database.count(engine, outbox, kind=MessageKind.RULE_UNMANAGED) == 2 + 2 * len(channels)


async def test_an_entry_that_goes_while_it_is_ignored_is_not_asked_about(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock
) -> None:
    (entry,) = await there(store)
    await ignore(services, entry)
    await gone(store)
    clock.present += timedelta(days=31)
    await services.findings.run_due()
    assert await database.count(engine, outbox, kind=MessageKind.RULE_UNMANAGED) == 1
    assert len(await database.audit_lines(engine)) == 1


# --- what was seen -----------------------------------------------------------------------------------------


async def test_an_entry_is_recorded_once_for_each_time_that_it_is_there(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    one = SeenEntry(entry="a", subject="192.0.2.7/32", description="<b>\u202e odd", created_by="x")
    two = SeenEntry(entry="b", subject="192.0.2.8/32")
    hour = timedelta(hours=1)
    steps = [(one,), (one, two), (two,), (one, two), (one, two)]
    for number, seen in enumerate(steps):
        async with store.transaction() as tx:
            await tx.unmanaged_entries.record(TARGET_ID, Method.MTLS, seen, at=NOW + number * hour)
            # Another list of the same target is another matter.
            await tx.unmanaged_entries.record(TARGET_ID, Method.PRIVATELINK, (), at=NOW)
            await tx.commit()
    rows = await database.rows(
        engine, unmanaged_entries, "entry", "first_seen_at", "absent_at", order_by="id"
    )
    assert rows == [
        ("a", NOW, NOW + 2 * hour),
        ("b", NOW + hour, None),
        ("a", NOW + 3 * hour, None),
    ]
    (described, *_) = await database.values(engine, unmanaged_entries, "description", order_by="id")
    assert "\u202e" not in described
