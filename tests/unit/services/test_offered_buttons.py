"""Buttons on cards: every one that is shown works, and every one that would work is shown."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import pytest

from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.domain.request import Kind, RequestState, Verdict
from bot.errors import Refused
from bot.i18n.translator import Translator
from bot.ports import RequestDetails
from bot.services import RequestInput, Services, Vote
from bot.views import action_ids, buttons
from storage.transaction import PostgresStore
from tests.unit.services import actions
from tests.unit.services.actions import COLLEAGUE, ENGINEER, LEAD, REQUEST_INPUT
from tests.unit.storage import store_helpers
from tests.unit.views import samples

EN = Translator("en")

PRESSED: Final[dict[str, Callable[[Services, int, dict[str, str]], Awaitable[object]]]] = {
    action_ids.APPROVE: lambda services, id, who: services.approvals.decide(
        id, _vote(Verdict.APPROVE), **who
    ),
    action_ids.DENY: lambda services, id, who: services.approvals.decide(id, _vote(Verdict.DENY), **who),
    action_ids.CHANGE: lambda services, id, who: services.approvals.decide(
        id, _vote(Verdict.APPROVE, "1h"), **who
    ),
    action_ids.CANCEL: lambda services, id, who: services.access_requests.cancel(id, **who),
    action_ids.DONE: lambda services, id, who: services.grants.end(id, **who),
    action_ids.EXTEND: lambda services, id, who: services.extensions.extend(
        id, RequestInput(duration="1h"), **who
    ),
    action_ids.REVOKE: lambda services, id, who: services.grants.revoke(id, **who),
    action_ids.RESTORE: lambda services, id, who: services.reopenings.reopen(id, **who),
    action_ids.RETRY: lambda services, id, who: services.grants.retry(id, **who),
    action_ids.GIVE_UP: lambda services, id, who: services.grants.abandon(id, **who),
    action_ids.AGAIN: lambda services, id, who: services.repetitions.of_request(id, person=who["person"]),
}
"""The call behind each button that changes something, or opens a form with what a request had."""

State = GrantState | RequestState

UNOFFERED: Final[dict[tuple[str, State], set[str]]] = {
    (LEAD, GrantState.ENDED): {action_ids.AGAIN},
    (LEAD, RequestState.DENIED): {action_ids.AGAIN},
    (LEAD, RequestState.CANCELLED): {action_ids.AGAIN},
    (LEAD, RequestState.LAPSED): {action_ids.AGAIN},
    (ENGINEER, GrantState.APPLYING): {action_ids.EXTEND},
    (LEAD, GrantState.FAILED): {action_ids.RETRY, action_ids.GIVE_UP},
}
"""Calls without a button on the card: a typed command, or a button on a notification, or one of "show"."""

STATES: Final[tuple[State, ...]] = (
    *GrantState,
    *(RequestState.PENDING, RequestState.DENIED, RequestState.CANCELLED, RequestState.LAPSED),
)


def _vote(verdict: Verdict, shorter: str | None = None) -> Vote:
    return Vote(
        verdict=verdict, version=1, changes=None if shorter is None else RequestInput(duration=shorter)
    )


async def stand(store: PostgresStore, services: Services, state: State) -> RequestDetails:
    """Submits a request and moves it to a state."""
    if isinstance(state, GrantState):
        return await services.queries.request((await actions.opened(store, services, state)).request)
    asked = await actions.ask(services)
    match state:
        case RequestState.DENIED:
            return await actions.deny(services, asked)
        case RequestState.CANCELLED:
            return await services.access_requests.cancel(asked.request.id, person=ENGINEER, key=actions.key())
        case RequestState.LAPSED:
            async with store.transaction() as tx:
                doing = store_helpers.BY_LEAD
                await tx.requests.decide(asked.request, RequestState.LAPSED, doing=doing)
                await tx.commit()
    return await services.queries.request(asked.request.id)


async def accepted(services: Services, action: str, details: RequestDetails, person: str) -> bool:
    try:
        await PRESSED[action](services, details.request.id, {"person": person, "key": actions.key()})
    except Refused:
        return False
    return True


def offered(details: RequestDetails, person: str) -> Sequence[str]:
    """Returns the buttons on a person's copy of the card."""
    made = buttons.for_owner(details, EN) if person == ENGINEER else buttons.for_approvers(details, EN)
    return samples.actions(made)


@pytest.mark.parametrize("person", [ENGINEER, LEAD])
@pytest.mark.parametrize("state", STATES)
async def test_a_card_offers_exactly_the_buttons_that_would_be_accepted(
    store: PostgresStore, services: Services, state: State, person: str
) -> None:
    details = await stand(store, services, state)
    found, taken = offered(details, person), set()
    assert len(set(found)) == len(found)
    for action in PRESSED:
        # What is refused leaves no trace, so the next button can be tried on the same request.
        if await accepted(services, action, details, person):
            taken.add(action)
            details = await stand(store, services, state)
    unoffered = UNOFFERED.get((person, state), set())
    assert set(found) - {action_ids.DETAILS} == taken - unoffered
    assert unoffered <= taken


async def test_a_pending_extension_or_removal_offers_a_decision_and_cancel_only(
    store: PostgresStore, services: Services
) -> None:
    grant = await actions.opened(store, services)
    await actions.opened(store, services, person=COLLEAGUE)
    more = await services.extensions.extend(
        grant.request, RequestInput(duration="3h"), person=ENGINEER, key=actions.key()
    )
    removal = await services.access_requests.remove(
        Method.MTLS, REQUEST_INPUT, person=ENGINEER, key=actions.key()
    )
    assert (more.request.kind, removal.details.request.kind) == (Kind.EXTEND, Kind.REMOVE)
    for details in (more, removal.details):
        assert offered(details, LEAD) == [action_ids.APPROVE, action_ids.DENY, action_ids.DETAILS]
        assert offered(details, ENGINEER) == [action_ids.CANCEL]
    for details in (await actions.approve(services, more), await actions.approve(services, removal.details)):
        assert offered(details, LEAD) == offered(details, ENGINEER) == []
