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
    observation: MtlsObservation | None
    operations: dict[UUID, Operation] = field(default_factory=dict)
    inventory: tuple[KnownCertificate, ...] = ()

    def operations_of(self, *kinds: Kind) -> tuple[Operation, ...]:
        """Changes of some kinds that are under way, oldest first."""
        return tuple(operation for operation in self.operations.values() if operation.kind in kinds)

    @property
    def makes_endpoint(self) -> bool:
        """Whether mTLS is being enabled on our account, so that a 500 means "not yet".

        The API answers so at times while it provisions (herokux 51bdd4f, 2020-09).
        """
        return any(
            endpoint_progress(operation).asked_at is not None for operation in self.operations_of(Kind.ENABLE)
        )


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

    async def observe(self, run: MtlsReconciliation) -> MtlsSnapshot:
        """Looks at the rules. Absence is only believed from a list, or from a confirmed 404.

        The list's own refusal before mTLS is enabled is not documented, so any refusal is looked into:
        the endpoint says whether mTLS is enabled, the add-on whether it is still called so.

        Raises:
            HerokuError: nothing was seen.
            LeaseLostError: the turn is over.
        """
        status: str | None = None
        if run.operations_of(Kind.ENABLE, Kind.DISABLE):
            status = await self._endpoint(run)
            if status != OPERATIONAL:
                off = status is None
                return MtlsSnapshot(known=run.known, enabled=not off, settled=off, rules=(), status=status)
        self.require_time(run)
        try:
            rules = await self._heroku.rules(run.job.database.name)
        except (HerokuRateLimitedError, HerokuUnauthorizedError):
            raise
        except HerokuError as refused:
            return await self._look_closer(run, refused)
        return replace(await self._welcome_back(run, rules), status=status)

    async def certificates(self, run: MtlsReconciliation) -> tuple[Certificate, ...]:
        """Every certificate of the database, because a change concerns them.

        Raises:
            HerokuError: nothing was seen.
            LeaseLostError: the turn is over.
        """
        self.require_time(run)
        return await self._heroku.certificates(run.job.database.name)

    async def read_certificates(self, run: MtlsReconciliation, seen: MtlsSnapshot) -> MtlsSnapshot:
        """What was seen, with the certificates read anew if what is known of them is too old.

        Nothing but words hangs on them, so they are not worth a pass: where they cannot be read, or too
        little is left of the lease, what was known stays, and the next quiet pass attempts again.
        """
        job = run.job
        if not certificate.is_due(seen.certificates_at, now=job.claimed_at) or not self.has_time(run):
            return seen
        try:
            found = await self._heroku.certificates(job.database.name)
        except HerokuError as error:
            log.warning("reconciler.certificates_unread", database=job.database.name, error=str(error))
            return seen
        return replace(seen, certificates=found, certificates_at=job.claimed_at)

    async def _endpoint(self, run: MtlsReconciliation) -> str | None:
        """The endpoint's status; None where a confirmed 404 proves that mTLS is off."""
        self.require_time(run)
        try:
            return await self._heroku.endpoint_status(run.job.database.name)
        except HerokuNotFoundError:
            await self.confirm_name(run)
            return None
        except HerokuAmbiguousError as error:
            if error.status == SERVER_ERROR and run.makes_endpoint:
                return PROVISIONING
            raise

    async def _look_closer(self, run: MtlsReconciliation, refused: HerokuError) -> MtlsSnapshot:
        known = run.known
        self.require_time(run)
        try:
            status = await self._heroku.endpoint_status(run.job.database.name)
        except HerokuNotFoundError:
            await self.confirm_name(run)
            return MtlsSnapshot(known=known, enabled=False, settled=True, rules=())
        if status != "Provisioning" or known.entries:
            raise refused
        return MtlsSnapshot(known=known, enabled=True, settled=False, rules=())

    async def _welcome_back(self, run: MtlsReconciliation, rules: tuple[IpRule, ...]) -> MtlsSnapshot:
        """Takes rules that a stale list once lacked for ours again: nobody else would ever remove them.

        Operations hears of it, for what was said of them meanwhile was not so. What the last look already
        saw as somebody else's is no such rule: one of ours is only thought gone by a look that lacks it.
        """
        known = run.known
        placed = {entry.rule for entry in known.entries} | _unmanaged(run.observation)
        others = {rule.id: rule for rule in rules if rule.id not in placed}
        back: tuple[Entry, ...] = ()
        if others:
            async with self.holding(run) as tx:
                back = await tx.mtls_rules.returned(run.job, others)
                for entry in back:
                    await self._tell_of(tx, run.job, others[entry.rule])
        known = replace(known, entries=(*known.entries, *back))
        return _with_certificates(
            run.observation, MtlsSnapshot(known=known, enabled=True, settled=True, rules=rules)
        )

    async def _tell_of(self, tx: Transaction, job: ReconcileJob, rule: IpRule) -> None:
        log.warning("reconciler.returned", database=job.database.name, rule=str(rule.id))
        await tx.outbox.tell(
            MessageKind.HEROKU_TROUBLE,
            to=self._operations,
            key=f"returned:{rule.id}:{job.lease}",
            params={"app": job.database.app, "status": "200", "id": f"listed again: {rule.network}"},
        )


def _unmanaged(observation: MtlsObservation | None) -> frozenset[UUID]:
    """The rules of others that a look has seen."""
    return (
        frozenset()
        if observation is None
        else frozenset(rule.id for rule in observation.rules) - observation.ours
    )


def _with_certificates(observation: MtlsObservation | None, seen: MtlsSnapshot) -> MtlsSnapshot:
    """What was seen, with the certificates that are known already."""
    if observation is None:
        return seen
    return replace(seen, certificates=observation.certificates, certificates_at=observation.certificates_at)
