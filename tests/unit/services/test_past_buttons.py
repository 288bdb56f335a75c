"""Buttons of messages that Slack still shows as they were: they change nothing, and say what became of it."""

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain import grant as grants
from bot.domain import operation as operations
from bot.domain.grant import Grant, GrantState, ReasonCode
from bot.domain.mtls import rotation
from bot.domain.operation import Operation
from bot.domain.request import RequestState
from bot.errors import Refusal, Refused
from bot.i18n.translator import Translator
from bot.ports import Block, Message, MessageKind, MessageRef, OutboxMessage
from bot.ports.assertions import PAST_FORMS, TRUE_WHILE, holds, listed_request, of_grant
from bot.services import RequestInput, Services
from bot.services.withdrawals import withdraw
from bot.views import action_ids
from bot.views.render import concerned, render
from bot.views.requests.request_state import state_line
from handlers.buttons import ButtonHandler
from handlers.download_links import DownloadLinkSender
from handlers.modals import Forms
from handlers.presets import PresetForms
from handlers.refusals import RefusedForState
from handlers.transport.payloads import BlockAction
from storage.repositories.messages.outbox import message_of
from storage.tables import outbox
from storage.transaction import PostgresStore
from tests.unit.factories import NOW, SetClock
from tests.unit.services import actions, certificates
from tests.unit.services.actions import APP, COLLEAGUE, ENGINEER, LEAD
from tests.unit.storage import store_helpers

EN = Translator("en")
BY_LEAD = store_helpers.BY_LEAD


@dataclass
class Views:
    """Takes the place of Slack while a person waits: it notes which forms were opened."""

    opened: list[Block] = field(default_factory=list)

    async def hand(self, person: str, message: Message, *, number: int) -> MessageRef:
        return MessageRef(channel=person, ts=f"{number}.{len(message.blocks)}")

    async def open_view(self, trigger: str, view: Block) -> None:
        assert trigger
        self.opened.append(view)

    async def push_view(self, trigger: str, view: Block) -> None:
        await self.open_view(trigger, view)

    async def respond(self, url: str, message: Message, *, replace: bool = False) -> None:
        raise AssertionError(f"{url}, {message}, {replace}: answers are returned")


@dataclass(frozen=True)
class Button:
    """A button on a message, and who has it in front of them."""

    kind: MessageKind
    action: str
    value: str
    person: str


# --- states ------------------------------------------------------------------------------------------


async def tell(store: PostgresStore, grant: Grant) -> None:
    """Records what a reconcile run tells of a grant in this state, and its warning."""
    async with store.transaction() as tx:
        for kind, state in TRUE_WHILE.items():
            if state is grant.state:
                for to in (
                    (grant.owner, "C0OPERATIONS") if kind is MessageKind.INTERRUPTED else (grant.owner,)
                ):
                    await tx.outbox.add(
                        kind,
                        to=to,
                        key=f"{kind}:{grant.id}:{to}:{grant.closed_at}",
                        request=grant.request,
                        asserts=of_grant(kind, grant),
                    )
        await tx.commit()


async def pending(store: PostgresStore, services: Services) -> int:
    request = (await actions.ask(services)).request.id
    async with store.transaction() as tx:
        await tx.outbox.add(MessageKind.REMINDER, to="C0APPROVALS", key="reminder", request=request)
        await tx.outbox.add(MessageKind.UNDECIDABLE, to=ENGINEER, key="undecidable", request=request)
        await tx.commit()
    return request


def standing(
    state: GrantState, *, reason: ReasonCode | None = None
) -> Callable[[PostgresStore, Services], Awaitable[int]]:
    """A grant in a state, with everything told of it."""

    async def stand(store: PostgresStore, services: Services) -> int:
        grant = await actions.opened(store, services, state)
        if reason is not None:
            other = replace(grant, reason_code=reason)
            assert await store_helpers.change(store, grant, other)
            grant = other
        await tell(store, grant)
        return grant.request

    return stand


async def reopening(store: PostgresStore, services: Services) -> int:
    """A grant that somebody closed, and that its owner has asked to be opened again."""
    request = await standing(GrantState.INTERRUPTED)(store, services)
    await services.reopenings.reopen(request, person=ENGINEER, key=actions.key())
    return request


BEFORE: Final[dict[str, Callable[[PostgresStore, Services], Awaitable[int]]]] = {
    "pending": pending,
    "applying": standing(GrantState.APPLYING),
    "in force": standing(GrantState.IN_FORCE),
    "interrupted": standing(GrantState.INTERRUPTED),
    "asked for again": reopening,
    "failed": standing(GrantState.FAILED),
    "failed by people": standing(GrantState.FAILED, reason=ReasonCode.CLOSED_ELSEWHERE),
}

Move = Callable[[PostgresStore, Services, int], Awaitable[object]]


def decided(move: Callable[[Services, Any], Awaitable[object]]) -> Move:
    async def decide(_store: PostgresStore, services: Services, request: int) -> None:
        await move(services, await services.queries.request(request))

    return decide


def settled(state: RequestState) -> Move:
    async def settle(store: PostgresStore, services: Services, request: int) -> None:
        details = await services.queries.request(request)
        async with store.transaction() as tx:
            if state is RequestState.WITHDRAWN:
                await withdraw(tx, details, Refused(Refusal.END_PAST), doing=BY_LEAD)
            else:
                await tx.requests.decide(details.request, state, doing=BY_LEAD)
            await tx.commit()

    return settle


def moved(*steps: Callable[[Grant], Grant]) -> Move:
    """What reconcile runs make of a grant."""

    async def move(store: PostgresStore, services: Services, request: int) -> None:
        grant = (await services.queries.request(request)).grant
        assert grant is not None
        for step in steps:
            after = step(grant)
            assert await store_helpers.change(store, grant, after)
            grant = after

    return move


def closed(state: GrantState, reason: ReasonCode | None = None) -> Callable[[Grant], Grant]:
    later = NOW + timedelta(hours=1)
    return lambda grant: grants.closed(grant, state, now=later, reason_code=reason)


def verified(grant: Grant) -> Grant:
    return grants.verified(grant, now=NOW + timedelta(hours=1), warn_before=APP.warn_before)


def ending(grant: Grant) -> Grant:
    return grants.closing(grant, ReasonCode.EXPIRED)


def by(person: str, call: Callable[[Services], Any], *more: Any) -> Move:
    async def act(_store: PostgresStore, services: Services, request: int) -> None:
        await call(services)(request, *more, person=person, key=actions.key())

    return act


REVOKED: Final = by(LEAD, lambda services: services.grants.revoke)
ENDED_BY_OWNER: Final = by(ENGINEER, lambda services: services.grants.end)
OVER: Final = moved(ending, closed(GrantState.ENDED))
FAILS: Final = moved(closed(GrantState.FAILED, ReasonCode.REFUSED))
INTERRUPTS: Final = moved(closed(GrantState.INTERRUPTED, ReasonCode.CLOSED_ELSEWHERE))
REOPENED: Final = by(LEAD, lambda services: services.reopenings.reopen)
ASKED_AGAIN: Final = by(ENGINEER, lambda services: services.reopenings.reopen)
RETRIED: Final = by(ENGINEER, lambda services: services.grants.retry)
ABANDONED: Final = by(ENGINEER, lambda services: services.grants.abandon)
EXTENDED: Final = by(ENGINEER, lambda services: services.extensions.extend, RequestInput(duration="1h"))


async def retried_and_failed(store: PostgresStore, services: Services, request: int) -> None:
    await RETRIED(store, services, request)
    await FAILS(store, services, request)


async def reopened_and_in_force(store: PostgresStore, services: Services, request: int) -> None:
    await REOPENED(store, services, request)
    await moved(verified)(store, services, request)


async def denied_again(_store: PostgresStore, services: Services, request: int) -> None:
    asked = (await services.queries.request(request)).reopening
    assert asked is not None
    await actions.deny(services, await services.queries.request(asked.id))


async def approved_again(_store: PostgresStore, services: Services, request: int) -> None:
    asked = (await services.queries.request(request)).reopening
    assert asked is not None
    await actions.approve(services, await services.queries.request(asked.id))


def reviewed(move: Move) -> Move:
    """A change, and the review that withdraws what it leaves nobody to decide."""

    async def review(store: PostgresStore, services: Services, request: int) -> None:
        await move(store, services, request)
        await services.pending_review.run_due()

    return review


LATER: Final[dict[str, dict[str, Move]]] = {
    "pending": {
        "approved": decided(actions.approve),
        "denied": decided(actions.deny),
        "withdrawn by its requester": by(ENGINEER, lambda services: services.access_requests.cancel),
        "lapsed": settled(RequestState.LAPSED),
        "withdrawn": settled(RequestState.WITHDRAWN),
    },
    "applying": {
        "in force": moved(verified),
        "failed": FAILS,
        "revoked": REVOKED,
        "ended by its owner": ENDED_BY_OWNER,
    },
    "in force": {
        "interrupted": INTERRUPTS,
        "extended": EXTENDED,
        "revoked": REVOKED,
        "ended by its owner": ENDED_BY_OWNER,
        "over": OVER,
    },
    "interrupted": {
        "asked for again": ASKED_AGAIN,
        "opened again": REOPENED,
        "in force again": reopened_and_in_force,
        "revoked": REVOKED,
        "over": OVER,
    },
    "asked for again": {
        "denied": denied_again,
        "approved": approved_again,
        "revoked": reviewed(REVOKED),
        "over": reviewed(OVER),
    },
    "failed": {"retried": RETRIED, "failed again": retried_and_failed, "abandoned": ABANDONED},
    "failed by people": {"asked for again": ASKED_AGAIN, "opened again": REOPENED, "abandoned": ABANDONED},
}
CHANGES: Final = [(before, after) for before, moves in LATER.items() for after in moves]


# --- what is shown, and pressed --------------------------------------------------------------------------


async def told(engine: AsyncEngine) -> list[OutboxMessage]:
    """Every message of the outbox, as a notifier would claim it."""
    async with engine.connect() as connection:
        rows = (await connection.execute(select(outbox).order_by(outbox.c.id))).mappings().all()
    return [message_of(row) for row in rows]


async def shown(services: Services, message: OutboxMessage) -> Message:
    """A message as a notifier renders it now."""
    details = None if message.request is None else await services.queries.request(message.request)
    listed = {id: await services.queries.request(id) for id in concerned(message)}
    return render(message, details, t=EN, policy=APP, listed=listed)


def buttons_of(message: OutboxMessage, rendered: Message) -> Iterator[Button]:
    person = message.recipient if message.recipient.startswith("U") else LEAD
    for block in rendered.blocks:
        for element in block.get("elements", []) if block["type"] == "actions" else []:
            yield Button(message.kind, element["action_id"], element["value"], person)


async def all_buttons(services: Services, engine: AsyncEngine) -> list[Button]:
    return [
        button
        for message in await told(engine)
        for button in buttons_of(message, await shown(services, message))
    ]


def handler(services: Services, views: Views) -> ButtonHandler:
    links = DownloadLinkSender(services=services, interactive=views, public_url="https://pgaccess.example")
    forms = Forms(services=services, interactive=views)
    presets = PresetForms(services=services, forms=forms, interactive=views)
    return ButtonHandler(services=services, forms=forms, download_links=links, presets=presets)


def click(button: Button) -> BlockAction:
    return BlockAction.of(
        {
            "type": "block_actions",
            "user": {"id": button.person},
            "trigger_id": "1.2.3",
            "response_url": "https://hooks.slack.com/actions/T0/1/x",
            "actions": [
                {
                    "type": "button",
                    "action_id": button.action,
                    "value": button.value,
                    "action_ts": actions.key(),
                }
            ],
            "container": {"type": "message", "message_ts": "1.1", "channel_id": "C0APPROVALS"},
        }
    )


async def pressed(services: Services, button: Button) -> tuple[Refused | None, list[Block]]:
    """How a press is refused, if it is, and the forms that it opened."""
    views = Views()
    try:
        await handler(services, views).answer(click(button), EN)
    except Refused as refused:
        return refused, views.opened
    return None, views.opened


@pytest.mark.parametrize(("before", "after"), CHANGES)
async def test_a_button_of_a_past_state_changes_nothing_and_says_what_became_of_it(
    store: PostgresStore, engine: AsyncEngine, services: Services, before: str, after: str
) -> None:
    request = await BEFORE[before](store, services)
    earlier = await all_buttons(services, engine)
    assert earlier
    await LATER[before][after](store, services, request)
    present = {(each.action, each.value) for each in await all_buttons(services, engine)}
    past = [each for each in earlier if (each.action, each.value) not in present]
    for button in past:
        if button.action == action_ids.DETAILS:
            continue
        about, _ = action_ids.read_button(button.value)
        line = state_line(await services.queries.request(about), t=EN, policy=APP)
        rows = await actions.snapshot(engine)
        refused, opened = await pressed(services, button)
        assert isinstance(refused, RefusedForState), button
        assert (refused.line, opened) == (line, []), button
        assert await actions.snapshot(engine) == rows, button


@pytest.mark.parametrize(("before", "after"), CHANGES)
async def test_a_message_that_is_no_longer_true_is_rendered_again_without_buttons(
    store: PostgresStore, engine: AsyncEngine, services: Services, before: str, after: str
) -> None:
    request = await BEFORE[before](store, services)
    earlier = {message.id: message for message in await told(engine)}
    await LATER[before][after](store, services, request)
    now = {message.id: message for message in await told(engine)}
    for id, message in earlier.items():
        rendered = await shown(services, now[id])
        details = await services.queries.request(request)
        if message.kind in PAST_FORMS and not holds(message, details):
            assert now[id].version > message.version, message.kind
            assert list(buttons_of(message, rendered)) == [], message.kind
            assert "has changed since" in rendered.text, message.kind
            line = state_line(details, t=EN, policy=APP)
            assert str(line) in str(rendered.blocks), message.kind


# --- certificates ------------------------------------------------------------------------------------

LaterOfCertificate = Callable[[PostgresStore, Services, SetClock, int], Awaitable[object]]


async def reminded(services: Services, clock: SetClock, *, days: int) -> None:
    clock.present = certificates.END - timedelta(days=days)
    await services.expiry_reminders.send_due()


async def reminded_again(_store: PostgresStore, services: Services, clock: SetClock, _request: int) -> None:
    await reminded(services, clock, days=3)


async def gone(store: PostgresStore, _services: Services, _clock: SetClock, _request: int) -> None:
    await certificates.see(store)


async def assigned(store: PostgresStore, _services: Services, _clock: SetClock, _request: int) -> None:
    known = await certificates.get(store)
    async with store.transaction() as tx:
        await tx.reviews.assign(known, owner=COLLEAGUE, doing=BY_LEAD)
        await tx.commit()


async def acknowledged(_store: PostgresStore, services: Services, _clock: SetClock, request: int) -> None:
    await services.certificate_expiry.acknowledge(request, person=LEAD, key=actions.key())


async def rotating(_store: PostgresStore, services: Services, _clock: SetClock, request: int) -> None:
    await services.certificate_rotation.rotate(str(request), None, person=ENGINEER, key=actions.key())


CERTIFICATE_LATER: Final[dict[str, LaterOfCertificate]] = {
    "reminded again": reminded_again,
    "gone": gone,
    "assigned": assigned,
    "acknowledged": acknowledged,
}


async def recorded(engine: AsyncEngine) -> list[tuple[str, str]]:
    """Every row but the keys of clicks: an answer that repeats itself has one."""
    return [row for row in await actions.snapshot(engine) if row[0] != "idempotency_keys"]


@pytest.mark.parametrize("after", CERTIFICATE_LATER)
async def test_the_buttons_of_a_reminder_that_is_over_change_nothing(
    store: PostgresStore, engine: AsyncEngine, services: Services, clock: SetClock, after: str
) -> None:
    request = await certificates.own(store)
    await reminded(services, clock, days=7)
    ours = [message.id for message in await told(engine)]
    earlier = await all_buttons(services, engine)
    assert {each.kind for each in earlier} == {MessageKind.EXPIRY, MessageKind.EXPIRY_COPY}
    await CERTIFICATE_LATER[after](store, services, clock, request)
    present = {
        button
        for message in await told(engine)
        if message.id in ours
        for button in buttons_of(message, await shown(services, message))
    }
    past = [each for each in earlier if each not in present]
    assert past
    for button in past:
        rows = await recorded(engine)
        refused, opened = await pressed(services, button)
        assert refused is not None or after == "acknowledged", button
        assert opened == []
        assert await recorded(engine) == rows, button


async def test_a_certificate_that_is_being_rotated_is_not_rotated_by_its_reminder(
    store: PostgresStore, engine: AsyncEngine, services: Services, clock: SetClock
) -> None:
    request = await certificates.own(store)
    await reminded(services, clock, days=7)
    earlier = [each for each in await all_buttons(services, engine) if each.action == action_ids.ROTATE]
    await rotating(store, services, clock, request)
    for button in earlier:
        rows = await recorded(engine)
        refused, _ = await pressed(services, button)
        assert refused is not None
        assert refused.reason == Refusal.ROTATION_OPEN
        assert await recorded(engine) == rows


# --- rotations -----------------------------------------------------------------------------------------

NEW_ONE: Final = UUID("7c2b0c9e-0000-4000-8000-000000000002")
Step = Callable[[Operation], Operation]


def at_later(step: Callable[..., Operation], *more: Any) -> Step:
    return lambda operation: step(operation, *more, now=NOW + timedelta(hours=1))


INSTALLED: Final = at_later(rotation.installed)
ROTATION_LATER: Final[dict[str, tuple[Step, ...]]] = {
    "installed": (INSTALLED,),
    "being removed": (INSTALLED, lambda operation: rotation.removing(operation, at=NOW)),
    "done": (INSTALLED, lambda operation: rotation.removing(operation, at=NOW), at_later(operations.done)),
    "failed": (at_later(operations.failed, ReasonCode.NOT_INSTALLED),),
    "abandoned": (at_later(operations.failed, ReasonCode.NOT_INSTALLED), at_later(operations.given_up)),
}


async def step_on(store: PostgresStore, operation: Operation, *steps: Step) -> Operation:
    for step in steps:
        after = step(operation)
        async with store.transaction() as tx:
            assert await tx.operations.update(operation, after, doing=BY_LEAD)
            await tx.commit()
        operation = after
    return operation


@pytest.mark.parametrize("after", ROTATION_LATER)
async def test_the_buttons_of_a_rotation_that_has_gone_on_change_nothing(
    store: PostgresStore, engine: AsyncEngine, services: Services, after: str
) -> None:
    old = await certificates.own(store)
    asked = await services.certificate_rotation.rotate(str(old), None, person=ENGINEER, key=actions.key())
    operation = (await actions.approve(services, asked)).operation
    assert operation is not None
    made = rotation.made(operation, NEW_ONE, now=NOW, testable=True)
    ready = await step_on(store, operation, lambda _: made)
    async with store.transaction() as tx:
        for kind in (MessageKind.ROTATION_READY, MessageKind.INSTALL):
            await tx.outbox.add(kind, to=ENGINEER, key=kind, request=asked.request.id)
        await tx.commit()
    earlier = await all_buttons(services, engine)
    await step_on(store, ready, *ROTATION_LATER[after])
    present = {(each.kind, each.action) for each in await all_buttons(services, engine)}
    past = [each for each in earlier if (each.kind, each.action) not in present]
    assert {each.kind for each in past} >= {MessageKind.ROTATION_READY, MessageKind.INSTALL}
    for button in past:
        rows = await recorded(engine)
        refused, opened = await pressed(services, button)
        # Reported a second time, the installation is as it was reported first.
        repeats = button.action == action_ids.INSTALLED and after in ("installed", "being removed")
        still_offered = button.action in (action_ids.FILES, action_ids.TEST) and after == "installed"
        assert refused is not None or repeats or still_offered, button
        assert opened == []
        assert still_offered or await recorded(engine) == rows, button


# --- the weekly review -------------------------------------------------------------------------------


async def test_the_buttons_of_a_review_of_what_has_ended_change_nothing(
    store: PostgresStore, engine: AsyncEngine, services: Services
) -> None:
    request = await standing(GrantState.IN_FORCE)(store, services)
    listed = {"request": request, "reason": Refusal.POLICY_DENIES, "values": {"rule": "x", "app": "billing"}}
    params = {"at": NOW.isoformat(), "part": "1", "parts": "1", "grants": json.dumps([listed])}
    async with store.transaction() as tx:
        await tx.outbox.add(
            MessageKind.ENTITLEMENTS,
            to="C0APPROVALS",
            key="review",
            params=params,
            about=[listed_request(request)],
        )
        await tx.commit()
    earlier = [each for each in await all_buttons(services, engine) if each.kind is MessageKind.ENTITLEMENTS]
    assert {each.action for each in earlier} == {action_ids.KEEP, action_ids.REVIEW_END}
    await OVER(store, services, request)
    (review,) = [each for each in await told(engine) if each.kind is MessageKind.ENTITLEMENTS]
    assert list(buttons_of(review, await shown(services, review))) == []
    assert review.version > 1
    line = state_line(await services.queries.request(request), t=EN, policy=APP)
    for button in earlier:
        rows = await recorded(engine)
        refused, _ = await pressed(services, button)
        assert isinstance(refused, RefusedForState)
        assert refused.line == line
        assert await recorded(engine) == rows
