"""``show`` is the audit trail in words: every step in its order, with who and why, and nothing guessed."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from bot.domain import grant as grants
from bot.domain.grant import Grant, GrantState, ReasonCode
from bot.errors import Refusal, Refused
from bot.i18n.translator import Translator
from bot.ports import AuditLine, Message, RequestDetails
from bot.services import RequestInput, Services
from bot.services.withdrawals import withdraw
from bot.views import notifications
from bot.views.history import SHOWN, history
from bot.views.requests import request_card
from storage.transaction import PostgresStore
from tests.unit import factories
from tests.unit.factories import NOW
from tests.unit.services import actions
from tests.unit.services.actions import APP, ENGINEER, LEAD
from tests.unit.storage import store_helpers
from tests.unit.views import samples

EN: Final = Translator("en")
THREE: Final = RequestInput(address="203.0.113.4", target="billing", duration="3h", reason="migration")
HOUR_ONLY: Final = RequestInput(duration="1h")

_DATE: Final = re.compile(r"<!date\^\d+\^[^|>]*\|([^>]*)>")


async def shown(services: Services, request: int, t: Translator = EN) -> list[str]:
    """The lines of a history, each without its moment at the beginning."""
    details, lines = await services.queries.history(request, person=ENGINEER)
    text = "\n".join(block["text"]["text"] for block in history(details, lines, t))
    plain = _DATE.sub(r"\1", text)
    return [line.partition("UTC  ")[2] for line in plain.split("\n")[1:]]


def interrupted(grant: Grant) -> Grant:
    return grants.closed(grant, GrantState.INTERRUPTED, now=NOW, reason_code=ReasonCode.CLOSED_ELSEWHERE)


def verified(grant: Grant) -> Grant:
    return grants.verified(grant, now=NOW, warn_before=APP.warn_before)


def failed(grant: Grant) -> Grant:
    reason, detail = ReasonCode.REFUSED, "no room."
    return grants.closed(grant, GrantState.FAILED, now=NOW, reason_code=reason, detail=detail)


def ended(grant: Grant) -> Grant:
    return grants.closed(grant, GrantState.ENDED, now=NOW, reason_code=None)


async def move(store: PostgresStore, request: int, *steps: Callable[[Grant], Grant]) -> None:
    """What reconcile runs make of a request's grant."""
    for step in steps:
        async with store.transaction() as tx:
            grant = await tx.grants.of_request(request)
            await tx.commit()
        assert grant is not None
        assert await store_helpers.change(store, grant, step(grant))


async def narrowed(services: Services, *, reason: str = "") -> RequestDetails:
    """Access for three hours, of which one is approved."""
    asked = await actions.ask(services, THREE)
    vote = replace(actions.approval(asked, changes=HOUR_ONLY), reason=reason)
    return await services.approvals.decide(asked.request.id, vote, person=LEAD, key=actions.key())


async def test_a_long_story_is_told_in_its_order(store: PostgresStore, services: Services) -> None:
    request = (await narrowed(services)).request.id
    await move(store, request, failed)
    await services.grants.retry(request, person=ENGINEER, key=actions.key())
    await move(store, request, verified)
    await services.extensions.extend(request, HOUR_ONLY, person=ENGINEER, key=actions.key())
    more = await services.extensions.extend(
        request, RequestInput(duration="3h"), person=ENGINEER, key=actions.key()
    )
    await actions.approve(services, more)
    await move(store, request, interrupted)
    asked = await services.reopenings.reopen(request, person=ENGINEER, key=actions.key())
    assert asked.reopening is not None
    await actions.approve(services, replace(asked, request=asked.reopening))
    await move(store, request, verified)
    await services.grants.revoke(request, person=LEAD, key=actions.key())
    await move(store, request, ended)
    reopening = asked.reopening.id
    assert await shown(services, request) == [
        f"<@{ENGINEER}> requested: 203.0.113.4/32, 3h",
        f"<@{LEAD}> approved with changes: 1h instead of 3h",
        "failed, access was not opened: Heroku rejected it: no room",
        f"<@{ENGINEER}> tried it again",
        "in force, verified at Heroku; ends 2026-11-24 10:00 UTC",
        f"<@{ENGINEER}> extended it until 2026-11-24 11:00 UTC",
        f"<@{ENGINEER}> asked for 3h more (#{more.request.id})",
        f"<@{LEAD}> approved #{more.request.id}",
        f"<@{LEAD}> extended it until 2026-11-24 14:00 UTC",
        "removed at Heroku outside pgaccess",
        f"<@{ENGINEER}> asked to open it again (#{reopening})",
        f"<@{LEAD}> approved #{reopening}",
        f"<@{LEAD}> had it opened again",
        "in force, verified at Heroku; ends 2026-11-24 14:00 UTC",
        f"<@{LEAD}> had it closed: revoked by an approver",
        "ended, verified at Heroku",
    ]


Story = Callable[[PostgresStore, Services], Awaitable[int]]


async def denied(_store: PostgresStore, services: Services) -> int:
    return (await actions.deny(services, await actions.ask(services), reason="use staging")).request.id


async def cancelled(_store: PostgresStore, services: Services) -> int:
    request = (await actions.ask(services)).request.id
    await services.access_requests.cancel(request, person=ENGINEER, key=actions.key())
    return request


async def withdrawn(store: PostgresStore, services: Services) -> int:
    asked = await actions.ask(services)
    refused = Refused(Refusal.POLICY_DENIES, app="billing", rule="production")
    async with store.transaction() as tx:
        await withdraw(tx, asked, refused, doing=store_helpers.BY_LEAD)
        await tx.commit()
    return asked.request.id


async def changed_range(_store: PostgresStore, services: Services) -> int:
    wide = replace(THREE, address="203.0.113.0/28")
    asked = await actions.ask(services, wide)
    narrower = RequestInput(address="203.0.113.4", duration="1h")
    return (await actions.approve(services, asked, changes=narrower)).request.id


async def with_a_reason(_store: PostgresStore, services: Services) -> int:
    return (await narrowed(services, reason="an hour will do")).request.id


async def two_votes(store: PostgresStore, services: Services) -> int:
    double = actions.under(actions.ruled(approvals=2), store, factories.SetClock())
    asked = await actions.ask(double)
    await actions.approve(double, asked)
    await actions.approve(double, asked, person=actions.LEAD2)
    return asked.request.id


async def abandoned(store: PostgresStore, services: Services) -> int:
    request = (await actions.opened(store, services, GrantState.FAILED)).request
    await services.grants.abandon(request, person=ENGINEER, key=actions.key())
    return request


async def done(store: PostgresStore, services: Services) -> int:
    request = (await actions.opened(store, services)).request
    await services.grants.end(request, person=ENGINEER, key=actions.key())
    return request


async def refused_extension(store: PostgresStore, services: Services) -> int:
    request = (await actions.opened(store, services)).request
    more = await services.extensions.extend(
        request, RequestInput(duration="3h"), person=ENGINEER, key=actions.key()
    )
    await actions.deny(services, more, reason="enough")
    return request


ENDS: Final[dict[str, tuple[Story, str]]] = {
    "denied": (denied, f"<@{LEAD}> denied: “use staging”"),
    "cancelled": (cancelled, f"<@{ENGINEER}> withdrew the request"),
    "withdrawn": (withdrawn, "withdrawn by pgaccess: the policy rule “production” denies it"),
    "a narrower range": (
        changed_range,
        f"<@{LEAD}> approved with changes: 203.0.113.4/32, 1h instead of 203.0.113.0/28, 3h",
    ),
    "a reason": (with_a_reason, f"<@{LEAD}> approved with changes: 1h instead of 3h: “an hour will do”"),
    "two votes": (two_votes, f"<@{actions.LEAD2}> approved"),
    "abandoned": (abandoned, f"<@{ENGINEER}> abandoned it"),
    "ended by its owner": (done, f"<@{ENGINEER}> had it closed: ended by the requester"),
}


@pytest.mark.parametrize("name", ENDS)
async def test_a_history_ends_with_who_did_what_and_why(
    store: PostgresStore, services: Services, name: str
) -> None:
    story, last = ENDS[name]
    assert (await shown(services, await story(store, services)))[-1] == last


async def test_each_vote_and_each_refused_extension_has_its_line(
    store: PostgresStore, services: Services
) -> None:
    lines = await shown(services, await two_votes(store, services))
    assert lines[1:] == [f"<@{LEAD}> approved", f"<@{actions.LEAD2}> approved"]
    request = await refused_extension(store, services)
    more = request + 1
    assert (await shown(services, request))[-1] == f"<@{LEAD}> denied #{more}: “enough”"


async def test_a_line_that_was_written_before_it_said_more_is_told_without_it(
    store: PostgresStore, services: Services
) -> None:
    asked = await actions.ask(services)
    told = [
        AuditLine(
            request=asked.request.id,
            at=NOW,
            actor=actor,
            subject=subject,
            before=before,
            after=after,
            details={},
        )
        for actor, subject, before, after in (
            (ENGINEER, "request", "", "pending"),
            (LEAD, "request", "pending", "approved"),
            ("pgaccess", "grant", "applying", "in_force"),
            (LEAD, "grant", "in_force", "ending"),
            ("pgaccess", "grant", "ending", "ended"),
            (LEAD, "something new", "", "done"),
        )
    ]
    text = samples.content(history_message(asked, told))
    for part in (
        "requested",
        "approved",
        "in force, verified at Heroku",
        f"<@{LEAD}> had it closed",
        "ended, verified at Heroku",
        "something new, – → done",
    ):
        assert part in text


def history_message(details: RequestDetails, lines: list[AuditLine]) -> Message:
    blocks = history(details, lines, EN)
    return Message(text="history", blocks=blocks)


async def test_a_very_long_history_keeps_both_its_ends(services: Services) -> None:
    asked = await actions.ask(services)
    lines = [
        AuditLine(
            request=asked.request.id,
            at=NOW + timedelta(minutes=number),
            actor="pgaccess",
            subject="grant",
            before="in_force",
            after="in_force",
            details={"ends": (NOW + timedelta(days=number)).isoformat()},
        )
        for number in range(1000)
    ]
    message = history_message(asked, lines)
    samples.require_valid(message)
    assert f"and {1000 - SHOWN} more" in samples.content(message)


@samples.IN_BOTH_LANGUAGES
async def test_the_requester_is_told_what_an_approver_changed(services: Services, language: str) -> None:
    t = Translator(language)
    details = await narrowed(services, reason="an hour will do")
    for message in (
        notifications.decided(details, t),
        request_card.requester_card(details, t=t, policy=APP),
    ):
        text = samples.content(message)
        assert t.duration(timedelta(hours=1)) in text
        assert t.duration(timedelta(hours=3)) in text
        assert "an hour will do" in text


async def test_of_two_changes_the_first_one_has_what_was_asked_for(
    store: PostgresStore, services: Services
) -> None:
    double = actions.under(actions.ruled(approvals=2), store, factories.SetClock())
    asked = await actions.ask(double, THREE)
    shorter = await actions.approve(double, asked, changes=RequestInput(duration="2h"))
    approved = await actions.approve(double, shorter, person=actions.LEAD2, changes=HOUR_ONLY)
    text = samples.content(notifications.decided(approved, EN))
    assert "1h instead of the 3h you asked for" in text


async def test_what_was_approved_as_it_was_asked_is_not_said_to_be_changed(services: Services) -> None:
    approved = await actions.approve(services, await actions.ask(services, THREE))
    assert "instead of" not in samples.content(notifications.decided(approved, EN))
    assert request_card.narrowing(approved, EN) == []
