"""Targets and the reconcile queue in the store."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from bot.domain.method import Method
from bot.domain.observation import Observation
from bot.domain.reports.trouble import Trouble
from bot.domain.target import Database, KnownAs, Space, Target
from bot.ports.values import AuditContext, ReconcileJob


class Targets(Protocol):
    """Databases and spaces that Heroku has."""

    async def databases(self) -> tuple[Database, ...]:
        """Lists the databases of the last discovery, by app name."""
        ...

    async def spaces(self) -> tuple[Space, ...]:
        """Lists the spaces of the last discovery, by name."""
        ...

    async def find(self, id: UUID) -> Target | None:
        """Reads one target by Heroku's UUID, an absent one too; None where none was ever seen."""
        ...

    async def all(self, *, lock: bool = False) -> tuple[Target, ...]:
        """Lists every target that was ever seen, absent ones too: what was bound to one names no other.

        Args:
            lock: keeps others from recording what the policy knows targets by until the end of the
                transaction.
        """
        ...

    async def bind(self, changed: Mapping[UUID, KnownAs]) -> None:
        """Records what the policy knows targets by."""
        ...

    async def named(
        self, name: str, method: Method, *, entries: Collection[str] = ()
    ) -> tuple[tuple[Database, Observation | None], ...]:
        """Finds databases by name, with a method's last observation.

        Args:
            name: of the add-on, of its app or as it is labelled, in any case.
            method: whose observation is wanted.
            entries: keys of the policy's entries; databases that are bound to one of them are found as well.
        """
        ...

    async def save_discovery(self, databases: Iterable[Database], spaces: Iterable[Space] = ()) -> None:
        """Records a complete discovery: adds new targets, updates names, marks missing ones as absent.

        Only rows that differ are written, in the order of ids as everywhere: two transactions that lock the
        same rows in two orders would deadlock.
        """
        ...

    async def answer(self, target: Target, known: KnownAs, *, doing: AuditContext) -> None:
        """Records what an admin has told of a target, with its audit line.

        Args:
            target: as it is known so far.
            known: what it is known by from now on.
            doing: who told it, and when.
        """
        ...

    async def rename(self, database: UUID, name: str) -> None:
        """Records an add-on's new name, for calls at Heroku; the next discovery decides what it means."""
        ...


class ReconcileQueue(Protocol):
    """Work queue of the reconciler: one row for each method of each target, with its last observation."""

    async def observation(self, target: UUID, method: Method) -> Observation | None:
        """Reads the last observation of a target's method."""
        ...

    async def observed_at(
        self, methods: Collection[tuple[UUID, Method]]
    ) -> Mapping[tuple[UUID, Method], datetime]:
        """Reads when targets' methods were last observed; those that never were are left out."""
        ...

    async def bump_generation(self, target: UUID, method: Method) -> None:
        """Raises the generation and makes the row due: grants or operations of it have changed."""
        ...

    async def bump_generations(self, changed: Collection[tuple[UUID, Method]]) -> None:
        """Does the same for many rows at once."""
        ...

    async def refresh_all(self) -> None:
        """Makes every row due that is ever observed: after a start or a jump in time nothing is known."""
        ...

    async def request_refresh(self, *targets_shown: UUID) -> None:
        """Makes every method of some targets due: a person wants to see the present state."""
        ...

    async def claim(self) -> ReconcileJob | None:
        """Claims a due row, with a lease: first those with something to close, then those with changes.

        After downtime everything is due, and grants that ended meanwhile are among what is to be closed.
        """
        ...

    async def renew(self, job: ReconcileJob) -> bool:
        """Prolongs the lease before a call.

        Returns:
            Whether the generation is still the one that the job was planned on.

        Raises:
            LeaseLostError: the row is not held by this lease any more.
        """
        ...

    async def save_observation(self, job: ReconcileJob, observation: Observation) -> None:
        """Stores an observation.

        Raises:
            LeaseLostError: the row is not held by this lease any more.
        """
        ...

    async def note_trouble(self, job: ReconcileJob, trouble: Trouble, *, at: datetime) -> None:
        """Records what keeps a target from being reconciled; since when is kept while it goes on.

        Raises:
            LeaseLostError: the row is not held by this lease any more.
        """
        ...

    async def clear_trouble(self, job: ReconcileJob) -> None:
        """Records that nothing keeps a target from being reconciled; raises as ``note_trouble`` does."""
        ...

    async def release(
        self, job: ReconcileJob, *, again: timedelta, attempts: int, kept: bool, failures: int = 0
    ) -> None:
        """Ends a reconcile run and sets the next one: at once if grants changed or a refresh was requested.

        A target that Heroku no longer has, and where nothing of ours is left, is not reconciled again.

        Args:
            job: the run that ends.
            again: delay until the next run.
            attempts: observations in a row while something was under way, this one included.
            kept: the plan was carried out, so that ``job.version`` is reconciled.
            failures: runs in a row that Heroku made fail, this one included.

        Raises:
            LeaseLostError: the row is not held by this lease any more.
        """
        ...

    async def next_due(self) -> timedelta | None:
        """Time until a row is due, zero when one is; None when none ever will be."""
        ...
