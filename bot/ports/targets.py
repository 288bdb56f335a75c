"""Databases and spaces as they are kept, and the keeper's turns with them."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from bot.domain.method import Method
from bot.domain.observation import Observation
from bot.domain.target import Database, Space
from bot.ports.values import ReconcileJob


class Targets(Protocol):
    """Databases and spaces: what Heroku has."""

    async def all(self) -> tuple[Database, ...]:
        """Every database that the last discovery found, by app name."""
        ...

    async def spaces(self) -> tuple[Space, ...]:
        """Every space that the last discovery found, by name."""
        ...

    async def called(self, name: str, method: Method) -> tuple[tuple[Database, Observation | None], ...]:
        """The databases among them that are called so, or whose app is, however it is capitalised.

        Each comes with what the last look at a method of it saw.
        """
        ...

    async def discovered(self, databases: Iterable[Database], spaces: Iterable[Space]) -> None:
        """Records a complete discovery: new ones appear, names follow, missing ones are marked gone."""
        ...

    async def renamed(self, database: UUID, name: str) -> None:
        """Records an add-on's new name."""
        ...


class ReconcileQueue(Protocol):
    """The keeper's turns: one lane for each method of each target, and what the last look at it saw."""

    async def look(self, target: UUID, method: Method) -> Observation | None:
        """What the last look saw."""
        ...

    async def observed_at(
        self, ways: Collection[tuple[UUID, Method]]
    ) -> Mapping[tuple[UUID, Method], datetime]:
        """When lanes were last looked at; those that never were are left out."""
        ...

    async def want(self, target: UUID, method: Method) -> None:
        """Raises the wanted version and makes the lane due: its grants or changes have changed."""
        ...

    async def want_all(self, lanes_touched: Collection[tuple[UUID, Method]]) -> None:
        """Does the same to many lanes at once."""
        ...

    async def refresh_all(self) -> None:
        """Makes every lane due: time has jumped."""
        ...

    async def request_refresh(self, *seen: UUID) -> None:
        """Makes every method of some targets due: somebody wants to see the present."""
        ...

    async def claim(self) -> ReconcileJob | None:
        """Takes a lane that is due, with a lease: those whose grants have changed before others."""
        ...

    async def renew(self, job: ReconcileJob) -> bool:
        """Prolongs the lease before a call.

        Returns:
            Whether the grants are still those that the job was planned on.

        Raises:
            LeaseLostError: the lease is not ours any more.
        """
        ...

    async def observed(self, job: ReconcileJob, observation: Observation) -> None:
        """Keeps what a pass saw."""
        ...

    async def release(
        self, job: ReconcileJob, *, again: timedelta, attempts: int, kept: bool, failures: int = 0
    ) -> None:
        """Ends the pass and sets the next look: at once if grants changed or somebody asked for it meanwhile.

        A target that Heroku does not have any more, and that nothing of ours is left of, is not looked at
        again.

        Args:
            job: the turn that ends.
            again: how long until the next look.
            attempts: looks in a row while something is under way, this one included.
            kept: whether the plan was carried out, so that ``job.version`` is satisfied.
            failures: passes that Heroku spoilt, this one included.
        """
        ...

    async def next_due(self) -> timedelta | None:
        """How long until a lane is due (zero when one is); None when none is to be looked at."""
        ...
