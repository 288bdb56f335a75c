"""Looks at one database for the keeper: within its lease, and believing absence only where it is proven."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from bot.domain.mtls import certificate
from bot.domain.mtls.certificate import Certificate, KnownCertificate
from bot.domain.mtls.endpoint import OPERATIONAL, PROVISIONING, endpoint_progress
from bot.domain.mtls.observation import IpRule, MtlsObservation
from bot.domain.mtls.plan import Entry, Known
from bot.domain.operation import Operation
from bot.domain.request import Kind
from bot.errors import (
    HerokuAmbiguousError,
    HerokuError,
    HerokuNotFoundError,
    HerokuRateLimitedError,
    HerokuUnauthorizedError,
)
from bot.ports import Heroku, MessageKind, ReconcileJob, Store, Transaction
from bot.reconciler.lease import DatabaseLeaseManager, Reconciliation

SERVER_ERROR: Final = 500
"""The status that means "not yet" while an endpoint is being made."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class MtlsSnapshot:
    """What one observation brought.

    Attributes:
        known: what the store knows, with those rules of ours that were thought gone and are listed.
        enabled: mTLS is enabled; without it the list is proven to be empty.
        settled: False while the endpoint is being made: nothing can be added yet, and nothing that is not
            listed is proven to be absent.
        status: the endpoint's, where it was asked for; None else, and where it is proven not to be there.
        rules: the complete list.
        certificates: the client certificates, as they were last read.
        certificates_at: when that was, by Postgres' clock; None when they were not, or mTLS was off since.
    """

    known: Known
    enabled: bool
    settled: bool
    rules: tuple[IpRule, ...]
    status: str | None = None
    certificates: tuple[Certificate, ...] = ()
    certificates_at: datetime | None = None


@dataclass(kw_only=True, slots=True)
class MtlsReconciliation(Reconciliation):
    """A claimed database's mTLS.

    Attributes:
        known: what the store knew of its rules when the lane was claimed.
        look: what the last look saw; None when there was none.
        changes: those under way, by their id, with what this pass has noted in them.
        inventory: certificates that were there.
    """

    known: Known
    look: MtlsObservation | None
    changes: dict[UUID, Operation] = field(default_factory=dict)
    inventory: tuple[KnownCertificate, ...] = ()

    def changes_of(self, *kinds: Kind) -> tuple[Operation, ...]:
        """Changes of some kinds that are under way, oldest first."""
        return tuple(change for change in self.changes.values() if change.kind in kinds)

    @property
    def makes_endpoint(self) -> bool:
        """Whether mTLS is being enabled on our account, so that a 500 means "not yet".

        The API answers so at times while it provisions (herokux 51bdd4f, 2020-09).
        """
        return any(endpoint_progress(change).asked_at is not None for change in self.changes_of(Kind.ENABLE))


class MtlsObserver(DatabaseLeaseManager):
    """The keeper's eyes.

    Args:
        store: the truth.
        heroku: what is looked at.
        operations: the channel that hears of a rule that was thought gone.
    """

    def __init__(self, *, store: Store, heroku: Heroku, operations: str) -> None:
        super().__init__(store=store, heroku=heroku)
        self._operations = operations

    async def look(self, turn: MtlsReconciliation) -> MtlsSnapshot:
        """Looks at the rules. Absence is only believed from a list, or from a confirmed 404.

        The list's own refusal before mTLS is enabled is not documented, so any refusal is looked into:
        the endpoint says whether mTLS is enabled, the add-on whether it is still called so.

        Raises:
            HerokuError: nothing was seen.
            LeaseLostError: the turn is over.
        """
        status: str | None = None
        if turn.changes_of(Kind.ENABLE, Kind.DISABLE):
            status = await self._endpoint(turn)
            if status != OPERATIONAL:
                off = status is None
                return MtlsSnapshot(known=turn.known, enabled=not off, settled=off, rules=(), status=status)
        self.require_time(turn)
        try:
            rules = await self._heroku.rules(turn.job.database.name)
        except (HerokuRateLimitedError, HerokuUnauthorizedError):
            raise
        except HerokuError as refused:
            return await self._look_closer(turn, refused)
        return replace(await self._welcome_back(turn, rules), status=status)

    async def certificates(self, turn: MtlsReconciliation) -> tuple[Certificate, ...]:
        """Every certificate of the database, because a change concerns them.

        Raises:
            HerokuError: nothing was seen.
            LeaseLostError: the turn is over.
        """
        self.require_time(turn)
        return await self._heroku.certificates(turn.job.database.name)

    async def read_certificates(self, turn: MtlsReconciliation, seen: MtlsSnapshot) -> MtlsSnapshot:
        """What was seen, with the certificates read anew if what is known of them is too old.

        Nothing but words hangs on them, so they are not worth a pass: where they cannot be read, or too
        little is left of the lease, what was known stays, and the next quiet pass tries again.
        """
        job = turn.job
        if not certificate.is_due(seen.certificates_at, now=job.claimed_at) or not self.has_time(turn):
            return seen
        try:
            found = await self._heroku.certificates(job.database.name)
        except HerokuError as error:
            log.warning("keeper.certificates_unread", database=job.database.name, error=str(error))
            return seen
        return replace(seen, certificates=found, certificates_at=job.claimed_at)

    async def _endpoint(self, turn: MtlsReconciliation) -> str | None:
        """The endpoint's status; None where a confirmed 404 proves that mTLS is off."""
        self.require_time(turn)
        try:
            return await self._heroku.endpoint_status(turn.job.database.name)
        except HerokuNotFoundError:
            await self.confirm_name(turn)
            return None
        except HerokuAmbiguousError as error:
            if error.status == SERVER_ERROR and turn.makes_endpoint:
                return PROVISIONING
            raise

    async def _look_closer(self, turn: MtlsReconciliation, refused: HerokuError) -> MtlsSnapshot:
        known = turn.known
        self.require_time(turn)
        try:
            status = await self._heroku.endpoint_status(turn.job.database.name)
        except HerokuNotFoundError:
            await self.confirm_name(turn)
            return MtlsSnapshot(known=known, enabled=False, settled=True, rules=())
        if status != "Provisioning" or known.entries:
            raise refused
        return MtlsSnapshot(known=known, enabled=True, settled=False, rules=())

    async def _welcome_back(self, turn: MtlsReconciliation, rules: tuple[IpRule, ...]) -> MtlsSnapshot:
        """Takes rules that a stale list once lacked for ours again: nobody else would ever remove them.

        Operations hears of it, for what was said of them meanwhile was not so. What the last look already
        saw as somebody else's is no such rule: one of ours is only thought gone by a look that lacks it.
        """
        known = turn.known
        placed = {entry.rule for entry in known.entries} | _foreign(turn.look)
        others = {rule.id: rule for rule in rules if rule.id not in placed}
        back: tuple[Entry, ...] = ()
        if others:
            async with self.holding(turn) as tx:
                back = await tx.entries.returned(turn.job, others)
                for entry in back:
                    await self._tell_of(tx, turn.job, others[entry.rule])
        known = replace(known, entries=(*known.entries, *back))
        return _with_certificates(
            turn.look, MtlsSnapshot(known=known, enabled=True, settled=True, rules=rules)
        )

    async def _tell_of(self, tx: Transaction, job: ReconcileJob, rule: IpRule) -> None:
        log.warning("keeper.returned", database=job.database.name, rule=str(rule.id))
        await tx.posts.tell(
            MessageKind.NOTICE_HEROKU_TROUBLE,
            to=self._operations,
            key=f"returned:{rule.id}:{job.lease}",
            params={"app": job.database.app, "status": "200", "id": f"listed again: {rule.network}"},
        )


def _foreign(look: MtlsObservation | None) -> frozenset[UUID]:
    """The rules of others that a look has seen."""
    return frozenset() if look is None else frozenset(rule.id for rule in look.rules) - look.ours


def _with_certificates(look: MtlsObservation | None, seen: MtlsSnapshot) -> MtlsSnapshot:
    """What was seen, with the certificates that are known already."""
    if look is None:
        return seen
    return replace(seen, certificates=look.certificates, certificates_at=look.certificates_at)
