"""Requests in every state, and checks that Slack accepts a message or a view."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from ipaddress import IPv4Network
from typing import Any, Final

import pytest
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.domain.grant import Grant, GrantState, ReasonCode
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.request import Decision, Kind, Request, RequestState, Verdict
from bot.ports import Message, RequestDetails
from sandbox.slack.validation.blocks import serialised, validate_message, validate_response, validate_view
from tests.unit import factories
from tests.unit.factories import NOW

LONG: Final = "<&>" * 2000
"""What a person could paste as a reason, every character of it to be escaped."""

MANY: Final = ("S0GROUP01", "S0GROUP02", "W0ENTERPRISE", *(f"U0APPROVER{n:02}" for n in range(27)))
CROWDED: Final = replace(
    factories.ruled(approvers=frozenset(MANY), approvals=len(MANY)), admins=frozenset(MANY)
)
"""Thirty approvers, all of whom have to agree."""

POLICIES: Final = (
    factories.ruled(approvers=frozenset({"U0LEAD"})),
    CROWDED,
    replace(factories.ruled(name="another"), admins=frozenset(MANY)),
)
"""One approver, thirty, and a policy that has the rule no more."""

KEPT: Final = 10_000
"""Blocks that are known to be valid: the same ones are in the messages of many requests."""

IN_BOTH_LANGUAGES: Final = pytest.mark.parametrize("language", ["en", "ja"])

AGREED: Final = tuple(factories.vote(person=person) for person in MANY[:29])
"""Votes of all but one of thirty."""

REASONS: Final = {"short": "migration", "none": "", "long": LONG}
OBSERVATIONS: Final[dict[str, MtlsObservation | None]] = {
    "unseen": None,
    "empty": factories.look(),
    "covered": factories.look(factories.rule("203.0.113.0/24")),
    "unmanaged": factories.look(factories.rule("203.0.113.4/32")),
    "ours": factories.look(
        factories.rule("203.0.113.4/32"), ours=frozenset({factories.rule("203.0.113.4/32").id})
    ),
}


def request(kind: Kind = Kind.OPEN, state: RequestState = RequestState.PENDING, **more: Any) -> Request:
    """A request with the longest number that a serial ever reaches here."""
    return replace(factories.request(kind=kind, state=state, needed=30, **more), id=4_294_967_295)


def details(
    asked: Request,
    *votes: Decision,
    granted: Grant | None = None,
    seen: MtlsObservation | None = None,
    closes: tuple[int, ...] = (),
) -> RequestDetails:
    """A request about a database whose every name is as long as Heroku allows."""
    made = factories.case(asked=asked, votes=votes, granted=granted, seen=seen, closes=closes)
    long = replace(made.database, app="b" * 30, name="postgresql-" + "c" * 64, space="s" * 30)
    return replace(made, target=long)


def _pending(kind: Kind, reason: str) -> Iterator[tuple[str, RequestDetails]]:
    asked = request(kind, reason=reason)
    granted = factories.grant() if kind in (Kind.EXTEND, Kind.REOPEN) else None
    closes = tuple(range(4_294_967_000, 4_294_967_100)) if kind is Kind.REMOVE else ()
    for seen, observation in OBSERVATIONS.items():
        yield f"pending, {seen}", details(asked, granted=granted, seen=observation, closes=closes)
    yield "pending, voted", details(asked, *AGREED, granted=granted, closes=closes)


def _settled(kind: Kind, reason: str) -> Iterator[tuple[str, RequestDetails]]:
    granted = factories.grant() if kind in (Kind.EXTEND, Kind.REOPEN) else None
    deny = factories.vote(Verdict.DENY, reason, person=MANY[29])
    yield "denied", details(request(kind, RequestState.DENIED, reason=reason), *AGREED, deny, granted=granted)
    for state in (RequestState.CANCELLED, RequestState.LAPSED):
        yield state, details(request(kind, state, reason=reason), *AGREED, granted=granted)
    approved, votes = request(kind, RequestState.APPROVED, reason=reason), (*AGREED, factories.vote())
    if kind is Kind.REMOVE:
        yield "approved", details(approved, *votes)
        return
    for stands in GrantState:
        granted = factories.grant(stands, reason_code=ReasonCode.REFUSED, detail=LONG)
        yield f"approved, {stands}", details(approved, *votes, granted=granted)


def _lengths() -> Iterator[tuple[str, RequestDetails]]:
    """The terms that differ from a single address for some hours."""
    wide = request(network=IPv4Network("203.0.113.0/24"), until=NOW + timedelta(hours=9))
    yield "open, wide until", details(wide)
    yield "open, endless pending", details(request(endless=True))
    approved = request(state=RequestState.APPROVED, endless=True)
    yield "open, endless approved", details(approved, factories.vote(), granted=factories.grant(endless=True))


def _all() -> Iterator[tuple[str, RequestDetails]]:
    for kind in Kind:
        for length, reason in REASONS.items():
            for name, made in (*_pending(kind, reason), *_settled(kind, reason)):
                yield f"{kind}, {name}, {length} reason", made
    yield from _lengths()


CASES: Final[dict[str, RequestDetails]] = dict(_all())
"""Every state of every kind of request, with a short, an endless and no reason."""


def granted(
    state: GrantState, *, reason_code: ReasonCode = ReasonCode.EXPIRED, endless: bool = False
) -> RequestDetails:
    """An approved request whose grant is in a state."""
    approved = factories.request(state=RequestState.APPROVED, endless=endless)
    grant = factories.grant(state, reason_code=reason_code, endless=endless)
    return factories.case(asked=approved, votes=(factories.vote(),), granted=grant)


@lru_cache(KEPT)
def require_modelled(block: str) -> None:
    """Fails unless Slack's own models take a block, as JSON."""
    parsed = Block.parse(json.loads(block))
    assert parsed is not None
    parsed.validate_json()


def require_valid(message: Message, *, answers: bool = False) -> None:
    """Fails unless Slack takes a message: by what the emulated Slack refuses, and by Slack's own models.

    Args:
        answers: it answers a command or a click, where all blocks together may be longer.
    """
    shown = list(message.blocks)
    problems = (
        validate_response({"text": message.text, "blocks": shown})
        if answers
        else (validate_message(shown, message.text))
    )
    assert problems == []
    assert message.text
    for block in shown:
        require_modelled(serialised(block))


def require_valid_view(view: dict[str, Any]) -> None:
    assert validate_view(view) == []
    View(**view).validate_json()


def content(message: Message) -> str:
    """All that a message says, as Slack would send it."""
    return serialised(list(message.blocks))


def actions(blocks: list[dict[str, Any]]) -> list[str]:
    """The buttons in some blocks, by the names they come back under."""
    rows = [block["elements"] for block in blocks if block["type"] == "actions"]
    return [button["action_id"] for row in rows for button in row]
