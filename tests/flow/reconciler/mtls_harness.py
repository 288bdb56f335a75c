"""A keeper's passes one by one: the real keeper between a real Postgres and an emulated Heroku."""

import asyncio
import contextlib
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.drift import Drift
from bot.domain.grant import Grant, ReasonCode, closing
from bot.domain.method import Method
from bot.domain.mtls import unmanaged_rules
from bot.domain.observation import mtls_observation
from bot.domain.operation import Operation
from bot.domain.operation import begin as begin_operation
from bot.domain.request import Kind, RequestState
from bot.domain.schedule import OPERATION_DEADLINE
from bot.domain.subject import Whole
from bot.heroku.client import HerokuClient
from bot.ports import AuditContext, ConnectionTest
from bot.reconciler.controller import ClaimedJob, Controller
from bot.reconciler.mtls.reconciler import MtlsReconciler
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import DATABASE
from sandbox.heroku.model.resources import Database as EmulatedDatabase
from sandbox.heroku.model.resources import Endpoint, KeptRule
from storage.transaction import PostgresStore
from tests.unit import factories
from tests.unit.factories import NETWORK, POLICY, SetClock
from tests.unit.storage import store_helpers


class Passes:
    """Hands and eyes on a keeper that makes a pass when it is told to."""

    def __init__(
        self,
        *,
        store: PostgresStore,
        engine: AsyncEngine,
        heroku: HerokuEmulator,
        client: HerokuClient,
        probe: ConnectionTest | None = None,
    ) -> None:
        self.store = store
        self.heroku = heroku
        self.clock = SetClock()
        rules = MtlsReconciler(store=store, heroku=client, policy=POLICY, clock=self.clock, probe=probe)
        self.reconciler = Controller(store=store, methods={Method.MTLS: rules})
        self.client = client
        self._engine = engine
        self.database = factories.database()

    async def begin(self) -> None:
        """Finds the databases, looks at each, and knows the engineer."""
        found = await self.client.databases()
        await store_helpers.discover(self.store, *found)
        self.database = next(database for database in found if database.name == DATABASE)
        async with self.store.transaction() as tx:
            await tx.slack_users.save([factories.person()])
            await tx.commit()
        for _ in found:
            await self.run()

    # --- the keeper ------------------------------------------------------------------------------

    async def look(self) -> None:
        """One pass over the app ``billing``'s database, due or not."""
        async with self.store.transaction() as tx:
            await tx.reconcile_queue.request_refresh(self.database.id)
            await tx.commit()
        await self.run()

    async def claim(self) -> ClaimedJob:
        """Takes the app ``billing``'s database, due or not, and does nothing yet."""
        async with self.store.transaction() as tx:
            await tx.reconcile_queue.request_refresh(self.database.id)
            await tx.commit()
        run = await self.reconciler.claim()
        assert run is not None
        return run

    async def somebody_waits(self) -> None:
        """Waits until a transaction waits for another one."""
        deadline = time.monotonic() + 15
        while True:
            found = await self.query(
                "SELECT 1 FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if found:
                return
            assert time.monotonic() < deadline, "nobody waits"
            await asyncio.sleep(0.01)

    async def run(self, *, takes: timedelta = timedelta()) -> None:
        """One pass over what is due, in which so much business time goes by."""
        run = await self.reconciler.claim()
        assert run is not None
        self.clock.present += takes
        await self.reconciler.work(run)

    async def due(self) -> timedelta:
        """How long until the next pass."""
        due = await self.reconciler.next_due()
        assert due is not None
        return due

    # --- people and time -------------------------------------------------------------------------

    async def approved(self, network: IPv4Network = NETWORK, *, owner: str = "U0ENGINEER") -> Grant:
        """A grant for 8 hours that was just approved."""
        asked = factories.request(network=network)
        asked = replace(asked, terms=replace(asked.terms, target=self.database.id))
        async with self.store.transaction() as tx:
            wanted = store_helpers.wanted(asked, requester=owner)
            request = await tx.requests.add(wanted, doing=AuditContext(actor=owner, at=self.clock.now()))
            await tx.commit()
        return await store_helpers.approve(self.store, request)

    async def in_force(self, network: IPv4Network = NETWORK) -> Grant:
        """A grant that was opened and read back."""
        grant = await self.approved(network)
        await self.look()
        await self.look()
        assert await self.state(grant) == "in_force"
        return grant

    async def end(self, grant: Grant) -> None:
        """Its owner is done with it."""
        async with self.store.transaction() as tx:
            now = await tx.grants.lock(grant.id)
            doing = AuditContext(actor=grant.owner, at=self.clock.now())
            assert await tx.grants.update(now, closing(now, ReasonCode.DONE), doing=doing)
            await tx.reconcile_queue.bump_generation(grant.target, grant.method)
            await tx.commit()

    async def change(self, kind: Kind, subject: IPv4Network | Whole) -> Operation:
        """A change that was just approved, about the database or the rules that the last look shows."""
        asked = factories.request(kind=kind)
        asked = replace(asked, terms=replace(asked.terms, target=self.database.id, subject=subject))
        request = await store_helpers.record(self.store, asked, requester="U0ENGINEER")
        doing = AuditContext(actor="U0LEAD", at=self.clock.now())
        async with self.store.transaction() as tx:
            observation = mtls_observation(
                await tx.reconcile_queue.observation(self.database.id, Method.MTLS)
            )
            begun = begin_operation(request, id=uuid4(), now=self.clock.now())
            rules = () if isinstance(subject, Whole) else unmanaged_rules.meant(kind, observation, subject)
            operation = unmanaged_rules.aimed(begun, rules)
            await tx.requests.decide(request, RequestState.APPROVED, doing=doing)
            await tx.operations.start(operation, within=OPERATION_DEADLINE, doing=doing)
            await tx.reconcile_queue.bump_generation(self.database.id, Method.MTLS)
            await tx.commit()
        return operation

    async def made(self, operation: Operation) -> tuple[Any, ...]:
        """The state of a change, and why."""
        (row,) = await self.query("SELECT state, reason_code FROM operations WHERE id = :id", id=operation.id)
        return row

    async def hears(self, to: str = POLICY.operations_channel) -> list[str]:
        """The kinds of what somebody is told, oldest first; operations unless said."""
        rows = await self.query("SELECT kind FROM outbox WHERE recipient = :to ORDER BY id", to=to)
        return [row[0] for row in rows]

    async def drift(self) -> Drift:
        """What the last look has found."""
        async with self.store.transaction() as tx:
            observation = mtls_observation(
                await tx.reconcile_queue.observation(self.database.id, Method.MTLS)
            )
        assert observation is not None
        return observation.drift

    async def minute(self) -> None:
        """A minute goes by for what waits for Heroku."""
        await self.query(
            "UPDATE mtls_rules SET removal_requested_at = removal_requested_at - interval '61 seconds'"
        )
        await self.query(
            "UPDATE mtls_rule_intents SET ambiguous_until = ambiguous_until - interval '81 seconds'"
        )
        await self.query(
            "UPDATE operations SET progress = jsonb_set(progress, '{asked_at}', "
            "to_jsonb((progress->>'asked_at')::timestamptz - interval '61 seconds')) "
            "WHERE progress ? 'asked_at'"
        )

    async def swap_names(self) -> None:
        """What the store knows of two names has been the other way round since the last discovery."""
        await self.query("UPDATE targets t SET name = other.name FROM targets other WHERE other.id <> t.id")

    # --- Heroku ----------------------------------------------------------------------------------

    def emulated(self, name: str = DATABASE) -> EmulatedDatabase:
        return self.heroku._account.addon(name)

    def endpoint(self, name: str = DATABASE) -> Endpoint:
        endpoint = self.emulated(name).endpoint
        assert endpoint is not None
        return endpoint

    def ours(self, name: str = DATABASE) -> list[str]:
        """Networks of our rules at Heroku."""
        rules = self.endpoint(name).rules.values()
        return [rule.cidr for rule in rules if rule.description.startswith("pgaccess/")]

    def rule_externally(self, network: IPv4Network, description: str = "") -> None:
        """Somebody else makes a rule."""
        self.heroku.add_rule_externally(DATABASE, str(network), description, now=datetime.now(UTC))

    def removed_externally(self, network: IPv4Network) -> None:
        """Somebody else removes every rule of a network."""
        for id, rule in list(self.endpoint().rules.items()):
            if rule.cidr == str(network):
                self.heroku.delete_rule_externally(DATABASE, id, now=datetime.now(UTC))

    def networks(self) -> list[str]:
        """Every rule's network at Heroku."""
        return [rule.cidr for rule in self.endpoint().rules.values()]

    def odd_rule(self, cidr: str, description: str) -> None:
        """A rule that somebody made by ways that are not known."""
        long_ago = datetime(2026, 1, 1, tzinfo=UTC)
        odd = KeptRule(
            id=uuid4(), cidr=cidr, description=description, created_at=long_ago, authorized_at=long_ago
        )
        self.endpoint().rules[odd.id] = odd

    @contextlib.contextmanager
    def stale(self) -> Iterator[None]:
        """Heroku's list lacks our rules, which let everybody in all the same."""
        rules = self.endpoint().rules
        hidden = {id: rule for id, rule in rules.items() if rule.description.startswith("pgaccess/")}
        for id in hidden:
            del rules[id]
        yield
        rules.update(hidden)

    def calls(self, pattern: str = "") -> list[str]:
        """Calls that reached Heroku, as ``METHOD /path``."""
        made = [f"{entry.method} {entry.path}" for entry in self.heroku.request_log]
        return [call for call in made if re.search(pattern, call)]

    # --- the store -------------------------------------------------------------------------------

    async def query(self, sql: str, **params: object) -> list[tuple[Any, ...]]:
        return await store_helpers.query(self._engine, sql, **params)

    async def state(self, grant: Grant | UUID) -> str:
        id = grant if isinstance(grant, UUID) else grant.id
        ((state,),) = await self.query("SELECT state FROM grants WHERE id = :id", id=id)
        return str(state)

    async def why(self, grant: Grant) -> str:
        ((why,),) = await self.query("SELECT reason_code FROM grants WHERE id = :id", id=grant.id)
        return str(why)

    async def operations(self) -> list[tuple[str, dict[str, str]]]:
        """What operations is told, oldest first: kinds, and what they say."""
        told = "SELECT kind, params FROM outbox WHERE recipient = :channel ORDER BY id"
        return [(row[0], row[1]) for row in await self.query(told, channel=POLICY.operations_channel)]
