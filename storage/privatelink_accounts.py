"""AWS accounts that we let in through PrivateLink: each from the intent to let it in to its proven end."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.drift import RecentRemovals
from bot.domain.grant import OPEN_STATES
from bot.domain.method import Method
from bot.domain.owned_entry import Removal
from bot.domain.privatelink.plan import Let, LinkKnown, LinkWant
from bot.domain.subject import Accounts
from bot.domain.timings import Timings
from bot.ports import ReconcileJob
from storage import recently_removed
from storage.mtls_rules import LATE
from storage.tables import grants, privatelink_accounts


class PostgresPrivateLinkAccounts:
    """Accounts by target and ARN; callers hold the lane's lease in the same transaction."""

    def __init__(self, connection: AsyncConnection, timings: Timings) -> None:
        self._connection = connection
        self._timings = timings

    async def known(self, job: ReconcileJob, now: datetime) -> LinkKnown:
        """What the store knows of a database's PrivateLink; by ``now``, business time, ends have passed."""
        target = job.target.id
        return LinkKnown(wants=tuple(await self._wants(target, now)), lets=tuple(await self._lets(target)))

    async def intend(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        """Records that accounts are about to be let in; from here on they are ours, if they appear."""
        waits = func.now() + self._timings.settled_after
        rows = [{"target_id": job.target.id, "arn": arn, "ambiguous_until": waits} for arn in sorted(arns)]
        statement = insert(privatelink_accounts).values(rows)
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["target_id", "arn"],
                index_where=privatelink_accounts.c.absent_at.is_(None),
                set_={
                    "requested_at": func.now(),
                    "ambiguous_until": waits,
                    "removal_requested_at": None,
                    "error": "",
                },
            )
        )

    async def made(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        """Records that accounts were listed in answer to our call."""
        await self._set(job, arns, ambiguous_until=None, observed=True)

    async def unclear(self, job: ReconcileJob, arns: Iterable[str], *, error: str) -> None:
        """Records that an answer was lost: the accounts may still appear for a while."""
        await self._set(job, arns, ambiguous_until=func.now() + self._timings.quarantine, error=error)

    async def nothing_made(self, job: ReconcileJob, arns: Iterable[str], *, error: str) -> None:
        """Records that Heroku said no: accounts that appear now are somebody else's."""
        await self._set(job, arns, absent_at=func.now(), error=error)

    async def give_up(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        """Stops expecting accounts that did not appear in all the time that a late call could need."""
        late = privatelink_accounts.c.requested_at < func.now() - LATE
        await self._set(job, arns, late, absent_at=func.now(), error="it never appeared")

    async def adopt(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        """Takes accounts over that somebody else let in: they are ours, and stay without a grant."""
        rows = [
            {"target_id": job.target.id, "arn": arn, "observed": True, "adopted": True}
            for arn in sorted(arns)
        ]
        await self._connection.execute(
            insert(privatelink_accounts)
            .values(rows)
            .on_conflict_do_update(
                index_elements=["target_id", "arn"],
                index_where=privatelink_accounts.c.absent_at.is_(None),
                set_={"adopted": True},
            )
        )

    async def intend_remove(self, job: ReconcileJob, arn: str) -> None:
        """Records that one of our accounts is about to be let in no longer."""
        await self._set(job, [arn], removal_requested_at=func.now())

    async def spared(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        """Records that the removal of these accounts, which were taken over, will not be made."""
        await self._set(job, arns, privatelink_accounts.c.adopted, removal_requested_at=None)

    async def listed(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        """Records that a list showed these accounts of ours."""
        unknown = ~privatelink_accounts.c.observed | privatelink_accounts.c.ambiguous_until.is_not(None)
        await self._set(job, arns, unknown, observed=True, ambiguous_until=None)

    async def gone(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        """Records that these accounts of ours are no longer let in."""
        await self._set(job, arns, absent_at=func.now())

    async def ours(self, database: UUID) -> frozenset[str]:
        """ARNs of the accounts that we let in, or may have."""
        statement = select(privatelink_accounts.c.arn).where(_present(database))
        return frozenset((await self._connection.execute(statement)).scalars())

    async def recently_removed(self, database: UUID) -> RecentRemovals:
        """ARNs of accounts of ours that went within the last day: as we had asked, or taken over and lost."""
        return await recently_removed.went(
            self._connection, privatelink_accounts, privatelink_accounts.c.arn, database
        )

    async def _set(
        self, job: ReconcileJob, arns: Iterable[str], *which: ColumnElement[bool], **values: Any
    ) -> None:
        named = privatelink_accounts.c.arn.in_(sorted(arns))
        await self._connection.execute(
            update(privatelink_accounts).where(_present(job.target.id), named, *which).values(**values)
        )

    async def _wants(self, target: UUID, now: datetime) -> list[LinkWant]:
        statement = (
            select(
                grants.c.id,
                grants.c.owner,
                grants.c.subject,
                grants.c.state,
                (grants.c.deadline_at <= func.now()).label("overdue"),
                func.coalesce(grants.c.ends_at <= now, False).label("over"),
            )
            .where(
                grants.c.target_id == target,
                grants.c.method == Method.PRIVATELINK,
                grants.c.state.in_(OPEN_STATES),
            )
            .order_by(grants.c.request_id)
        )
        rows = (await self._connection.execute(statement)).mappings()
        return [
            LinkWant(
                grant=row["id"],
                owner=row["owner"],
                arns=frozenset(_accounts(row["subject"]).arns),
                state=row["state"],
                overdue=row["overdue"],
                over=row["over"],
            )
            for row in rows
        ]

    async def _lets(self, target: UUID) -> list[Let]:
        asked = privatelink_accounts.c.removal_requested_at
        removal = case(
            (asked.is_(None), Removal.NONE.value),
            (asked < func.now() - self._timings.removal_patience, Removal.OVERDUE.value),
            else_=Removal.ASKED.value,
        )
        waiting = func.coalesce(privatelink_accounts.c.ambiguous_until > func.now(), False)
        statement = select(
            privatelink_accounts.c.arn,
            privatelink_accounts.c.observed,
            privatelink_accounts.c.adopted,
            waiting.label("waiting"),
            removal.label("removal"),
        ).where(_present(target))
        rows = (await self._connection.execute(statement.order_by(privatelink_accounts.c.arn))).mappings()
        return [
            Let(
                arn=row["arn"],
                listed=row["observed"],
                adopted=row["adopted"],
                waiting=row["waiting"],
                removal=Removal(row["removal"]),
            )
            for row in rows
        ]


def _present(target: UUID) -> ColumnElement[bool]:
    return and_(privatelink_accounts.c.target_id == target, privatelink_accounts.c.absent_at.is_(None))


def _accounts(subject: object) -> Accounts:
    """The accounts that a grant is about; anything else there would be at odds with its method."""
    if not isinstance(subject, Accounts):
        raise TypeError(f"{subject!r} are no accounts")
    return subject
