"""The access review: what is on it, of whom it is asked, what an answer does, and what nobody answers."""

import csv
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.cli import audit_review
from bot.domain import duration
from bot.domain import operation as operations
from bot.domain.access_review import Answer, outcome
from bot.domain.grant import GrantState, Kept
from bot.domain.policy.periods import ReviewPeriods
from bot.domain.request import Kind, RequestState
from bot.domain.schedule import OPERATION_DEADLINE
from bot.errors import MisconfiguredError, Refusal, Refused
from bot.ports import MessageKind
from bot.services import Services
from bot.services.reviews.access_reviews import REVIEW
from storage.repositories.evidence.verification import Compared, wrong_rows
from storage.tables import (
    access_review_items,
    access_reviews,
    mtls_rules,
    outbox,
    periodic_tasks,
    slack_users,
)
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NETWORK, NOW, SetClock
from tests.unit.services import actions, certificates
from tests.unit.services.actions import ADMIN, COLLEAGUE, ENGINEER, GROUP_LEAD, LEAD, LEAD2
from tests.unit.storage import store_helpers

PERMANENT: Final = actions.ruled(permanent=True, approvers=frozenset({LEAD, LEAD2, actions.LEADS}))
FOREVER: Final = replace(actions.REQUEST_INPUT, duration=duration.FOREVER)
DAY: Final = timedelta(days=1)
BECAUSE: Final = "still the nightly export"


@pytest.fixture
async def services(store: PostgresStore, clock: SetClock) -> Services:
    """Under a policy that allows access without an end."""
    await store_helpers.discover(store)
    await actions.know_everybody(store)
    return actions.under(PERMANENT, store, clock)


async def forever(store: PostgresStore, services: Services, number: int = 4, *, owner: str = ENGINEER) -> int:
    """A grant without an end that is in force; returns the number of its request."""
    asked = replace(FOREVER, address=f"203.0.113.{number}")
    return (await actions.opened(store, services, request_input=asked, person=owner)).request


async def adopted(store: PostgresStore, engine: AsyncEngine, *, owner: str = ENGINEER) -> int:
    """An adopted IP rule that stays, and that the last observation shows; the number of its adoption."""
    asked = factories.request(kind=Kind.ADOPT, endless=True)
    request = await store_helpers.record(store, asked, requester=owner)
    listed = factories.rule(str(NETWORK))
    async with store.transaction() as tx:
        await tx.requests.decide(request, RequestState.APPROVED, doing=store_helpers.BY_LEAD)
        begun = operations.begin(request, id=uuid4(), now=NOW)
        await tx.operations.start(begun, within=OPERATION_DEADLINE, doing=store_helpers.BY_LEAD)
        await tx.operations.update(begun, operations.done(begun, now=NOW), doing=store_helpers.BY_LEAD)
        await tx.commit()
    async with engine.begin() as connection:
        owned = {"rule_id": listed.id, "target_id": factories.database().id, "network": NETWORK}
        await connection.execute(insert(mtls_rules).values(**owned, observed=True, adopted=True))
    await store_helpers.see(store, factories.look(listed, ours=frozenset({listed.id})))
    return request.id


async def begin(services: Services, engine: AsyncEngine) -> None:
    """Has the review that is due begin."""
    await services.access_reviews.run_due()
    await database.update_rows(engine, periodic_tasks, {"due_at": NOW}, name=REVIEW)
    await services.access_reviews.run_due()


async def items(store: PostgresStore) -> dict[int, Any]:
    """The items of the newest review, by request."""
    async with store.transaction() as tx:
        newest = await tx.access_reviews.newest()
        assert newest is not None
        return {each.reviewed.request: each for each in await tx.access_reviews.items(newest.id)}


async def answer(
    services: Services,
    store: PostgresStore,
    request: int,
    answer: Answer = Answer.KEPT,
    *,
    person: str = LEAD,
    because: str = BECAUSE,
) -> None:
    found = (await items(store))[request]
    key = actions.key()
    await services.access_reviews.answer(found.id, answer, because, request=request, person=person, key=key)


async def outcomes(store: PostgresStore) -> dict[int, str]:
    return {request: outcome(item) for request, item in (await items(store)).items()}


async def sent(engine: AsyncEngine, kind: MessageKind = MessageKind.ACCESS_REVIEW) -> list[dict[str, str]]:
    return await database.values(engine, outbox, "params", kind=kind)


# --- what is on it -----------------------------------------------------------------------------------


async def test_it_asks_of_what_has_no_end_and_of_nothing_short(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    short = await actions.opened(store, services)
    long = await forever(store, services, 5)
    rule = await adopted(store, engine, owner=COLLEAGUE)
    # The engineer's would not outlive their address, which has no end.
    await certificates.own(store)
    certificate = await certificates.own(store, uuid4(), owner=COLLEAGUE)
    await begin(services, engine)
    asked = await items(store)
    assert {request: item.reviewed.kind for request, item in asked.items()} == {
        long: "grant",
        rule: "entry",
        certificate: "certificate",
    }
    assert short.request not in asked
    assert [each["group"] for each in await sent(engine)] == ["1"]


async def test_an_empty_review_is_recorded_and_sends_nothing(services: Services, engine: AsyncEngine) -> None:
    await begin(services, engine)
    assert await database.values(engine, access_reviews, "begun_at") == [NOW]
    assert await sent(engine) == []


async def test_the_first_call_only_sets_when_and_downtime_brings_one_review(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    await forever(store, services)
    await services.access_reviews.run_due()
    assert await database.values(engine, access_reviews, "id") == []
    clock.present = NOW + 400 * DAY
    for _ in range(5):
        await services.access_reviews.run_due()
    assert len(await database.values(engine, access_reviews, "id")) == 1


async def test_a_policy_can_do_without(store: PostgresStore, clock: SetClock, engine: AsyncEngine) -> None:
    never = replace(PERMANENT, access_review=ReviewPeriods(every=timedelta()))
    await begin(actions.under(never, store, clock), engine)
    assert await database.values(engine, access_reviews, "id") == []


async def test_each_group_of_approvers_has_its_own_message(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    first = await forever(store, services)
    (rule,) = PERMANENT.rules
    others = replace(PERMANENT, rules=(replace(rule, name="others", approvers=frozenset({LEAD2})), rule))
    second = await forever(store, actions.under(others, store, clock), 5, owner=LEAD)
    await begin(actions.under(others, store, clock), engine)
    asked = await items(store)
    assert asked[first].approvers == tuple(sorted({LEAD, LEAD2, actions.LEADS}))
    assert asked[second].approvers == (LEAD2,)
    assert {asked[first].group, asked[second].group} == {1, 2}
    assert len(await sent(engine)) == 2


# --- what an answer does ------------------------------------------------------------------------------


async def test_a_kept_grant_goes_on_and_the_trail_says_by_whom_and_why(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await forever(store, services)
    await begin(services, engine)
    await answer(services, store, request)
    assert await outcomes(store) == {request: "kept"}
    async with store.transaction() as tx:
        lines = await tx.audit.of_request(request)
    assert (lines[-1].subject, lines[-1].after, lines[-1].actor) == ("access review", "kept", LEAD)
    assert lines[-1].details["because"] == BECAUSE
    assert await database.values(engine, outbox, "version", kind=MessageKind.ACCESS_REVIEW) == [2]


async def test_end_revokes_a_grant_at_once(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await forever(store, services)
    await begin(services, engine)
    await answer(services, store, request, Answer.ENDED, person=GROUP_LEAD)
    details = await services.queries.request(request)
    assert details.grant is not None
    assert (details.grant.state, details.grant.reason_code) == (GrantState.ENDING, "revoked")
    assert await outcomes(store) == {request: "ended"}


async def test_end_revokes_a_certificate(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await certificates.own(store)
    await begin(services, engine)
    await answer(services, store, request, Answer.ENDED)
    assert await verified(engine) == []
    revocation = await services.queries.request(request + 1)
    assert (revocation.request.kind, revocation.request.state) == (Kind.DISCARD, RequestState.APPROVED)
    assert [vote.person for vote in revocation.decisions] == [LEAD]
    assert revocation.operation is not None


async def test_end_removes_an_adopted_entry_by_an_approved_request(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await adopted(store, engine)
    await begin(services, engine)
    await answer(services, store, request, Answer.ENDED)
    removal = await services.queries.request(request + 1)
    assert removal.request.kind is Kind.REMOVE_UNMANAGED
    assert removal.request.requester == ENGINEER
    assert [(vote.person, vote.verdict) for vote in removal.decisions] == [(LEAD, "approve")]
    assert removal.request.state is RequestState.APPROVED
    assert removal.operation is not None


async def test_where_two_approve_the_removal_of_an_entry_waits_for_the_second(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    two = actions.under(replace(PERMANENT, rules=actions.ruled(approvals=2).rules), store, clock)
    request = await adopted(store, engine)
    await begin(two, engine)
    await answer(two, store, request, Answer.ENDED)
    removal = await two.queries.request(request + 1)
    assert (removal.request.state, [vote.person for vote in removal.decisions]) == (
        RequestState.PENDING,
        [LEAD],
    )
    assert (await actions.approve(two, removal, person=LEAD2)).request.state is RequestState.APPROVED


async def test_an_approver_who_has_adopted_an_entry_needs_another_to_remove_it(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await adopted(store, engine, owner=LEAD)
    await begin(services, engine)
    await answer(services, store, request, Answer.ENDED)
    removal = await services.queries.request(request + 1)
    assert (removal.request.state, removal.decisions) == (RequestState.PENDING, ())


async def test_a_leavers_entry_is_removed_in_the_name_of_the_approver_by_another(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await adopted(store, engine)
    await actions.know(store, factories.person(ENGINEER, deactivated=True))
    await begin(services, engine)
    await answer(services, store, request, Answer.ENDED)
    removal = await services.queries.request(request + 1)
    assert (removal.request.requester, removal.request.state) == (LEAD, RequestState.PENDING)


# --- who may answer -------------------------------------------------------------------------------------


async def test_nobody_keeps_their_own_and_everybody_may_end_it(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await forever(store, services, owner=LEAD)
    await begin(services, engine)
    refused = await actions.refusal(engine, answer(services, store, request, person=LEAD))
    assert refused.reason is Refusal.REVIEW_OWN
    await answer(services, store, request, Answer.ENDED, person=LEAD)
    assert await outcomes(store) == {request: "ended"}


async def test_only_approvers_and_admins_answer(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    first, second = await forever(store, services), await forever(store, services, 5)
    await begin(services, engine)
    for each in Answer:
        refused = await actions.refusal(engine, answer(services, store, first, each, person=COLLEAGUE))
        assert refused.reason is Refusal.APPROVER_NOT
    await answer(services, store, first, person=ADMIN)
    await answer(services, store, second, person=GROUP_LEAD)
    assert set((await outcomes(store)).values()) == {"kept"}


async def test_the_first_answer_counts_and_the_second_learns_of_it(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await forever(store, services)
    await begin(services, engine)
    await answer(services, store, request)
    refused = await actions.refusal(engine, answer(services, store, request, Answer.ENDED, person=LEAD2))
    assert (refused.reason, refused.params["person"]) == (Refusal.REVIEW_ANSWERED, LEAD)


async def test_an_answer_needs_a_reason(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await forever(store, services)
    await begin(services, engine)
    refused = await actions.refusal(engine, answer(services, store, request, because=""))
    assert refused.reason is Refusal.REVIEW_REASON


async def test_what_has_ended_otherwise_or_is_asked_anew_takes_no_answer(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    first, second = await forever(store, services), await forever(store, services, 5)
    await begin(services, engine)
    await services.grants.end(first, person=ENGINEER, key=actions.key())
    assert await outcomes(store) == {first: "gone", second: "open"}
    assert (await actions.refusal(engine, answer(services, store, first))).reason is Refusal.REVIEW_GONE
    old = (await items(store))[second]
    await begin(services, engine)
    with pytest.raises(Refused) as caught:
        await services.access_reviews.answer(
            old.id, Answer.KEPT, BECAUSE, request=second, person=LEAD, key=actions.key()
        )
    assert caught.value.reason is Refusal.REVIEW_OVER


@pytest.mark.parametrize("said", Answer)
async def test_an_old_button_whose_item_has_another_s_number_since_a_restore_answers_nothing(
    services: Services, store: PostgresStore, engine: AsyncEngine, said: Answer
) -> None:
    first, second = await forever(store, services), await forever(store, services, 5)
    await begin(services, engine)
    now_second = (await items(store))[second].id
    with pytest.raises(Refused) as caught:
        await services.access_reviews.answer(
            now_second, said, BECAUSE, request=first, person=LEAD, key=actions.key()
        )
    assert caught.value.reason is Refusal.REVIEW_OVER
    with pytest.raises(Refused):
        await services.access_reviews.require_answerable(now_second, said, request=first, person=LEAD)
    assert await outcomes(store) == {first: "open", second: "open"}


async def verified(engine: AsyncEngine) -> list[str]:
    """What ``pgaccess audit verify`` finds wrong with the rows, of reviews counted from 1 on."""
    first, *others = await database.values(engine, access_reviews, "id", order_by="id")
    async with engine.connect() as connection:
        said = [problem.said async for problem in wrong_rows(connection, Compared())]
    for number, id in enumerate([first, *others], start=1):
        said = [each.replace(f"access review {id}", f"access review {number}") for each in said]
    return said


ANSWER_CHANGED: Final = [
    {"answer": Answer.ENDED},
    {"answered_by": LEAD2},
    {"because": "another reason"},
    {"answered_at": NOW - DAY},
    {"answer": None, "answered_by": None, "answered_at": None},
]


@pytest.mark.parametrize("changed", ANSWER_CHANGED)
async def test_an_answer_that_was_changed_without_a_line_does_not_verify(
    services: Services, store: PostgresStore, engine: AsyncEngine, changed: dict[str, Any]
) -> None:
    request = await forever(store, services)
    await begin(services, engine)
    await answer(services, store, request)
    assert await verified(engine) == []
    await database.update_rows(engine, access_review_items, changed, request_id=request)
    first, *rest = sorted(await verified(engine))
    if changed.get("answer", Answer.KEPT) is not None:
        assert first == "its answer in the access review 1 is not what any line says"
        (first,) = rest
    assert first == "the access review 1 does not have the answer that the line says"


async def test_items_and_reviews_that_were_taken_away_or_made_up_do_not_verify(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await forever(store, services)
    await begin(services, engine)
    async with engine.begin() as connection:
        await connection.execute(
            access_review_items.delete().where(access_review_items.c.request_id == request)
        )
        await connection.execute(insert(access_reviews).values(begun_at=NOW, answer_by=NOW))
    assert await verified(engine) == [
        "no line is about the access review 2",
        "the access review 1 has 0 items, and the line says 1",
    ]


# --- what nobody answers ---------------------------------------------------------------------------------


async def test_what_is_open_after_two_weeks_is_told_to_the_admins_once(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    first, second = await forever(store, services), await forever(store, services, 5)
    await begin(services, engine)
    await answer(services, store, first)
    clock.present = NOW + 13 * DAY
    await services.access_reviews.run_due()
    assert await sent(engine, MessageKind.REVIEW_UNANSWERED) == []
    clock.present = NOW + 14 * DAY
    for _ in range(3):
        await services.access_reviews.run_due()
    (told,) = await sent(engine, MessageKind.REVIEW_UNANSWERED)
    assert json.loads(told["requests"]) == [second]
    await answer(services, store, second)
    assert set((await outcomes(store)).values()) == {"kept"}


async def test_a_review_that_was_answered_is_told_to_nobody(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    request = await forever(store, services)
    await begin(services, engine)
    await answer(services, store, request)
    clock.present = NOW + 14 * DAY
    await services.access_reviews.run_due()
    assert await sent(engine, MessageKind.REVIEW_UNANSWERED) == []
    assert await database.values(engine, access_reviews, "told_at") == [NOW + 14 * DAY]


# --- beside the weekly review ------------------------------------------------------------------------------


async def test_what_an_approver_kept_within_the_week_is_not_asked_again(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await forever(store, services)
    async with store.transaction() as tx:
        grant = await tx.grants.of_request(request)
        assert grant is not None
        kept = Kept(at=NOW - 6 * DAY, by=LEAD2, under="x")
        await tx.reviews.keep(grant, kept, doing=store_helpers.BY_LEAD)
        await tx.commit()
    await begin(services, engine)
    found = (await items(store))[request].answered
    assert (found.answer, found.by, found.at) == (Answer.KEPT, LEAD2, NOW - 6 * DAY)
    assert await verified(engine) == []


async def test_the_weekly_review_leaves_out_what_this_one_asks_or_has_an_answer_for(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    first, second = await forever(store, services), await forever(store, services, 5)
    await begin(services, engine)

    async def asked() -> frozenset[int]:
        async with store.transaction() as tx:
            return await tx.access_reviews.asked_of(clock.now())

    assert await asked() == {first, second}
    await answer(services, store, first)
    clock.present = NOW + 6 * DAY
    assert await asked() == {first, second}
    clock.present = NOW + 8 * DAY
    assert await asked() == {second}
    clock.present = NOW + 15 * DAY
    assert await asked() == frozenset()


async def test_the_two_reviews_do_not_ask_of_one_grant_within_a_week(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await forever(store, services)
    (rule,) = PERMANENT.rules
    denies = replace(rule, name="contractors", requesters=frozenset({ENGINEER}), denies=True)
    denied = actions.under(replace(PERMANENT, rules=(denies, rule)), store, clock)
    await begin(denied, engine)
    weekly = denied.entitlements.send_weekly_review
    await weekly()
    for days, lists in ((7, 0), (14, 1)):
        clock.present = NOW + days * DAY
        await actions.know_everybody(store)
        await weekly()
        assert len(await sent(engine, MessageKind.ENTITLEMENTS)) == lists


async def test_five_hundred_items_are_one_message(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await forever(store, services)
    await begin(services, engine)
    (row,) = await database.rows(engine, access_review_items)
    columns = [column.name for column in access_review_items.columns]
    one = {name: value for name, value in zip(columns, row, strict=True) if name != "id"}
    async with engine.begin() as connection:
        await connection.execute(insert(access_review_items), [one] * 499)
    page = await services.access_reviews.page(one["review_id"], 1, 63)
    assert page is not None
    assert (page.total, page.pages, len(page.items)) == (500, 63, 4)
    assert {each.reviewed.request for each in page.items} == {request}


async def test_a_page_is_turned_for_everybody(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    await forever(store, services)
    await begin(services, engine)
    (params,) = await sent(engine)
    await services.access_reviews.turn(int(params["review"]), 1, 2, person=COLLEAGUE)
    assert [each["page"] for each in await sent(engine)] == ["2"]
    await database.update_rows(engine, slack_users, {"guest": True}, id=COLLEAGUE)
    with pytest.raises(Refused):
        await services.access_reviews.turn(int(params["review"]), 1, 1, person=COLLEAGUE)


async def test_the_export_has_a_row_for_each_item_with_its_answer(
    services: Services, store: PostgresStore, engine: AsyncEngine, database_url: str
) -> None:
    first, second = await forever(store, services), await forever(store, services, 5)
    await begin(services, engine)
    await answer(services, store, first, because='=HYPERLINK("x"), said the lead')
    lines = [line async for line in audit_review.export(None, "csv", database_url)]
    rows = list(csv.DictReader(lines))
    assert [tuple(each) for each in rows] == [audit_review.COLUMNS] * 2
    said = {int(each["request"]): (each["outcome"], each["answered_by"], each["because"]) for each in rows}
    assert said == {
        first: ("kept", LEAD, '\'=HYPERLINK("x"), said the lead'),
        second: ("open", "", ""),
    }
    quarter = audit_review.Quarter(2026, 4)
    lines = [line async for line in audit_review.export(quarter, "jsonl", database_url)]
    assert [json.loads(line)["because"] for line in lines] == ['=HYPERLINK("x"), said the lead', ""]
    with pytest.raises(MisconfiguredError, match="no access review began in 2025-Q1"):
        await anext(audit_review.export(audit_review.Quarter(2025, 1), "csv", database_url))
