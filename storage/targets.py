"""Databases: what Heroku has, what the last look saw, and the keeper's turn with each."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, case, exists, func, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.certificate import Certificate
from bot.domain.grant import OPEN_STATES
from bot.domain.plan import Attempt, Entry, Known, Removal, Want
from bot.domain.schedule import LEASE, REMOVAL_PATIENCE
from bot.domain.target import Database, Look, Rule, read_network
from bot.ports import Job, Loop
from storage import leases
from storage.tables import entries, grants, installation, intents, targets


def database_of(row: Mapping[Any, Any]) -> Database:
    """Reads a database from a row of ``targets``."""
    return Database(**{name: row[name] for name in Database.__dataclass_fields__})


def look_of(row: Mapping[Any, Any]) -> Look | None:
    """Reads the last look from a row of ``targets``."""
    kept = row["look"]
    if kept is None:
        return None
    rules = tuple(
        Rule(
            id=UUID(rule["id"]),
            network=read_network(rule["cidr"]),
            status=rule["status"],
            description=rule["text"],
        )
        for rule in kept["rules"]
    )
    return Look(
        at=row["looked_at"],
        enabled=kept["enabled"],
        rules=rules,
        ours=frozenset(UUID(id) for id in kept["ours"]),
        certificates=tuple(_certificate(each) for each in kept.get("certificates", ())),
        certificates_at=_moment(kept.get("certificates_at")),
    )


def _certificate(kept: Mapping[str, Any]) -> Certificate:
    return Certificate(name=kept["name"], status=kept["status"], expires_at=_moment(kept["expires_at"]))


def _moment(kept: str | None) -> datetime | None:
    return None if kept is None else datetime.fromisoformat(kept)


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _look_json(look: Look) -> dict[str, Any]:
    """A look as it is kept. Those from before certificates were read lack the last two."""
    rules = [
        {"id": str(r.id), "cidr": str(r.network), "status": r.status, "text": r.description}
        for r in look.rules
    ]
    return {
        "enabled": look.enabled,
        "rules": rules,
        "ours": sorted(str(id) for id in look.ours),
        "certificates": [
            {"name": c.name, "status": c.status, "expires_at": _written(c.expires_at)}
            for c in look.certificates
        ],
        "certificates_at": _written(look.certificates_at),
    }


_SOON: Final = case(
    (targets.c.lease.is_(None), func.least(targets.c.due_at, func.now())),
    else_=func.now(),
)
"""Due at once. What waits for its turn keeps its place in the line; what somebody is looking at shows, by
another time than it was claimed with, that a look was asked for meanwhile."""


class PostgresTargets:
    """Databases by Heroku's add-on UUID."""

    def __init__(self, connection: AsyncConnection, touched: set[Loop]) -> None:
        self._connection = connection
        self._touched = touched

    async def all(self) -> tuple[Database, ...]:
        """Every database that the last discovery found, by app name."""
        statement = select(targets).where(targets.c.gone_at.is_(None)).order_by(targets.c.app, targets.c.name)
        rows = (await self._connection.execute(statement)).mappings()
        return tuple(database_of(row) for row in rows)

    async def discovered(self, databases: Iterable[Database]) -> None:
        """Records a complete discovery: new ones appear, names follow, missing ones are marked gone.

        Only what differs is written, and in the order of ids, as wherever several rows are locked at once:
        two transactions that lock the same rows in two orders wait for each other.
        """
        found = {database.id: database for database in databases}
        kept = {database.id: database for database in await self.all()}
        changed = [found[id] for id in sorted(found) if found[id] != kept.get(id)]
        missing = targets.c.id.in_(kept.keys() - found.keys())
        await self._connection.execute(
            _in_order(or_(missing, targets.c.id.in_([database.id for database in changed])))
        )
        await self._connection.execute(
            update(targets).where(missing, targets.c.gone_at.is_(None)).values(gone_at=func.now())
        )
        await self._write(changed)
        if changed:
            self._touched.add(Loop.KEEPER)

    async def _write(self, databases: Iterable[Database]) -> None:
        """Writes what is new, what differs, and what is back after it was gone; all of it is due at once."""
        rows = [asdict(database) for database in databases]
        if not rows:
            return
        statement = insert(targets)
        names = {name: statement.excluded[name] for name in rows[0] if name != "id"}
        fresh = {**names, "gone_at": None, "due_at": _SOON}
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_=fresh), rows
        )

    async def renamed(self, database: UUID, name: str) -> None:
        """Records an add-on's new name."""
        await self._connection.execute(update(targets).where(targets.c.id == database).values(name=name))

    async def look(self, database: UUID) -> Look | None:
        """What the last look saw."""
        row = (
            (await self._connection.execute(select(targets).where(targets.c.id == database))).mappings().one()
        )
        return look_of(row)

    async def want(self, database: UUID) -> None:
        """Raises the wanted version and makes the database due: its grants have changed."""
        statement = update(targets).where(targets.c.id == database)
        await self._connection.execute(
            statement.values(wanted_version=targets.c.wanted_version + 1, due_at=_SOON, tries=0)
        )
        self._touched.add(Loop.KEEPER)

    async def look_at_all(self) -> None:
        """Makes every database due that is looked at at all: nobody knows what was missed."""
        watched = _in_order(targets.c.due_at.is_not(None)).scalar_subquery()
        await self._connection.execute(update(targets).where(targets.c.id.in_(watched)).values(due_at=_SOON))
        self._touched.add(Loop.KEEPER)

    async def look_soon(self, database: UUID) -> None:
        """Makes one database due: somebody wants to see the present."""
        await self._connection.execute(update(targets).where(targets.c.id == database).values(due_at=_SOON))
        self._touched.add(Loop.KEEPER)

    async def claim(self, now: datetime) -> Job | None:
        """Takes a database that is due, with a lease: those whose grants have changed before others.

        After downtime everything is due, and ends that have passed meanwhile are among the changes.
        """
        changed = targets.c.wanted_version > targets.c.kept_version
        row = await leases.claim(self._connection, targets, targets.c.due_at.is_not(None), changed.desc())
        if row is None:
            return None
        mark = (await self._connection.execute(select(installation.c.mark))).scalar_one()
        return Job(
            lease=row["lease"],
            database=database_of(row),
            known=await self._known(row["id"], now),
            version=row["wanted_version"],
            tries=row["tries"],
            troubles=row["troubles"],
            due_at=row["due_at"],
            installation=mark,
            claimed_at=row["lease_until"] - LEASE,  # set by this very statement
            look=look_of(row),
        )

    async def renew(self, job: Job) -> bool:
        """Prolongs the lease; tells whether the grants are still those that the job was planned on."""
        row = await self._hold(job, targets.c.wanted_version, lease_until=func.now() + LEASE)
        return bool(row["wanted_version"] == job.version)

    async def looked(self, job: Job, look: Look) -> None:
        """Keeps what a pass saw."""
        await self._hold(job, looked_at=func.now(), look=_look_json(look))

    async def release(self, job: Job, *, again: timedelta, tries: int, kept: bool, troubles: int = 0) -> None:
        """Ends the pass and sets the next look: at once if grants changed or somebody asked meanwhile."""
        unchanged = targets.c.wanted_version == job.version
        unasked = targets.c.due_at == job.due_at
        await self._hold(
            job,
            kept_version=job.version if kept else targets.c.kept_version,
            due_at=case(
                (~unchanged, func.now()),
                (~unasked, targets.c.due_at),
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
        """How long until a database is due."""
        return await leases.next_due(self._connection, targets, targets.c.due_at.is_not(None))

    async def _hold(self, job: Job, *returning: Any, **values: Any) -> RowMapping:
        return await leases.write(self._connection, targets, job.database.id, job.lease, *returning, **values)

    async def _known(self, target: UUID, now: datetime) -> Known:
        return Known(
            wants=tuple(await self._wants(target, now)),
            entries=tuple(await self._entries(target)),
            attempts=tuple(await self._attempts(target)),
        )

    async def _wants(self, target: UUID, now: datetime) -> list[Want]:
        statement = select(
            grants.c.id,
            grants.c.owner,
            grants.c.network,
            grants.c.state,
            (grants.c.overdue_at <= func.now()).label("overdue"),
            func.coalesce(grants.c.ends_at <= now, False).label("over"),
        ).where(grants.c.target_id == target, grants.c.state.in_(OPEN_STATES))
        rows = (await self._connection.execute(statement)).mappings()
        return [
            Want(
                grant=row["id"],
                owner=row["owner"],
                network=row["network"],
                state=row["state"],
                overdue=row["overdue"],
                over=row["over"],
            )
            for row in rows
        ]

    async def _entries(self, target: UUID) -> list[Entry]:
        asked = entries.c.removal_asked_at
        removal = case(
            (asked.is_(None), Removal.NONE.value),
            (asked < func.now() - REMOVAL_PATIENCE, Removal.OVERDUE.value),
            else_=Removal.ASKED.value,
        )
        statement = select(
            entries.c.rule_id, entries.c.network, entries.c.listed, removal.label("removal")
        ).where(entries.c.target_id == target, entries.c.gone_at.is_(None))
        rows = (await self._connection.execute(statement)).mappings()
        return [
            Entry(
                rule=row["rule_id"],
                network=row["network"],
                listed=row["listed"],
                removal=Removal(row["removal"]),
            )
            for row in rows
        ]

    async def _attempts(self, target: UUID) -> list[Attempt]:
        statement = select(
            intents.c.id,
            intents.c.network,
            intents.c.mark,
            (intents.c.waits_until > func.now()).label("waiting"),
        ).where(intents.c.target_id == target, ~intents.c.settled)
        rows = (await self._connection.execute(statement)).mappings()
        return [
            Attempt(intent=row["id"], network=row["network"], mark=row["mark"], waiting=row["waiting"])
            for row in rows
        ]


def _in_order(which: ColumnElement[bool]) -> Select[tuple[UUID]]:
    """Locks rows in the order of ids."""
    return select(targets.c.id).where(which).order_by(targets.c.id).with_for_update()


def _nothing_left() -> ColumnElement[bool]:
    """Heroku does not have the database any more, and nothing of ours is open, there or on its way."""
    there = [
        exists().where(grants.c.target_id == targets.c.id, grants.c.state.in_(OPEN_STATES)),
        exists().where(entries.c.target_id == targets.c.id, entries.c.gone_at.is_(None)),
        exists().where(intents.c.target_id == targets.c.id, ~intents.c.settled),
    ]
    return and_(targets.c.gone_at.is_not(None), ~or_(*there))
