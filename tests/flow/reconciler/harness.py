"""Reconcile runs one by one: the real controller between a real Postgres and an emulated Heroku.

``Harness`` is the same for every access method; ``MtlsHarness``, ``PrivateLinkHarness`` and
``TrustedIpsHarness`` beside it add what their tests do at Heroku and what they wait for.
"""

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from typing import ClassVar
from uuid import UUID, uuid4

import httpx
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.drift import Drift
from bot.domain.grant import Grant, ReasonCode, closing
from bot.domain.method import Method
from bot.domain.observation import Observation
from bot.domain.operation import Operation
from bot.domain.operation import begin as begin_operation
from bot.domain.request import Kind, Request, RequestState
from bot.domain.schedule import OPERATION_DEADLINE
from bot.domain.subject import Subject, Whole
from bot.domain.target import Target
from bot.heroku.client import HerokuClient
from bot.ports import AuditContext, Transaction
from bot.ports.findings import FIRST, TARGET
from bot.reconciler.adapter import AnyAdapter
from bot.reconciler.controller import ClaimedJob, Controller
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.server import app as heroku_server
from storage.tables import grants, operations, reconcile_queue
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import POLICY, SetClock
from tests.unit.storage import store_helpers

TOKEN = "HRKU-emulated"
OPERATIONS = POLICY.operations_channel


@contextlib.asynccontextmanager
async def heroku_client(
    heroku: HerokuEmulator, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[HerokuClient]:
    """A client of an emulated Heroku, without a network between them.

    Args:
        heroku: the emulator.
        transport: what carries the calls instead.
    """
    carried = transport or httpx.ASGITransport(heroku_server(heroku))
    base = "http://heroku.test"
    client = HerokuClient(token=TOKEN, platform_url=base, data_url=base, transport=carried)
    yield client
    await client.close()


class Harness:
    """Makes the reconcile runs of one access method, one at a time.

    Attributes:
        method: which one.
        subject: what grants are about unless a test says otherwise.
        runs_to_open: how many runs open a grant and read it back.
        target: the database or space that the tests are about; known once ``begin`` is through.
    """

    method: ClassVar[Method]
    subject: ClassVar[str] = "203.0.113.4/32"
    runs_to_open: ClassVar[int] = 2

    def __init__(
        self, *, store: PostgresStore, engine: AsyncEngine, heroku: HerokuEmulator, client: HerokuClient
    ) -> None:
        self.store = store
        self.engine = engine
        self.heroku = heroku
        self.client = client
        self.clock = SetClock()
        self.target: Target = factories.database()
        self.controller = Controller(
            store=store, policy=POLICY, clock=self.clock, adapters={self.method: self._adapter()}
        )

    def _adapter(self) -> AnyAdapter:
        """The adapter under test."""
        raise NotImplementedError

    async def _discover(self) -> int:
        """Finds the targets, picks the one that the tests are about, and returns how many there are."""
        raise NotImplementedError

    def _parse(self, subject: str) -> Subject:
        """What a grant of this method is about, from its text."""
        return IPv4Network(subject)

    async def _let_pass(self) -> None:
        """Whatever has to go by before the next run, such as a pause between two writes."""

    def _operation(self, request: Request, observation: Observation | None) -> Operation:
        """The operation that an approved request brings about."""
        return begin_operation(request, id=uuid4(), now=self.clock.now())

    async def begin(self) -> None:
        """Finds the targets, observes each, and knows the engineer."""
        found = await self._discover()
        await self.do(lambda tx: tx.slack_users.save([factories.person()]))
        for _ in range(found):
            await self.run()

    # --- runs --------------------------------------------------------------------------------------

    async def reconcile(self, times: int = 1) -> None:
        """Runs over the target, due or not."""
        for _ in range(times):
            await self._let_pass()
            await self.make_due()
            await self.run()

    async def run(self, *, takes: timedelta = timedelta()) -> None:
        """One run over what is due, in which so much business time goes by."""
        claimed = await self.controller.claim()
        assert claimed is not None
        self.clock.present += takes
        await self.controller.work(claimed)

    async def claim(self) -> ClaimedJob:
        """Claims the target, due or not, and does nothing yet."""
        await self.make_due()
        claimed = await self.controller.claim()
        assert claimed is not None
        return claimed

    async def make_due(self) -> None:
        """The target is due now."""
        await self.do(lambda tx: tx.reconcile_queue.request_refresh(self.target.id))

    async def due(self) -> timedelta:
        """How long until the next run."""
        due = await self.controller.next_due()
        assert due is not None
        return due

    async def until_a_transaction_waits(self) -> None:
        """Waits until a transaction waits for another one."""
        await store_helpers.until_somebody_waits(self.engine)

    async def due_at(self) -> datetime | None:
        """When the target is due; None where it is not observed any more."""
        found: datetime | None = await database.value(
            self.engine, reconcile_queue, "due_at", target_id=self.target.id
        )
        return found

    # --- people and time ---------------------------------------------------------------------------

    async def approve(self, subject: Subject | str | None = None, *, owner: str = "U0ENGINEER") -> Grant:
        """A grant for 8 hours that was just approved."""
        return await store_helpers.approve(
            self.store, await self._ask(subject or self.subject, Kind.OPEN, owner)
        )

    async def open(self, subject: Subject | str | None = None) -> Grant:
        """A grant that was opened and read back."""
        grant = await self.approve(subject)
        await self.reconcile(self.runs_to_open)
        assert await self.state(grant) == "in_force"
        return grant

    async def end(self, grant: Grant) -> None:
        """Its owner is done with it."""

        async def close(tx: Transaction) -> None:
            current = await tx.grants.lock(grant.id)
            ending = closing(current, ReasonCode.DONE)
            assert await tx.grants.update(current, ending, doing=self._by(grant.owner))
            await tx.reconcile_queue.bump_generation(grant.target, grant.method)

        await self.do(close)

    async def start(
        self,
        kind: Kind,
        subject: Subject | str | None = None,
        *,
        owner: str = "U0ENGINEER",
        reason: str = "quarterly migration",
    ) -> Operation:
        """An operation that was just approved; about the method as a whole unless a subject is given."""
        request = await self._ask(subject or Whole(), kind, owner, reason=reason)
        operation = self._operation(request, await self.observation())

        async def begin(tx: Transaction) -> None:
            await tx.requests.decide(request, RequestState.APPROVED, doing=self._by("U0LEAD"))
            await tx.operations.start(operation, within=OPERATION_DEADLINE, doing=self._by("U0LEAD"))
            await tx.reconcile_queue.bump_generation(self.target.id, self.method)

        await self.do(begin)
        return operation

    async def pass_deadlines(self) -> None:
        """The time for openings and operations is over."""
        for table in (grants, operations):
            await database.update_rows(self.engine, table, {"deadline_at": func.now()})

    async def age_requests(self, by: timedelta) -> None:
        """What operations have asked Heroku for is so much longer ago."""
        for id, progress in await database.rows(self.engine, operations, "id", "progress"):
            if "asked_at" in progress:
                asked_at = datetime.fromisoformat(progress["asked_at"]) - by
                await database.set_progress(self.engine, {"asked_at": asked_at.isoformat()}, id=id)

    # --- Heroku ------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The emulated Heroku's time."""
        return datetime.now(UTC)

    def calls(self, pattern: str = "") -> list[str]:
        """Calls that reached Heroku, as ``METHOD /path``, that match a pattern."""
        calls = [f"{entry.method} {entry.path}" for entry in self.heroku.request_log]
        return [call for call in calls if re.search(pattern, call)]

    # --- the store ---------------------------------------------------------------------------------

    async def do(self, step: Callable[[Transaction], Awaitable[object]]) -> None:
        """One step in a transaction of its own."""
        async with self.store.transaction() as tx:
            await step(tx)
            await tx.commit()

    async def state(self, grant: Grant | UUID) -> str:
        """The state of a grant."""
        id = grant if isinstance(grant, UUID) else grant.id
        return str(await database.value(self.engine, grants, "state", id=id))

    async def reason(self, grant: Grant) -> str | None:
        """ReasonCode a grant failed or ended."""
        return await database.grant_reason(self.engine, id=grant.id)

    async def result(self, operation: Operation) -> tuple[str, str | None]:
        """The state of an operation, and why it failed."""
        (outcome,) = await database.operation_outcomes(self.engine, id=operation.id)
        return outcome

    async def messages(self, to: str = OPERATIONS) -> list[str]:
        """The kinds of what a person or channel is told, oldest first; operations unless said."""
        return [kind for kind, _ in await self.findings(to)]

    async def findings(self, to: str = OPERATIONS) -> list[tuple[str, dict[str, str]]]:
        """What a person or channel is told, oldest first: kinds and parameters.

        Without the lists of what the first observations of each target show, for which there is ``first``.
        """
        found = await database.outbox_messages(self.engine, "kind", "params", recipient=to)
        return [(str(kind), params) for kind, params in found if FIRST not in params]

    async def first(self) -> list[dict[str, str]]:
        """What operations is told of what was there at the first observation of the target."""
        found = await database.outbox_messages(self.engine, "params", recipient=OPERATIONS)
        here = str(self.target.id)
        return [params for (params,) in found if FIRST in params and params[TARGET] == here]

    async def observation(self) -> Observation | None:
        """What was last observed."""
        async with self.store.transaction() as tx:
            return await tx.reconcile_queue.observation(self.target.id, self.method)

    async def drift(self) -> Drift:
        """What the last observation has found."""
        observation = await self.observation()
        assert observation is not None
        return observation.drift

    async def _ask(
        self, subject: Subject | str, kind: Kind, owner: str, *, reason: str = "quarterly migration"
    ) -> Request:
        parsed = self._parse(subject) if isinstance(subject, str) else subject
        asked = factories.request(kind=kind, reason=reason)
        terms = replace(asked.terms, method=self.method, target=self.target.id, subject=parsed)
        return await store_helpers.record(self.store, replace(asked, terms=terms), requester=owner)

    def _by(self, actor: str) -> AuditContext:
        return AuditContext(actor=actor, at=self.clock.now())
