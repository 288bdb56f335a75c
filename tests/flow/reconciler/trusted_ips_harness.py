"""A keeper's passes over a space's list one by one: the real keeper, a real Postgres, an emulated Heroku."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.drift import Drift
from bot.domain.grant import Grant, ReasonCode, closing
from bot.domain.method import Method
from bot.domain.observation import ruleset_observation
from bot.domain.operation import Operation
from bot.domain.operation import begin as begin_operation
from bot.domain.request import Kind, Request, RequestState
from bot.domain.schedule import OPERATION_DEADLINE
from bot.domain.target import Space
from bot.heroku.client import HerokuClient
from bot.ports import AuditContext, Transaction
from bot.reconciler.controller import Controller
from bot.reconciler.trusted_ips.reconciler import TrustedIpsReconciler
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import OFFICE, SPACE
from storage.transaction import PostgresStore
from tests.unit import factories
from tests.unit.factories import POLICY, SetClock
from tests.unit.storage import store_helpers

MINE = "203.0.113.4/32"


class RangePasses:
    """Hands and eyes on a keeper that makes a pass when it is told to."""

    def __init__(
        self, *, store: PostgresStore, engine: AsyncEngine, heroku: HerokuEmulator, client: HerokuClient
    ) -> None:
        self.store = store
        self.heroku = heroku
        self.clock = SetClock()
        ranges = TrustedIpsReconciler(store=store, heroku=client, policy=POLICY, clock=self.clock)
        self.reconciler = Controller(store=store, methods={Method.TRUSTED: ranges})
        self._client = client
        self._engine = engine
        self.space = Space(id=uuid4(), name=SPACE, region="virginia", shield=False)

    async def begin(self) -> None:
        """Finds the space, looks at it, and knows the engineer."""
        (self.space,) = await self._client.spaces()
        await self.do(lambda tx: tx.targets.save_discovery([], [self.space]))
        await self.do(lambda tx: tx.slack_users.save([factories.person()]))
        await self.run()

    # --- the keeper ------------------------------------------------------------------------------

    async def look(self, times: int = 1) -> None:
        """Passes over the space, due or not, with time enough since the last write."""
        for _ in range(times):
            await self.query("UPDATE data_service_access SET written_at = written_at - interval '1 second'")
            await self.do(lambda tx: tx.reconcile_queue.request_refresh(self.space.id))
            await self.run()

    async def run(self) -> None:
        """One pass over what is due."""
        taken = await self.reconciler.claim()
        assert taken is not None
        await self.reconciler.work(taken)

    async def due(self) -> timedelta:
        """How long until the next pass."""
        due = await self.reconciler.next_due()
        assert due is not None
        return due

    # --- people and time -------------------------------------------------------------------------

    async def approved(self, source: str = MINE, *, owner: str = "U0ENGINEER") -> Grant:
        """A grant for 8 hours that was just approved; Heroku's support has nothing to do with it."""
        return await store_helpers.approve(self.store, await self._asked(source, Kind.OPEN, owner))

    async def in_force(self, source: str = MINE) -> Grant:
        """A grant that was opened and read back."""
        grant = await self.approved(source)
        await self.look(2)
        assert await self.state(grant) == "in_force"
        return grant

    async def end(self, grant: Grant) -> None:
        """Its owner is done with it."""

        async def close(tx: Transaction) -> None:
            now = await tx.grants.lock(grant.id)
            assert await tx.grants.update(now, closing(now, ReasonCode.DONE), doing=self._doing(grant.owner))
            await tx.reconcile_queue.bump_generation(grant.target, grant.method)

        await self.do(close)

    async def change(self, kind: Kind, source: str) -> Operation:
        """A change that was just approved."""
        request = await self._asked(source, kind, "U0ENGINEER")
        operation = begin_operation(request, id=uuid4(), now=self.clock.now())

        async def start(tx: Transaction) -> None:
            doing = self._doing("U0LEAD")
            await tx.requests.decide(request, RequestState.APPROVED, doing=doing)
            await tx.operations.start(operation, within=OPERATION_DEADLINE, doing=doing)
            await tx.reconcile_queue.bump_generation(self.space.id, Method.TRUSTED)

        await self.do(start)
        return operation

    async def fifteen_seconds(self) -> None:
        """The last write is so long ago."""
        await self.query("UPDATE data_service_access SET written_at = written_at - interval '15 seconds'")

    async def minute(self) -> None:
        """What waits for Heroku has waited for 81 seconds."""
        await self.query(
            "UPDATE data_service_access SET ambiguous_until = ambiguous_until - interval '81 seconds'"
        )

    # --- Heroku ----------------------------------------------------------------------------------

    def sources(self) -> list[str]:
        """The list, as Heroku has it."""
        return [rule.source for rule in self.heroku.ruleset(SPACE).rules]

    def external_changes(self, *sources: str) -> None:
        """Somebody else writes the list whole."""
        self.heroku.put_ruleset_externally(SPACE, sources, now=datetime.now(UTC))

    def calls(self, method: str) -> int:
        """How many calls of a kind reached the list."""
        return sum(
            entry.method == method and entry.path.endswith("inbound-ruleset")
            for entry in self.heroku.request_log
        )

    # --- the store -------------------------------------------------------------------------------

    async def do(self, step: Callable[[Transaction], Awaitable[object]]) -> None:
        async with self.store.transaction() as tx:
            await step(tx)
            await tx.commit()

    async def query(self, sql: str, **params: object) -> list[tuple[object, ...]]:
        return await store_helpers.query(self._engine, sql, **params)

    async def state(self, grant: Grant) -> str:
        return str(
            await store_helpers.value(self._engine, "SELECT state FROM grants WHERE id = :id", id=grant.id)
        )

    async def why(self, grant: Grant) -> str:
        return str(
            await store_helpers.value(
                self._engine, "SELECT reason_code FROM grants WHERE id = :id", id=grant.id
            )
        )

    async def made(self, operation: Operation) -> str:
        """The state of a change."""
        return str(
            await store_helpers.value(
                self._engine, "SELECT state FROM operations WHERE id = :id", id=operation.id
            )
        )

    async def told(self, to: str = POLICY.operations_channel) -> list[str]:
        """The kinds of what somebody is told, oldest first; operations unless said."""
        rows = await self.query("SELECT kind FROM outbox WHERE recipient = :to ORDER BY id", to=to)
        return [str(row[0]) for row in rows]

    async def drift(self) -> Drift:
        """What the last look has found."""
        async with self.store.transaction() as tx:
            observation = ruleset_observation(
                await tx.reconcile_queue.observation(self.space.id, Method.TRUSTED)
            )
        assert observation is not None
        return observation.drift

    async def _asked(self, source: str, kind: Kind, owner: str) -> Request:
        asked = factories.request(kind=kind)
        subject = IPv4Network(source)
        terms = replace(asked.terms, method=Method.TRUSTED, target=self.space.id, subject=subject)
        return await store_helpers.record(self.store, replace(asked, terms=terms), requester=owner)

    def _doing(self, actor: str) -> AuditContext:
        return AuditContext(actor=actor, at=self.clock.now())


__all__ = ["MINE", "OFFICE", "RangePasses"]
