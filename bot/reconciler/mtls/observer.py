"""Observes one database's mTLS within its lease; absence is believed only where it is proven."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from bot.domain.mtls import certificate
from bot.domain.mtls.certificate import Certificate, KnownCertificate
from bot.domain.mtls.endpoint import OPERATIONAL, PROVISIONING, endpoint_progress
from bot.domain.mtls.observation import IpRule, MtlsObservation
from bot.domain.mtls.plan import OwnedRule, StoredRules, completed
from bot.domain.reports import findings
from bot.domain.request import Kind
from bot.errors import HerokuAmbiguousError, HerokuError, HerokuNotFoundError, HerokuUnknownAddonError
from bot.ports import Heroku, MessageKind, ReconcileJob, Store, Transaction
from bot.reconciler.lease import DatabaseLeaseManager
from bot.reconciler.outcome import STOPPING
from bot.reconciler.reconciliation import Reconciliation

SERVER_ERROR: Final = 500
"""The status that means "not yet" while an endpoint is being made."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class MtlsSnapshot:
    """What Heroku answered in one reconcile run.

    Attributes:
        enabled: mTLS is enabled; without it the list is proven to be empty.
        settled: False while the endpoint is being provisioned: nothing can be added yet, and nothing that is
            not listed is proven to be absent.
        status: the endpoint's, where it was read; None else, and where it is proven not to be there.
        rules: the complete list.
        certificates: the client certificates, as they were last read.
        certificates_at: when that was, by Postgres' clock; None when they were not, or mTLS was off since.
    """

    enabled: bool
    settled: bool
    rules: tuple[IpRule, ...]
    status: str | None = None
    certificates: tuple[Certificate, ...] = ()
    certificates_at: datetime | None = None


@dataclass(kw_only=True, slots=True)
class MtlsReconciliation(Reconciliation):
    """A reconcile run over a database's mTLS.

    Attributes:
        stored: what the store knows of its rules; rules that a stale list once lacked are added.
        observation: the last one; None when there was none.
        inventory: certificates that were listed last.
        adopted: unmanaged rules that this run adopts.
    """

    stored: StoredRules
    observation: MtlsObservation | None
    inventory: tuple[KnownCertificate, ...] = ()
    adopted: list[IpRule] = field(default_factory=list)

    @property
    def makes_endpoint(self) -> bool:
        """Whether mTLS is being enabled on our account, so that a 500 means "not yet".

        The API answers so at times while it provisions (herokux 51bdd4f, 2020-09).
        """
        return any(
            endpoint_progress(operation).asked_at is not None for operation in self.operations_of(Kind.ENABLE)
        )


class MtlsObserver(DatabaseLeaseManager):
    """Reads a database's endpoint, rules and certificates.

    Args:
        store: the source of truth.
        heroku: what is observed.
        operations: the channel that hears of a rule that was marked absent and is listed again.
    """

    def __init__(self, *, store: Store, heroku: Heroku, operations: str) -> None:
        super().__init__(store=store, heroku=heroku)
        self._operations = operations

    async def observe(self, run: MtlsReconciliation) -> MtlsSnapshot:
        """Reads the rules. Absence is only believed from a list, or from a confirmed 404.

        The list's own refusal before mTLS is enabled is not documented, so any refusal is looked into:
        the endpoint says whether mTLS is enabled, the add-on whether it is still called so.

        Raises:
            HerokuError: nothing was observed.
            LeaseLostError: the lease is lost.
        """
        status: str | None = None
        if run.operations_of(Kind.ENABLE, Kind.DISABLE):
            status = await self._endpoint(run)
            if status != OPERATIONAL:
                off = status is None
                return MtlsSnapshot(enabled=not off, settled=off, rules=(), status=status)
        self.require_time(run)
        # The list may be refused for three reasons: mTLS is off, not ready yet, or the database was renamed.
        try:
            rules = await self._heroku.rules(run.job.database)
        except STOPPING:
            raise
        except HerokuUnknownAddonError:
            # Its name may be another one by now.
            await self.confirm_name(run)
            raise
        except HerokuError as refused:
            return await self._observe_endpoint(run, refused)
        await self._restore(run, rules)
        rules = completed(rules, run.stored, before=() if run.observation is None else run.observation.rules)
        seen = MtlsSnapshot(enabled=True, settled=True, rules=rules, status=status)
        return _with_certificates(run.observation, seen)

    async def certificates(self, run: MtlsReconciliation) -> tuple[Certificate, ...]:
        """Reads every certificate of the database, because an operation concerns them.

        Raises:
            HerokuError: nothing was observed.
            LeaseLostError: the lease is lost.
        """
        self.require_time(run)
        return certificate.completed(await self._heroku.certificates(run.job.database), run.inventory)

    async def read_certificates(self, run: MtlsReconciliation, seen: MtlsSnapshot) -> MtlsSnapshot:
        """Adds the certificates, read anew if what is known of them is too old.

        Only messages depend on them, so they are not worth failing a run: where they cannot be read, or too
        little is left of the lease, what was known stays, and the next quiet run tries again.
        """
        job = run.job
        if not certificate.is_due(seen.certificates_at, now=job.claimed_at) or not self.has_time(run):
            return seen
        try:
            found = await self._heroku.certificates(job.database)
        except HerokuError as error:
            log.warning("reconciler.certificates_unread", database=job.database.name, error=str(error))
            return seen
        found = certificate.completed(found, run.inventory)
        return replace(seen, certificates=found, certificates_at=job.claimed_at)

    async def _endpoint(self, run: MtlsReconciliation) -> str | None:
        """The endpoint's status; None where a confirmed 404 proves that mTLS is off."""
        self.require_time(run)
        try:
            return await self._heroku.endpoint_status(run.job.database)
        except HerokuUnknownAddonError:
            await self.confirm_name(run)
            raise
        except HerokuNotFoundError:
            await self.confirm_absence(run)
            return None
        except HerokuAmbiguousError as error:
            # Without an enabling of our own a 500 is an outage, and nothing is concluded from it.
            if error.status == SERVER_ERROR and run.makes_endpoint:
                return PROVISIONING
            raise

    async def _observe_endpoint(self, run: MtlsReconciliation, refused: HerokuError) -> MtlsSnapshot:
        """Reads the endpoint where the list was refused: it may be off, or not ready yet."""
        self.require_time(run)
        try:
            status = await self._heroku.endpoint_status(run.job.database)
        except HerokuNotFoundError:
            await self.confirm_absence(run)
            return MtlsSnapshot(enabled=False, settled=True, rules=())
        if status != PROVISIONING or run.stored.entries:
            raise refused
        return MtlsSnapshot(enabled=True, settled=False, rules=())

    async def _restore(self, run: MtlsReconciliation, rules: tuple[IpRule, ...]) -> None:
        """Restores rules marked absent that the list shows again: nobody else would ever remove them.

        Operations hears of it, for messages about them have been wrong meanwhile. What the last observation
        already showed as unmanaged is no such rule: an owned one is marked absent only by a list without it.
        """
        placed = {entry.key for entry in run.stored.entries} | _unmanaged(run.observation)
        others = {rule.id: rule for rule in rules if rule.id not in placed}
        if not others:
            return
        restored: tuple[OwnedRule, ...] = ()
        async with self.holding(run) as tx:
            restored = await tx.mtls_rules.restore(run.job, others)
            for entry in restored:
                await self._report_restored(tx, run.job, others[entry.key])
        run.stored = replace(run.stored, entries=(*run.stored.entries, *restored))

    async def _report_restored(self, tx: Transaction, job: ReconcileJob, rule: IpRule) -> None:
        log.warning("reconciler.restored", database=job.database.name, rule=str(rule.id))
        await tx.outbox.add(
            MessageKind.RULE_RESTORED,
            to=self._operations,
            key=f"{MessageKind.RULE_RESTORED}:{rule.id}:{job.lease}",
            params={"app": job.database.label, "network": str(rule.network)},
            about=(findings.restored(job.target.id, rule.id),),
        )


def _unmanaged(observation: MtlsObservation | None) -> frozenset[UUID]:
    """The unmanaged rules that an observation shows."""
    return (
        frozenset()
        if observation is None
        else frozenset(rule.id for rule in observation.rules) - observation.ours
    )


def _with_certificates(observation: MtlsObservation | None, seen: MtlsSnapshot) -> MtlsSnapshot:
    """Adds the certificates that are known already."""
    if observation is None:
        return seen
    return replace(seen, certificates=observation.certificates, certificates_at=observation.certificates_at)
