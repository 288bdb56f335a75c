"""The keeper's turns: one lane for each method of each target, and what the last look at it saw."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, and_, case, exists, func, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.change import ChangeState
from bot.domain.grant import OPEN_STATES
from bot.domain.methods import Method
from bot.domain.schedule import LEASE
from bot.domain.target import Look
from bot.ports import Job, Loop
from storage import leases
from storage.looks import look_json, look_of
from storage.tables import changes, entries, grants, installation, intents, lanes, targets
from storage.targets import target_of


class PostgresLanes:
    """Lanes by target and method."""

    def __init__(self, connection: AsyncConnection, touched: set[Loop]) -> None:
        self._connection = connection
        self._touched = touched

    async def look(self, target: UUID, method: Method) -> Look | None:
        """What the last look saw."""
        statement = select(lanes).where(_lane(target, method))
        row = (await self._connection.execute(statement)).mappings().one_or_none()
        return None if row is None else look_of(row)

    async def want(self, target: UUID, method: Method) -> None:
        """Raises the wanted version and makes the lane due: its grants or changes have changed."""
        statement = update(lanes).where(_lane(target, method))
        await self._connection.execute(
            statement.values(wanted_version=lanes.c.wanted_version + 1, due_at=leases.soon(lanes), tries=0)
        )
        self._touched.add(Loop.KEEPER)

    async def look_at_all(self) -> None:
        """Makes every lane due that is looked at at all: nobody knows what was missed."""
        await self._make_due(lanes.c.due_at.is_not(None))
        self._touched.add(Loop.KEEPER)

    async def look_soon(self, target: UUID) -> None:
        """Makes every method of one target due: somebody wants to see the present."""
        await self._make_due(lanes.c.target_id == target)
        self._touched.add(Loop.KEEPER)

    async def claim(self) -> Job | None:
        """Takes a lane that is due, with a lease: those whose grants have changed before others.

        After downtime everything is due, and ends that have passed meanwhile are among the changes.
        """
        changed = lanes.c.wanted_version > lanes.c.kept_version
        row = await leases.claim(self._connection, lanes, lanes.c.due_at.is_not(None), changed.desc())
        if row is None:
            return None
        mark = select(installation.c.mark).scalar_subquery().label("mark")
        other = select(targets, mark).where(targets.c.id == row["target_id"])
        target = (await self._connection.execute(other)).mappings().one()
        return Job(
            lane=row["id"],
            lease=row["lease"],
            target=target_of(target),
            method=row["method"],
            version=row["wanted_version"],
            tries=row["tries"],
            troubles=row["troubles"],
            due_at=row["due_at"],
            installation=target["mark"],
            claimed_at=row["lease_until"] - LEASE,  # set by this very statement
        )

    async def renew(self, job: Job) -> bool:
        """Prolongs the lease; tells whether the grants are still those that the job was planned on."""
        row = await self._hold(job, lanes.c.wanted_version, lease_until=func.now() + LEASE)
        return bool(row["wanted_version"] == job.version)

    async def looked(self, job: Job, look: Look) -> None:
        """Keeps what a pass saw."""
        await self._hold(job, looked_at=func.now(), look=look_json(look))

    async def release(self, job: Job, *, again: timedelta, tries: int, kept: bool, troubles: int = 0) -> None:
        """Ends the pass and sets the next look: at once if grants changed or somebody asked meanwhile."""
        unchanged = lanes.c.wanted_version == job.version
        unasked = lanes.c.due_at == job.due_at
        await self._hold(
            job,
            kept_version=job.version if kept else lanes.c.kept_version,
            due_at=case(
                (~unchanged, func.now()),
                (~unasked, lanes.c.due_at),
                (_nothing_left(), null()),
                else_=func.now() + again,
            ),
            tries=case((unchanged, tries), else_=0),
            troubles=troubles,
            lease=None,
            lease_until=None,
        )
        self._touched.add(Loop.KEEPER)

    async def next_due(self) -> timedelta | None:
        """How long until a lane is due."""
        return await leases.next_due(self._connection, lanes, lanes.c.due_at.is_not(None))

    async def _hold(self, job: Job, *returning: Any, **values: Any) -> RowMapping:
        return await leases.write(self._connection, lanes, job.lane, job.lease, *returning, **values)

    async def _make_due(self, which: ColumnElement[bool]) -> None:
        """Locks in the order of ids: two transactions that lock rows in two orders wait for each other."""
        rows = select(lanes.c.id).where(which).order_by(lanes.c.id).with_for_update().scalar_subquery()
        await self._connection.execute(
            update(lanes).where(lanes.c.id.in_(rows)).values(due_at=leases.soon(lanes))
        )


def _lane(target: UUID, method: Method) -> ColumnElement[bool]:
    return and_(lanes.c.target_id == target, lanes.c.method == method)


def _nothing_left() -> ColumnElement[bool]:
    """Heroku does not have the target any more, and nothing of ours is open, there or on its way."""
    gone = exists().where(targets.c.id == lanes.c.target_id, targets.c.gone_at.is_not(None))
    there = [
        exists().where(
            grants.c.target_id == lanes.c.target_id,
            grants.c.method == lanes.c.method,
            grants.c.state.in_(OPEN_STATES),
        ),
        exists().where(changes.c.target_id == lanes.c.target_id, changes.c.state == ChangeState.DOING),
        exists().where(entries.c.target_id == lanes.c.target_id, entries.c.gone_at.is_(None)),
        exists().where(intents.c.target_id == lanes.c.target_id, ~intents.c.settled),
    ]
    return and_(gone, ~or_(*there))
