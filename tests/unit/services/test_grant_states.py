"""Every verb on a grant, by every person, in every state."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import GrantState, ReasonCode
from bot.domain.person import Person
from bot.domain.request import RequestState
from bot.errors import Refusal, Refused
from bot.ports import RequestDetails
from bot.services import RequestInput, Services
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.services import actions
from tests.unit.services.actions import ADMIN, COLLEAGUE, ENGINEER, GROUP_ADMIN, GROUP_LEAD, LEAD

Verb = Callable[[Services, int, dict[str, str]], Awaitable[RequestDetails]]

VERBS: Final[dict[str, Verb]] = {
    "end": lambda services, id, who: services.grants.end(id, **who),
    "revoke": lambda services, id, who: services.grants.revoke(id, **who),
    "retry": lambda services, id, who: services.grants.retry(id, **who),
    "abandon": lambda services, id, who: services.grants.abandon(id, **who),
    "extend": lambda services, id, who: services.extensions.extend(id, RequestInput(duration="1h"), **who),
}

ACTORS: Final = {"revoke": LEAD}
"""Who acts in tests of states; the owner unless listed."""

STATES: Final = {
    "retry": GrantState.FAILED,
    "abandon": GrantState.FAILED,
}
"""The state of the grant in tests of persons; in force unless listed."""

APPLYING, IN_FORCE, INTERRUPTED = GrantState.APPLYING, GrantState.IN_FORCE, GrantState.INTERRUPTED
ENDING, ENDED, FAILED = GrantState.ENDING, GrantState.ENDED, GrantState.FAILED
WAITING: Final = GrantState.WAITING

TRANSITIONS: Final[dict[str, dict[GrantState, tuple[GrantState, ReasonCode | None] | Refusal]]] = {
    "end": {
        WAITING: (ENDING, ReasonCode.DONE),
        APPLYING: (ENDING, ReasonCode.DONE),
        IN_FORCE: (ENDING, ReasonCode.DONE),
        INTERRUPTED: (ENDING, ReasonCode.DONE),
        ENDING: Refusal.GRANT_OVER,
        ENDED: Refusal.GRANT_OVER,
        FAILED: Refusal.GRANT_OVER,
    },
    "revoke": {
        WAITING: (ENDING, ReasonCode.REVOKED),
        APPLYING: (ENDING, ReasonCode.REVOKED),
        IN_FORCE: (ENDING, ReasonCode.REVOKED),
        INTERRUPTED: (ENDING, ReasonCode.REVOKED),
        ENDING: Refusal.GRANT_OVER,
        ENDED: Refusal.GRANT_OVER,
        FAILED: Refusal.GRANT_OVER,
    },
    "retry": {FAILED: (APPLYING, None)},
    "abandon": {FAILED: (ENDED, ReasonCode.GIVEN_UP)},
    "extend": {
        WAITING: Refusal.GRANT_NOT_OPEN,
        APPLYING: (APPLYING, None),
        IN_FORCE: (IN_FORCE, None),
        INTERRUPTED: Refusal.GRANT_NOT_OPEN,
        ENDING: Refusal.GRANT_CLOSING,
        ENDED: Refusal.GRANT_CLOSING,
        FAILED: Refusal.GRANT_NOT_OPEN,
    },
}
"""The state after a verb, by verb and state before."""

OTHERWISE: Final = {
    "retry": Refusal.GRANT_NOT_FAILED,
    "abandon": Refusal.GRANT_NOT_FAILED,
}
"""The refusal in every state that the table leaves out."""

PERMISSIONS: Final[dict[str, dict[str, Refusal | None]]] = {
    "end": dict.fromkeys((COLLEAGUE, LEAD, GROUP_LEAD, ADMIN, GROUP_ADMIN), Refusal.NOT_YOURS)
    | {ENGINEER: None},
    "revoke": {
        ENGINEER: Refusal.APPROVER_NOT,
        COLLEAGUE: Refusal.APPROVER_NOT,
        **dict.fromkeys((LEAD, GROUP_LEAD, ADMIN, GROUP_ADMIN)),
    },
    **dict.fromkeys(
        ("retry", "abandon"),
        dict.fromkeys((ENGINEER, LEAD, GROUP_LEAD))
        | dict.fromkeys((COLLEAGUE, ADMIN, GROUP_ADMIN), Refusal.NOT_YOURS),
    ),
    "extend": dict.fromkeys((COLLEAGUE, LEAD, GROUP_LEAD, ADMIN, GROUP_ADMIN), Refusal.NOT_YOURS)
    | {ENGINEER: None},
}
"""The refusal by verb and person; None where the verb is allowed."""


def do(
    services: Services, verb: str, request: int, person: str, *, key: str = ""
) -> Awaitable[RequestDetails]:
    return VERBS[verb](services, request, {"person": person, "key": key or actions.key()})


@pytest.mark.parametrize("state", GrantState)
@pytest.mark.parametrize("verb", VERBS)
async def test_a_verb_works_in_its_states_and_is_refused_in_all_others(
    store: PostgresStore, services: Services, engine: AsyncEngine, verb: str, state: GrantState
) -> None:
    grant = await actions.opened(store, services, state)
    generation, lines = await database.generation(engine), len(await actions.transitions(engine))
    versions = await actions.card_versions(engine)
    doing = do(services, verb, grant.request, ACTORS.get(verb, ENGINEER))
    expected = TRANSITIONS[verb].get(state) or OTHERWISE[verb]
    if isinstance(expected, Refusal):
        assert (await actions.refusal(engine, doing)).reason is expected
        return
    details = await doing
    assert details.grant is not None
    assert (details.grant.state, details.grant.reason_code) == expected
    line = (ACTORS.get(verb, ENGINEER), "grant", state, expected[0])
    assert await actions.transitions(engine, after=lines) == [line]
    wakes_reconciler = expected[0] in (GrantState.ENDING, GrantState.APPLYING) and verb != "extend"
    assert await database.generation(engine) == generation + wakes_reconciler
    assert await actions.card_versions(engine) == [version + 1 for version in versions]


@pytest.mark.parametrize(
    ("verb", "person"), [(verb, person) for verb in PERMISSIONS for person in PERMISSIONS[verb]]
)
async def test_a_verb_is_allowed_to_some_and_refused_to_everybody_else(
    store: PostgresStore, services: Services, engine: AsyncEngine, verb: str, person: str
) -> None:
    grant = await actions.opened(store, services, STATES.get(verb, GrantState.IN_FORCE))
    doing, reason = do(services, verb, grant.request, person), PERMISSIONS[verb][person]
    if reason is None:
        assert (await doing).request.id == grant.request
    else:
        assert (await actions.refusal(engine, doing)).reason is reason


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("gone", "reason"),
    [
        (factories.person(deactivated=True), Refusal.PERSON_INACTIVE),
        (factories.person(guest=True), Refusal.PERSON_OUTSIDE),
    ],
)
async def test_former_members_cannot_act(
    store: PostgresStore,
    services: Services,
    engine: AsyncEngine,
    verb: str,
    gone: Person,
    reason: Refusal,
) -> None:
    grant = await actions.opened(store, services, STATES.get(verb, GrantState.IN_FORCE))
    person = ACTORS.get(verb, ENGINEER)
    await actions.know(store, replace(gone, id=person))
    assert (await actions.refusal(engine, do(services, verb, grant.request, person))).reason is reason


@pytest.mark.parametrize("verb", VERBS)
async def test_for_an_unknown_person_every_verb_requests_a_lookup(
    store: PostgresStore, services: Services, engine: AsyncEngine, verb: str
) -> None:
    grant = await actions.opened(store, services, STATES.get(verb, GrantState.IN_FORCE))
    with pytest.raises(Refused) as caught:
        await do(services, verb, grant.request, "U0NEW")
    assert caught.value.reason is Refusal.PERSON_UNKNOWN
    async with store.transaction() as tx:
        assert await tx.slack_users.requested_lookups() == ("U0NEW",)
        assert await tx.grants.of_request(grant.request) == grant


@pytest.mark.parametrize("verb", VERBS)
async def test_every_verb_is_refused_where_no_grant_was_opened(
    services: Services, engine: AsyncEngine, verb: str
) -> None:
    pending = await actions.ask(services)
    person = ACTORS.get(verb, ENGINEER)
    found = await actions.refusal(engine, do(services, verb, pending.request.id, person))
    assert (found.reason, found.params) == (Refusal.GRANT_NOT_OPEN, {"id": pending.request.id})
    found = await actions.refusal(engine, do(services, verb, 4711, person))
    assert (found.reason, found.params) == (Refusal.REQUEST_UNKNOWN, {"id": 4711})


@pytest.mark.parametrize("verb", ["retry"])
async def test_a_grant_past_its_end_is_not_retried(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: factories.SetClock, verb: str
) -> None:
    grant = await actions.opened(store, services, STATES[verb])
    assert grant.ends_at is not None
    clock.present = grant.ends_at
    found = await actions.refusal(engine, do(services, verb, grant.request, ENGINEER))
    assert found.reason is Refusal.GRANT_OVER


@pytest.mark.parametrize("verb", ["retry"])
async def test_a_retried_grant_keeps_its_end_and_loses_its_error(
    store: PostgresStore, services: Services, verb: str
) -> None:
    grant = await actions.opened(store, services, STATES[verb])
    await do(services, verb, grant.request, ENGINEER)
    again = await actions.get(store, grant.id)
    expected = replace(grant, state=APPLYING, reason_code=None, detail="", closed_at=None, warn_at=None)
    assert again == expected


@pytest.mark.parametrize("person", [LEAD, ADMIN])
async def test_where_a_rule_is_gone_the_one_that_matches_now_says_who_may_revoke(
    store: PostgresStore, services: Services, clock: factories.SetClock, person: str
) -> None:
    grant = await actions.opened(store, services)
    changed = actions.under(actions.ruled(name="another"), store, clock)
    details = await do(changed, "revoke", grant.request, person)
    assert details.grant is not None
    assert details.grant.state is GrantState.ENDING


@pytest.mark.parametrize("verb", VERBS)
async def test_the_same_click_twice_acts_once(
    store: PostgresStore, services: Services, engine: AsyncEngine, verb: str
) -> None:
    grant = await actions.opened(store, services, STATES.get(verb, GrantState.IN_FORCE))
    person = ACTORS.get(verb, ENGINEER)
    first = await do(services, verb, grant.request, person, key="click:1")
    before = await actions.snapshot(engine)
    assert await do(services, verb, grant.request, person, key="click:1") == first
    assert await actions.snapshot(engine) == before


# --- cancel: the verb about a pending request ------------------------------------------------------


async def test_a_requester_cancels_their_request(services: Services, engine: AsyncEngine) -> None:
    asked = await actions.ask(services)
    details = await services.access_requests.cancel(asked.request.id, person=ENGINEER, key=actions.key())
    assert details.request.state is RequestState.CANCELLED
    line = (ENGINEER, "request", "pending", "cancelled")
    assert await actions.transitions(engine, after=1) == [line]
    assert await actions.card_versions(engine) == [2, 2]


@pytest.mark.parametrize("person", [COLLEAGUE, LEAD, GROUP_LEAD, ADMIN, GROUP_ADMIN])
async def test_nobody_else_cancels_a_request(services: Services, engine: AsyncEngine, person: str) -> None:
    asked = await actions.ask(services)
    doing = services.access_requests.cancel(asked.request.id, person=person, key=actions.key())
    assert (await actions.refusal(engine, doing)).reason is Refusal.NOT_YOURS


async def test_a_decided_request_cannot_be_cancelled(services: Services, engine: AsyncEngine) -> None:
    approved, denied, cancelled = [await actions.ask(services) for _ in range(3)]
    await actions.approve(services, approved)
    await actions.deny(services, denied)
    await services.access_requests.cancel(cancelled.request.id, person=ENGINEER, key=actions.key())
    for details, reason, person in (
        (approved, Refusal.REQUEST_DECIDED, LEAD),
        (denied, Refusal.REQUEST_DECIDED, LEAD),
        (cancelled, Refusal.REQUEST_CLOSED, None),
    ):
        doing = services.access_requests.cancel(details.request.id, person=ENGINEER, key=actions.key())
        found = await actions.refusal(engine, doing)
        assert (found.reason, found.params.get("person")) == (reason, person)


async def test_an_unknown_request_cannot_be_cancelled(services: Services, engine: AsyncEngine) -> None:
    doing = services.access_requests.cancel(4711, person=ENGINEER, key=actions.key())
    assert (await actions.refusal(engine, doing)).reason is Refusal.REQUEST_UNKNOWN
