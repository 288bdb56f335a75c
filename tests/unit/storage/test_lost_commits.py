"""Commits whose answer is lost: the use cases find out by their key what became of them."""

import contextlib
from collections.abc import AsyncIterator
from typing import Final

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.method import Method
from bot.domain.request import RequestState, Verdict
from bot.errors import StoreUnavailableError
from bot.services import RequestInput, Services, Vote, open_services
from storage.transaction import PostgresStore, PostgresTransaction
from tests.unit import factories
from tests.unit.factories import POLICY, SetClock
from tests.unit.storage import store_helpers

REQUEST_INPUT: Final = RequestInput(address="203.0.113.4", duration="8h", reason="quarterly migration")
APPROVAL: Final = Vote(verdict=Verdict.APPROVE, version=1)


class Unanswered:
    """A real unit of work whose commit is never answered: it was carried out, or it was not."""

    def __init__(self, inner: PostgresTransaction, *, carried_out: bool) -> None:
        self._inner = inner
        self._carried_out = carried_out
        self.idempotency_keys = inner.idempotency_keys
        self.slack_users = inner.slack_users
        self.targets = inner.targets
        self.reconcile_queue = inner.reconcile_queue
        self.operations = inner.operations
        self.mtls_rules = inner.mtls_rules
        self.requests = inner.requests
        self.reviews = inner.reviews
        self.departures = inner.departures
        self.access_reviews = inner.access_reviews
        self.retention = inner.retention
        self.grants = inner.grants
        self.closings = inner.closings
        self.installations = inner.installations
        self.lost_channels = inner.lost_channels
        self.outages = inner.outages
        self.outbox = inner.outbox
        self.periodic_tasks = inner.periodic_tasks
        self.policy_states = inner.policy_states
        self.privatelink_accounts = inner.privatelink_accounts
        self.certificates = inner.certificates
        self.expiry_reminders = inner.expiry_reminders
        self.trusted_ranges = inner.trusted_ranges
        self.unmanaged_entries = inner.unmanaged_entries
        self.access_history = inner.access_history
        self.download_links = inner.download_links
        self.address_checks = inner.address_checks
        self.audit = inner.audit

    async def commit(self) -> None:
        """Loses the connection right before or right after Postgres has done it."""
        if self._carried_out:
            await self._inner.commit()
        raise StoreUnavailableError("the connection to Postgres was lost")


class FarStore:
    """The real store behind a line that breaks at every commit."""

    def __init__(self, store: PostgresStore, *, carried_out: bool) -> None:
        self._store = store
        self._carried_out = carried_out

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Unanswered]:
        """Begins a unit of work."""
        async with self._store.transaction() as tx:
            yield Unanswered(tx, carried_out=self._carried_out)


@pytest.fixture(autouse=True)
async def _known(store: PostgresStore) -> None:
    await store_helpers.discover(store)
    async with store.transaction() as tx:
        await tx.slack_users.save([factories.person(), factories.person("U0LEAD")])
        await tx.commit()


def far(store: PostgresStore, *, carried_out: bool) -> Services:
    return open_services(store=FarStore(store, carried_out=carried_out), policy=POLICY, clock=SetClock())


async def test_a_request_that_was_recorded_is_found_by_its_key(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    case = await far(store, carried_out=True).access_requests.submit(
        Method.MTLS, REQUEST_INPUT, person="U0ENGINEER", key="command:1"
    )
    assert case.request.state is RequestState.PENDING
    assert (await store_helpers.counts(engine))["requests"] == 1


async def test_a_decision_that_was_recorded_is_found_by_its_key(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    asked = await store_helpers.ask(store)
    services = far(store, carried_out=True)
    case = await services.approvals.decide(asked.id, APPROVAL, person="U0LEAD", key="click:1")
    assert case.request.state is RequestState.APPROVED
    assert case.grant is not None
    assert (await store_helpers.counts(engine))["decisions"] == 1


async def test_it_is_only_said_that_nothing_was_recorded_when_nothing_was(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    before = await store_helpers.counts(engine)
    with pytest.raises(StoreUnavailableError, match="nothing was recorded"):
        await far(store, carried_out=False).access_requests.submit(
            Method.MTLS, REQUEST_INPUT, person="U0ENGINEER", key="command:1"
        )
    assert await store_helpers.counts(engine) == before


async def test_a_decision_that_was_not_recorded_leaves_the_request_pending(store: PostgresStore) -> None:
    asked = await store_helpers.ask(store)
    services = far(store, carried_out=False)
    with pytest.raises(StoreUnavailableError, match="nothing was recorded"):
        await services.approvals.decide(asked.id, APPROVAL, person="U0LEAD", key="click:1")
    async with store.transaction() as tx:
        assert await tx.requests.lock(asked.id) == asked


async def test_the_same_command_goes_through_when_the_line_is_back(store: PostgresStore) -> None:
    with pytest.raises(StoreUnavailableError):
        await far(store, carried_out=False).access_requests.submit(
            Method.MTLS, REQUEST_INPUT, person="U0ENGINEER", key="command:1"
        )
    near = open_services(store=store, policy=POLICY, clock=SetClock())
    case = await near.access_requests.submit(Method.MTLS, REQUEST_INPUT, person="U0ENGINEER", key="command:1")
    assert case.request.state is RequestState.PENDING


async def test_a_stranger_is_asked_to_try_again_when_the_note_to_look_them_up_is_lost(
    store: PostgresStore,
) -> None:
    with pytest.raises(StoreUnavailableError):
        await far(store, carried_out=False).access_requests.submit(
            Method.MTLS, REQUEST_INPUT, person="U0NEW", key="command:1"
        )
