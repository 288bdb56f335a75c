"""Departures in the store: targets that Heroku no longer has, and what is still recorded of them."""

from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from bot.domain.grant import Grant
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.mtls.download_link import DownloadLink
from bot.domain.operation import Operation
from bot.domain.target import Target
from bot.ports.values import AuditContext


class Departures(Protocol):
    """Targets that no discovery finds any more: whether they are gone is proven, never concluded."""

    async def missing(self, *, limit: int) -> tuple[Target, ...]:
        """Lists targets that the last discovery did not find and that are not proven to be gone."""
        ...

    async def record_absence(self, target: UUID, *, apart: timedelta, doing: AuditContext) -> bool:
        """Records Heroku's answer that a target does not exist.

        It proves nothing, and counts as the first one, if the target was observed since the first one. Where
        one discovery has missed several targets, it proves something only once the reconciler is told, too,
        that this one does not exist.

        Args:
            target: one that the last discovery did not find.
            apart: how long ago the first such answer has to be for this one to prove it.
            doing: for the audit line of the proof.

        Returns:
            Whether the target is proven to be gone.
        """
        ...

    async def lost_together(self, target: UUID) -> tuple[datetime, tuple[Target, ...]] | None:
        """Reads which targets were missed by the discovery that no longer found one.

        Returns:
            The Postgres time of that discovery, and the targets, that one among them; None while it is found.
        """
        ...

    async def record_presence(self, target: UUID) -> None:
        """Records that a target exists although no list shows it: earlier answers are void."""
        ...

    async def gone(self) -> tuple[Target, ...]:
        """Lists the targets that are proven to be gone, newest first; at most 200."""
        ...

    async def unsettled(self, *, limit: int) -> tuple[Target, ...]:
        """Lists targets that are gone and of which something is still recorded as if they were there."""
        ...

    async def pending_of(self, target: UUID) -> tuple[int, ...]:
        """Lists the numbers of the pending requests about a target, locked, in their order."""
        ...

    async def grants_of(self, target: UUID) -> tuple[Grant, ...]:
        """Lists a target's grants that have not ended, locked until the transaction ends."""
        ...

    async def failed_of(self, target: UUID) -> tuple[int, ...]:
        """Lists the numbers of the requests whose grants or operations at a target have failed."""
        ...

    async def operations_of(self, target: UUID) -> tuple[Operation, ...]:
        """Lists a target's unfinished operations, locked until the transaction ends."""
        ...

    async def links_of(self, target: UUID) -> tuple[DownloadLink, ...]:
        """Lists the unused download links to a target's certificates, locked until the transaction ends."""
        ...

    async def findings_of(self, target: UUID) -> tuple[str, ...]:
        """Lists the findings about a target that a message still reports, by name."""
        ...

    async def forget_entries(self, target: UUID) -> tuple[KnownCertificate, ...]:
        """Records that everything owned at a target went with it, and that nothing is observed there.

        Returns:
            The certificates that were usable until then.
        """
        ...

    async def restore_entries(self, target: UUID, *, since: datetime) -> tuple[int, ...]:
        """Records as there again what bears no marker at Heroku and was recorded as gone with a target.

        Rules bear one: the reconciler restores those that are listed again. The next observation records as
        gone what is not there.

        Args:
            target: one that is back.
            since: Postgres time of the proof that it was gone.

        Returns:
            Numbers of the requests whose certificates these are.
        """
        ...
