"""An emulated Heroku with many databases and spaces, and grants that its rules and the store agree on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.domain.grant import GrantState, ReasonCode
from bot.domain.method import Method
from bot.domain.request import Kind, RequestState, Verdict
from bot.domain.subject import Network
from bot.domain.trusted_ips.ruleset import DataServices
from bot.heroku.client import HerokuClient
from bot.ports import MessageKind, WorkerName
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fault_injection import slow_answer
from sandbox.heroku.server import app as heroku_server
from sandbox.http_server import listening, serving
from storage.tables import (
    audit,
    data_service_access,
    decisions,
    grants,
    installation,
    mtls_rule_intents,
    mtls_rules,
    outbox,
    rate_budget,
    reconcile_queue,
    requests,
    trusted_ranges,
)
from storage.transaction import PostgresStore
from storage.wakeups import PostgresWakeups
from tests.bench.postgres import ENGINEER, HEROKU_TOKEN, LEAD
from tests.database import full_budget

UNMANAGED: Final = "198.51.100.0/24"
"""A rule by somebody else on every database: it has to be there at the end as well."""

COUNTING: Final = ("/addons", "/apps", "/spaces", "/account/rate-limits")
"""Calls that count what there is, every ten minutes: no change causes them."""

PATIENCE: Final = 300.0
"""Seconds that a burst may take before a benchmark gives up."""


@dataclass(kw_only=True)
class World:
    """An emulated Heroku and a store, with what a measurement does to both.

    Attributes:
        url: where the emulated Heroku answers.
    """

    heroku: HerokuEmulator
    url: str
    engine: AsyncEngine
    wakeups: PostgresWakeups
    databases: list[str] = field(default_factory=list)
    spaces: list[str] = field(default_factory=list)

    def answer_in(self, seconds: float) -> None:
        """Has every answer take so long from now on."""
        self.heroku.clear_faults()
        if seconds:
            self.heroku.fault(slow_answer(seconds), times=None)

    async def discover(self) -> None:
        """Has the store know what is at Heroku, and nobody look at it for a while."""
        client = HerokuClient(token=HEROKU_TOKEN, platform_url=self.url, data_url=self.url)
        async with PostgresStore(self.engine, self.wakeups).transaction() as tx:
            await tx.targets.save_discovery(await client.databases(), await client.spaces())
            await tx.commit()
        await client.close()

    async def quiet(self) -> None:
        """Waits until workers have counted what there is, looked at everything, and nothing is due."""
        async with asyncio.timeout(PATIENCE):
            busy = True
            while busy:
                await asyncio.sleep(0.05)
                busy = not self.heroku.request_log or await self._due()

    async def _due(self) -> bool:
        """Whether a row of the reconcile queue is due or claimed; all are due until a worker starts."""
        busy = (reconcile_queue.c.due_at <= func.now()) | reconcile_queue.c.lease.is_not(None)
        async with self.engine.connect() as connection:
            return bool((await connection.execute(select(func.count()).where(busy))).scalar())

    async def set_budget(self, size: int, refill: float) -> None:
        """Has the bot believe in another limit than Heroku's own: tokens when full, and tokens a second."""
        async with self.engine.begin() as connection:
            await connection.execute(delete(rate_budget))
            await connection.execute(insert(rate_budget).values(full_budget(size, refill)))

    async def fill(self, size: int, refill: float) -> None:
        """Waits until the pool has filled up again, and says so."""
        await asyncio.sleep(size / refill)
        self.heroku.set_remaining_tokens(None, now=datetime.now(UTC))
        await self.set_budget(size, refill)

    async def open(self, count: int, on: Sequence[str], *, state: GrantState) -> None:
        """Has so many requests approved on databases, each its share, in one transaction.

        Args:
            count: of all grants.
            on: names of databases.
            state: ``in_force``, with the rules at Heroku as we would have made them, or ``applying``.
        """
        now = datetime.now(UTC)
        async with self.engine.begin() as connection:
            found = await self._targets(connection, on)
            share = count // len(on)
            wanted = [(name, Network(_address(each))) for name in on for each in range(share)]
            rows = [_request(found[name], Method.MTLS, network, now) for name, network in wanted]
            numbers = await _insert_requests(connection, rows)
            made = [_grant(row, number, state, now) for row, number in zip(rows, numbers, strict=True)]
            await connection.execute(insert(grants), made)
            await _insert_history(connection, made, now)
            if state is GrantState.IN_FORCE:
                await self._insert_rules(connection, wanted, found, now)
            else:
                await want(connection, list(found.values()))

    async def _insert_rules(
        self,
        connection: AsyncConnection,
        wanted: Sequence[tuple[str, Network]],
        found: dict[str, UUID],
        now: datetime,
    ) -> None:
        mark = (await connection.execute(select(installation.c.marker))).scalar_one()
        tried, there = [], []
        for name, network in wanted:
            intent, where = uuid4(), {"target_id": found[name], "network": network}
            said = f"pgaccess/{mark} {intent}"
            rule = self.heroku.add_rule_externally(name, str(network), said, now=now)
            tried.append({"id": intent, "marker": said, "resolved": True, "ambiguous_until": now, **where})
            there.append({"rule_id": rule.id, "intent_id": intent, "observed": True, **where})
        await connection.execute(insert(mtls_rule_intents), tried)
        await connection.execute(insert(mtls_rules), there)

    async def open_ranges(self, each: int) -> None:
        """Has so many ranges in force in every space; they have to be in its list already."""
        now = datetime.now(UTC)
        async with self.engine.begin() as connection:
            found = await self._targets(connection, self.spaces)
            wanted = [(found[name], source) for name in self.spaces for source in sources(each)]
            rows = [_request(space, Method.TRUSTED, Network(source), now) for space, source in wanted]
            numbers = await _insert_requests(connection, rows)
            made = [
                _grant(row, number, GrantState.IN_FORCE, now)
                for row, number in zip(rows, numbers, strict=True)
            ]
            await connection.execute(insert(grants), made)
            await _insert_history(connection, made, now)
            listed = [{"target_id": space, "source": source, "observed": True} for space, source in wanted]
            await connection.execute(insert(trusted_ranges), listed)
            decided = [{"target_id": id, "state": DataServices.CONFIRMED} for id in found.values()]
            await connection.execute(insert(data_service_access), decided)

    async def end_all(self, *, after: timedelta) -> datetime:
        """Has everything end at one moment."""
        moment = datetime.now(UTC) + after
        async with self.engine.begin() as connection:
            await connection.execute(
                update(grants).where(grants.c.state == GrantState.IN_FORCE).values(ends_at=moment)
            )
        self.wakeups.wake((WorkerName.CLOCK,))
        return moment

    async def revoke_all(self) -> None:
        """Has everything that is in force end at once, as approvers could."""
        async with self.engine.begin() as connection:
            over = update(grants).where(grants.c.state == GrantState.IN_FORCE)
            rows = await connection.execute(
                over.values(state=GrantState.ENDING, reason_code=ReasonCode.REVOKED).returning(
                    grants.c.target_id
                )
            )
            await want(connection, list(set(rows.scalars())))
        self.wake()

    def wake(self) -> None:
        """Wakes the workers."""
        self.wakeups.wake((WorkerName.RECONCILER, WorkerName.CLOCK))

    async def in_state(self, state: GrantState) -> int:
        """How many grants are in a state."""
        async with self.engine.connect() as connection:
            counted = select(func.count()).where(grants.c.state == state)
            return int((await connection.execute(counted)).scalar_one())

    async def until_none(self, *states: GrantState) -> None:
        """Waits until no grant is in one of these states."""
        async with asyncio.timeout(PATIENCE):
            left = True
            while left:
                left = any([await self.in_state(state) for state in states])
                await asyncio.sleep(0.05)

    async def require_told(self, state: GrantState, count: int) -> None:
        """Raises unless so many grants have come to a state, each with one audit line that says so."""
        async with self.engine.connect() as connection:
            said = select(func.count()).where(audit.c.subject == "grant", audit.c.after == state)
            lines = (await connection.execute(said)).scalar_one()
        reached = await self.in_state(state)
        if (reached, lines) != (count, count):
            raise RuntimeError(f"{reached} grants and {lines} audit lines are {state}, not {count}")

    def require_rules(self, ours: int) -> None:
        """Raises unless Heroku has so many rules of ours in all, and the unmanaged one everywhere."""
        now = datetime.now(UTC)
        listed = [[rule.cidr for rule in self.heroku.rules(each, now=now)] for each in self.databases]
        found = sum(len(rules) - 1 for rules in listed)
        if found != ours or not all(UNMANAGED in rules for rules in listed):
            raise RuntimeError(
                f"Heroku has {found} rules of ours instead of {ours}, or lost an unmanaged one"
            )

    def require_ranges(self) -> None:
        """Raises unless every space has the unmanaged range, and no other."""
        for name in self.spaces:
            listed = [each.source for each in self.heroku.ranges_in_force(name, now=datetime.now(UTC))]
            if listed != [UNMANAGED]:
                raise RuntimeError(f"{name} has {listed}")

    async def _targets(self, connection: AsyncConnection, names: Sequence[str]) -> dict[str, UUID]:
        statement = text("SELECT name, id FROM targets WHERE name = ANY(:names)")
        found = {row.name: row.id for row in await connection.execute(statement, {"names": list(names)})}
        if len(found) != len(names):
            raise RuntimeError(f"the store knows {len(found)} of {len(names)} targets")
        return found


@contextlib.asynccontextmanager
async def world(
    engine: AsyncEngine,
    wakeups: PostgresWakeups,
    *,
    databases: int,
    spaces: int = 0,
    ranges_each: int = 0,
    behavior: Behavior | None = None,
) -> AsyncIterator[World]:
    """A Heroku whose changes show at once, in this process.

    Args:
        engine: of the store.
        wakeups: of the store.
        databases: each with one rule of somebody else's.
        spaces: besides the one of the databases, each with one unmanaged range and some of ours.
        ranges_each: of ours in each of those.
        switches: such as a smaller pool of tokens; by default there is no end to it.
    """
    endless = behavior or Behavior(pool=10**9, data_api_counts=False)
    heroku = HerokuEmulator(token=HEROKU_TOKEN, times=TransitionTimes.of(0), behavior=endless)
    heroku.add_space("acme-private", trusted=(UNMANAGED,))
    names = [f"postgresql-bench-{number:05}" for number in range(1, databases + 1)]
    for number, name in enumerate(names, 1):
        heroku.add_app(f"app-{number}", space="acme-private")
        plan = "heroku-postgresql:private-4"
        heroku.add_database(name, app=f"app-{number}", plan=plan, tls_endpoint="Operational")
        heroku.add_rule_externally(name, UNMANAGED, "office", now=datetime.now(UTC))
    wide = [f"space-{number:02}" for number in range(1, spaces + 1)]
    for name in wide:
        heroku.add_space(name, trusted=(UNMANAGED, *sources(ranges_each)))
        heroku.trust_for_data_services(name)
    async with listening() as (socket, url), serving(heroku_server(heroku), socket):
        made = World(heroku=heroku, url=url, engine=engine, wakeups=wakeups, databases=names, spaces=wide)
        await made.discover()
        yield made


async def want(connection: AsyncConnection, targets: Sequence[UUID]) -> None:
    """Has databases looked at: what is wanted there has changed."""
    which = reconcile_queue.c.target_id.in_(targets) & (reconcile_queue.c.method == Method.MTLS)
    values = {"generation": reconcile_queue.c.generation + 1, "due_at": func.now(), "attempts": 0}
    await connection.execute(update(reconcile_queue).where(which).values(values))


def sources(count: int) -> list[str]:
    """Ranges of ours in a space."""
    return [_address(number) for number in range(count)]


def _address(number: int) -> str:
    return f"203.0.{113 + number // 250}.{1 + number % 250}/32"


def _request(target: UUID, method: Method, network: Network, now: datetime) -> dict[str, Any]:
    return {
        "kind": Kind.OPEN,
        "method": method,
        "target_id": target,
        "rule": "everything",
        "required_approvals": 1,
        "subject": network,
        "duration": timedelta(hours=8),
        "reason": "quarterly migration",
        "requester": ENGINEER,
        "state": RequestState.APPROVED,
        "asked_at": now,
        "decided_at": now,
        "expires_at": now,
    }


def _grant(request: dict[str, Any], number: int, state: GrantState, now: datetime) -> dict[str, Any]:
    open_already = state is GrantState.IN_FORCE
    return {
        "id": uuid4(),
        "request_id": number,
        "target_id": request["target_id"],
        "method": request["method"],
        "owner": ENGINEER,
        "subject": request["subject"],
        "duration": request["duration"],
        "state": state,
        "started_at": now,
        "deadline_at": now + timedelta(minutes=20),
        "verified_at": now if open_already else None,
        "ends_at": now + timedelta(hours=8),
        "warn_at": now + timedelta(hours=7) if open_already else None,
    }


async def _insert_requests(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> list[int]:
    statement = insert(requests).returning(requests.c.id, sort_by_parameter_order=True)
    return list((await connection.execute(statement, list(rows))).scalars())


async def _insert_history(connection: AsyncConnection, made: Sequence[dict[str, Any]], now: datetime) -> None:
    """The vote and both cards of each request, the cards shown already."""
    voted = [
        {
            "request_id": each["request_id"],
            "person": LEAD,
            "verdict": Verdict.APPROVE,
            "reason": "",
            "at": now,
        }
        for each in made
    ]
    await connection.execute(insert(decisions), voted)
    cards = [
        {
            "kind": kind,
            "recipient": to,
            "key": f"{kind}:{each['request_id']}",
            "request_id": each["request_id"],
            "sent_version": 1,
            "channel": to,
        }
        for each in made
        for kind, to in ((MessageKind.CARD_APPROVAL, "C0APPROVALS"), (MessageKind.CARD_REQUESTER, ENGINEER))
    ]
    await connection.execute(insert(outbox), cards)
