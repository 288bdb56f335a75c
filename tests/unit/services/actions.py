"""What people do in the tests of the services, and what is read afterwards."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain import grant as grants
from bot.domain.grant import Grant, GrantState, ReasonCode
from bot.domain.method import Method
from bot.domain.person import Person
from bot.domain.policy.rules import Policy
from bot.domain.request import Verdict
from bot.errors import Refused
from bot.ports import RequestDetails
from bot.services import RequestInput, Services, Vote, open_services
from storage.tables import metadata, outbox, slack_groups, slack_users
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NOW, SetClock
from tests.unit.storage import store_helpers

ENGINEER, COLLEAGUE, LEAD, LEAD2 = "U0ENGINEER", "U0COLLEAGUE", "U0LEAD", "U0LEAD2"
GROUP_LEAD, ADMIN, GROUP_ADMIN = "U0GROUPLEAD", "U0ADMIN", "U0GROUPADMIN"
EVERYBODY: Final = (ENGINEER, COLLEAGUE, LEAD, LEAD2, GROUP_LEAD, ADMIN, GROUP_ADMIN)
LEADS, ADMINS = "S0LEADS", "S0ADMINS"

APP: Final = replace(
    factories.ruled(approvers=frozenset({LEAD, LEAD2, LEADS}), extend_alone=timedelta(hours=2), approvals=1),
    admins=frozenset({ADMIN, ADMINS}),
)
"""Two leads and a group approve, a person and a group are admins, and owners extend by 2 h alone."""

REQUEST_INPUT: Final = RequestInput(
    address="203.0.113.4", target="billing", duration="8h", reason="quarterly migration"
)
HOUR: Final = timedelta(hours=1)
MAX_AGE: Final = timedelta(minutes=10)
"""How long the cache of Slack users and groups is believed."""

_KEYS = itertools.count(1)


def key() -> str:
    """Returns a new idempotency key."""
    return f"key:{next(_KEYS)}"


def under(policy: Policy, store: PostgresStore, clock: SetClock) -> Services:
    return open_services(store=store, policy=policy, clock=clock)


def ruled(**changed: Any) -> Policy:
    """Returns ``APP`` with its one rule changed."""
    (rule,) = APP.rules
    return replace(APP, rules=(replace(rule, **changed),))


async def know(store: PostgresStore, *people: Person) -> None:
    async with store.transaction() as tx:
        await tx.slack_users.save(people)
        await tx.commit()


async def know_everybody(store: PostgresStore) -> None:
    await know(store, *(factories.person(id) for id in EVERYBODY))
    async with store.transaction() as tx:
        await tx.slack_users.save_group(LEADS, [GROUP_LEAD])
        await tx.slack_users.save_group(ADMINS, [GROUP_ADMIN])
        await tx.commit()


# --- what people do --------------------------------------------------------------------------------


async def ask(
    services: Services, request_input: RequestInput = REQUEST_INPUT, *, person: str = ENGINEER
) -> RequestDetails:
    return await services.access_requests.submit(Method.MTLS, request_input, person=person, key=key())


def approval(details: RequestDetails, *, changes: RequestInput | None = None) -> Vote:
    """Returns an approval of the terms that these details show."""
    return Vote(verdict=Verdict.APPROVE, version=details.request.version, changes=changes)


def denial(details: RequestDetails, reason: str = "") -> Vote:
    return Vote(verdict=Verdict.DENY, version=details.request.version, reason=reason)


async def approve(
    services: Services, details: RequestDetails, *, person: str = LEAD, changes: RequestInput | None = None
) -> RequestDetails:
    return await services.approvals.decide(
        details.request.id, approval(details, changes=changes), person=person, key=key()
    )


async def deny(
    services: Services, details: RequestDetails, *, person: str = LEAD, reason: str = ""
) -> RequestDetails:
    return await services.approvals.decide(
        details.request.id, denial(details, reason), person=person, key=key()
    )


# --- what the reconciler makes of a grant ------------------------------------------------------------


def _read_back(grant: Grant) -> Grant:
    return grants.verified(grant, now=NOW, warn_before=APP.warn_before)


def _interrupted(grant: Grant) -> Grant:
    return grants.closed(grant, GrantState.INTERRUPTED, now=NOW, reason_code=ReasonCode.CLOSED_ELSEWHERE)


def _closing(grant: Grant) -> Grant:
    return grants.closing(grant, ReasonCode.DONE)


def _ended(grant: Grant) -> Grant:
    return grants.closed(grant, GrantState.ENDED, now=NOW, reason_code=None)


def _failed(grant: Grant) -> Grant:
    return grants.closed(grant, GrantState.FAILED, now=NOW, reason_code=ReasonCode.REFUSED, detail="no room")


_WAYS: Final[dict[GrantState, tuple[Callable[[Grant], Grant], ...]]] = {
    GrantState.WAITING: (grants.waiting,),
    GrantState.APPLYING: (),
    GrantState.IN_FORCE: (_read_back,),
    GrantState.INTERRUPTED: (_read_back, _interrupted),
    GrantState.ENDING: (_read_back, _closing),
    GrantState.ENDED: (_read_back, _closing, _ended),
    GrantState.FAILED: (_failed,),
}
"""The transitions that lead from an approval to each state."""


async def bring(store: PostgresStore, details: RequestDetails, state: GrantState) -> Grant:
    """Moves the grant of a request that was just approved to a state."""
    grant = details.grant
    assert grant is not None
    for step in _WAYS[state]:
        after = step(grant)
        assert await store_helpers.change(store, grant, after)
        grant = after
    return grant


async def opened(
    store: PostgresStore,
    services: Services,
    state: GrantState = GrantState.IN_FORCE,
    *,
    request_input: RequestInput = REQUEST_INPUT,
    person: str = ENGINEER,
) -> Grant:
    """Opens a grant: submits, approves, and moves it to a state."""
    approver = LEAD2 if person == LEAD else LEAD
    approved = await approve(services, await ask(services, request_input, person=person), person=approver)
    return await bring(store, approved, state)


# --- what is read afterwards -------------------------------------------------------------------------


async def get(store: PostgresStore, id: UUID) -> Grant:
    async with store.transaction() as tx:
        return await tx.grants.lock(id)


async def snapshot(engine: AsyncEngine) -> list[tuple[str, str]]:
    """Returns every row of every table."""
    parts = (
        f"SELECT '{table.name}', coalesce(string_agg(t::text, '|' ORDER BY t::text), '') FROM {table.name} t"
        for table in metadata.sorted_tables
    )
    rows = await store_helpers.query(engine, " UNION ALL ".join(parts))
    # Postgres may read the tables at once, and then returns them in any order.
    return sorted((table, content) for table, content in rows)


async def refusal(engine: AsyncEngine, doing: Awaitable[object]) -> Refused:
    """Returns the refusal of a call; asserts that it left no trace in the store."""
    before = await snapshot(engine)
    with pytest.raises(Refused) as caught:
        await doing
    assert await snapshot(engine) == before
    return caught.value


async def outbox_messages(engine: AsyncEngine) -> list[tuple[str, str]]:
    """Returns kind and recipient of every outbox message, in the order of recording."""
    found = await database.outbox_messages(engine)
    return [(kind, to) for kind, to in found]


async def transitions(engine: AsyncEngine, *, after: int = 0) -> list[tuple[str, str, str, str]]:
    """Returns actor, subject, state before and after of every audit line, without the first few."""
    lines = await database.audit_lines(engine)
    return [(actor, subject, before, state) for actor, subject, before, state in lines][after:]


async def card_versions(engine: AsyncEngine, **where: Any) -> list[int]:
    """Returns the versions of cards: 1 for a new one, and 1 more for each update."""
    return await database.values(engine, outbox, "version", kind="card.%", **where)


async def outdate_users(engine: AsyncEngine, **which: str) -> None:
    """Makes what is cached of Slack users too old to be believed."""
    await database.make_older(engine, slack_users, "fetched_at", by=MAX_AGE, **which)


async def outdate_groups(engine: AsyncEngine) -> None:
    """Makes what is cached of user groups too old to be believed."""
    await database.make_older(engine, slack_groups, "fetched_at", by=MAX_AGE)
