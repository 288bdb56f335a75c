"""A keeper's passes over PrivateLink one by one: the real keeper, a real Postgres, an emulated Heroku."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.drift import Drift
from bot.domain.grant import Grant, ReasonCode, closing
from bot.domain.method import Method
from bot.domain.observation import privatelink_observation
from bot.domain.operation import Operation
from bot.domain.operation import begin as begin_operation
from bot.domain.privatelink.aws_account import parse_accounts
from bot.domain.request import Kind, Request, RequestState
from bot.domain.schedule import OPERATION_DEADLINE
from bot.domain.subject import Subject, Whole
from bot.heroku.client import HerokuClient
from bot.ports import AuditContext, Transaction
from bot.reconciler.controller import Controller
from bot.reconciler.privatelink.reconciler import PrivateLinkReconciler
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import DATABASE
from storage.transaction import PostgresStore
from tests.unit import factories
from tests.unit.factories import POLICY, SetClock
from tests.unit.storage import store_helpers

ACCOUNT, OTHER = "123456789012", "210987654321"


class PrivateLinkPasses:
    """Hands and eyes on a keeper that makes a pass when it is told to."""

    def __init__(
        self, *, store: PostgresStore, engine: AsyncEngine, heroku: HerokuEmulator, client: HerokuClient
    ) -> None:
        self.store = store
        self.heroku = heroku
        self.client = client
        self.clock = SetClock()
        links = PrivateLinkReconciler(store=store, heroku=client, policy=POLICY, clock=self.clock)
        self.reconciler = Controller(store=store, methods={Method.PRIVATELINK: links})
        self._engine = engine
        self.database = factories.database()

    async def begin(self) -> None:
        """Finds the databases, looks at each, and knows the engineer."""
        found = await self.client.databases()
        await store_helpers.discover(self.store, *found, method=Method.PRIVATELINK)
        self.database = next(database for database in found if database.name == DATABASE)
        async with self.store.transaction() as tx:
            await tx.slack_users.save([factories.person()])
            await tx.commit()
        for _ in found:
            await self.run()

    # --- the keeper ------------------------------------------------------------------------------

    async def look(self, times: int = 1) -> None:
        """Passes over the app ``billing``'s database, due or not."""
        for _ in range(times):
            await self.do(lambda tx: tx.reconcile_queue.request_refresh(self.database.id))
            await self.run()

    async def run(self) -> None:
        """One pass over what is due."""
        run = await self.reconciler.claim()
        assert run is not None
        await self.reconciler.work(run)

    # --- people and time -------------------------------------------------------------------------

    async def approved(self, accounts: str = ACCOUNT, *, owner: str = "U0ENGINEER") -> Grant:
        """A grant for 8 hours that was just approved."""
        return await store_helpers.approve(
            self.store, await self._asked(parse_accounts(accounts), Kind.OPEN, owner)
        )

    async def in_force(self, accounts: str = ACCOUNT) -> Grant:
        """A grant that was opened and read back."""
        grant = await self.approved(accounts)
        await self.look(3)
        assert await self.state(grant) == "in_force"
        return grant

    async def end(self, grant: Grant) -> None:
        """Its owner is done with it."""

        async def close(tx: Transaction) -> None:
            now = await tx.grants.lock(grant.id)
            assert await tx.grants.update(now, closing(now, ReasonCode.DONE), doing=self._doing(grant.owner))
            await tx.reconcile_queue.bump_generation(grant.target, grant.method)

        await self.do(close)

    async def change(self, kind: Kind, subject: Subject | None = None) -> Operation:
        """A change that was just approved."""
        request = await self._asked(subject or Whole(), kind, "U0ENGINEER")
        operation = begin_operation(request, id=uuid4(), now=self.clock.now())

        async def start(tx: Transaction) -> None:
            doing = self._doing("U0LEAD")
            await tx.requests.decide(request, RequestState.APPROVED, doing=doing)
            await tx.operations.start(operation, within=OPERATION_DEADLINE, doing=doing)
            await tx.reconcile_queue.bump_generation(self.database.id, Method.PRIVATELINK)

        await self.do(start)
        return operation

    async def minute(self) -> None:
        """What waits for Heroku has waited for 81 seconds."""
        passed = "interval '81 seconds'"
        await self.query(
            f"UPDATE privatelink_accounts SET ambiguous_until = ambiguous_until - {passed}, "
            f"removal_requested_at = removal_requested_at - {passed}"
        )
        await self.query(
            "UPDATE operations SET progress = jsonb_set(progress, '{asked_at}', "
            f"to_jsonb((progress->>'asked_at')::timestamptz - {passed})) WHERE progress ? 'asked_at'"
        )

    async def hour(self) -> None:
        """An hour has gone by since the app's config vars were read."""
        await self.query(
            "UPDATE reconcile_queue SET observation = jsonb_set(observation, '{vars_read_at}', "
            "to_jsonb((observation->>'vars_read_at')::timestamptz - interval '1 hour')) "
            "WHERE look->>'vars_read_at' IS NOT NULL"
        )

    async def deadline(self) -> None:
        """The time for opening and for changes is over."""
        for table in ("grants", "operations"):
            await self.query(f"UPDATE {table} SET deadline_at = now()")

    # --- Heroku ----------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def accounts(self) -> list[str]:
        """The numbers of the accounts that Heroku lets in."""
        link = self.heroku.privatelink(DATABASE, now=self.now)
        return [] if link is None else [arn.split(":")[4] for arn in link.accounts]

    def status(self) -> str | None:
        link = self.heroku.privatelink(DATABASE, now=self.now)
        return None if link is None else link.status(self.now)

    def calls(self, pattern: str) -> list[str]:
        """Calls for PrivateLink that reached Heroku, as ``METHOD /path``."""
        made = [f"{entry.method} {entry.path}" for entry in self.heroku.request_log]
        return [call for call in made if call.startswith(pattern) and "private-link" in call]

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

    async def made(self, operation: Operation) -> tuple[object, ...]:
        """The state of a change, and why."""
        (row,) = await self.query("SELECT state, reason_code FROM operations WHERE id = :id", id=operation.id)
        return row

    async def told(self, to: str) -> list[str]:
        """The kinds of what somebody is told, oldest first."""
        rows = await self.query("SELECT kind FROM outbox WHERE recipient = :to ORDER BY id", to=to)
        return [str(row[0]) for row in rows]

    async def drift(self) -> Drift:
        """What the last look has found."""
        async with self.store.transaction() as tx:
            observation = privatelink_observation(
                await tx.reconcile_queue.observation(self.database.id, Method.PRIVATELINK)
            )
        assert observation is not None
        return observation.drift

    async def due(self) -> timedelta:
        """How long until the next pass."""
        due = await self.reconciler.next_due()
        assert due is not None
        return due

    async def _asked(self, subject: Subject, kind: Kind, owner: str) -> Request:
        asked = factories.request(kind=kind)
        terms = replace(asked.terms, method=Method.PRIVATELINK, target=self.database.id, subject=subject)
        return await store_helpers.record(self.store, replace(asked, terms=terms), requester=owner)

    def _doing(self, actor: str) -> AuditContext:
        return AuditContext(actor=actor, at=self.clock.now())
