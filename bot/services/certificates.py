"""mTLS as a whole, and client certificates from birth to burial: asking, choosing, reading what there is."""

from uuid import UUID

from bot.domain import schedule
from bot.domain.grant import Why
from bot.domain.method import Method
from bot.domain.mtls import issuance
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.observation import mtls_observation
from bot.domain.operation import Operation, OperationState
from bot.domain.person import Person
from bot.domain.policy import Rule, require_reason, rule_for
from bot.domain.request import Kind, Terms
from bot.domain.subject import CertificateId, Subject, Whole
from bot.domain.target import Database
from bot.errors import Refusal, Refused
from bot.ports import CertificateList, DisableImpact, RequestDetails, Transaction
from bot.services.access_requests import RequestInput, require_mtls
from bot.services.base import details_of
from bot.services.certificate_expiry import Minding, require_at_rest


class Certifying(Minding):
    """Every change here is an approved request; what only reads changes nothing."""

    async def enable(self, request_input: RequestInput, *, person: str, key: str) -> RequestDetails:
        """Records a wish for mTLS to be enabled on a database, pending approval.

        Args:
            wish: where, and why.
            person: Slack id of who asks, and who will own the first certificate.
            key: as for ``ask``.

        Raises:
            Refused: the person may not ask, or it is enabled already.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            database, rule, observation = await self._mtls(
                tx, request_input.target, await self._member(tx, person)
            )
            await _require_not_changing(tx, database, Kind.ENABLE, Kind.DISABLE)
            if observation is not None and observation.enabled:
                raise Refused(Refusal.MTLS_ENABLED, app=database.app)
            return await self._request_operation(
                tx, Kind.ENABLE, database, Whole(), request_input.reason, rule, person
            )

        return await self._once(key, person, work)

    async def may_disable(self, target: str | None, *, person: str) -> DisableImpact:
        """What disabling mTLS would end, before the form is opened; nothing is recorded.

        Raises:
            Refused: the person may not ask for it, or there is nothing to disable.
        """
        async with self._store.transaction() as tx:
            database, _, observation = await self._mtls(tx, target, await self._member(tx, person))
            seen = await _require_enabled(tx, database, observation)
            live = await tx.grants.running(database.id, Method.MTLS)
            certificates = await tx.certificates.present(database.id)
        requests = tuple(sorted(grant.request for grant in live))
        return DisableImpact(
            database=database, observation=seen, requests=requests, certificates=certificates
        )

    async def disable(
        self, request_input: RequestInput, *, typed: str, person: str, key: str
    ) -> RequestDetails:
        """Records a wish for mTLS to be disabled on a database, pending approval.

        Args:
            wish: where, and why.
            typed: the app's name as the person typed it, so that nobody disables another one by a slip.
            person: Slack id of who asks.
            key: as for ``ask``.

        Raises:
            Refused: the name is another one, or there is nothing to disable.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            database, rule, observation = await self._mtls(
                tx, request_input.target, await self._member(tx, person)
            )
            await _require_enabled(tx, database, observation)
            if typed.strip().casefold() != database.app.casefold():
                raise Refused(Refusal.MTLS_NAME, app=database.app)
            return await self._request_operation(
                tx, Kind.DISABLE, database, Whole(), request_input.reason, rule, person
            )

        return await self._once(key, person, work)

    async def issue(self, request_input: RequestInput, *, person: str, key: str) -> RequestDetails:
        """Records a wish for a client certificate, pending approval; the reason is its purpose.

        Raises:
            Refused: the person may not ask, or mTLS is not enabled.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            database, rule, observation = await self._mtls(
                tx, request_input.target, await self._member(tx, person)
            )
            await _require_not_changing(tx, database, Kind.DISABLE)
            enabling = await _changing(tx, database, Kind.ENABLE)
            if observation is not None and not observation.enabled and not enabling:
                raise Refused(Refusal.CERTIFICATE_OFF, app=database.app)
            return await self._request_operation(
                tx, Kind.ISSUE, database, Whole(), request_input.reason, rule, person
            )

        return await self._once(key, person, work)

    async def discard(
        self, handle: str | None, reason: str | None, *, person: str, key: str
    ) -> RequestDetails:
        """Records a wish for a certificate to be removed, pending approval: it cannot be undone.

        Args:
            handle: what people call it.
            reason: in the person's own words.
            person: Slack id of who asks: its owner, who approves there, an admin; anybody for a foreign one.
            key: as for ``ask``.

        Raises:
            Refused: there is none of that name, it is somebody else's, or it is to be removed already.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            member = await self._member(tx, person)
            known = await self._certificate(tx, handle)
            if not known.unmanaged:
                await self._require_minder(tx, known, member)
            await require_at_rest(tx, known)
            database = await self._home(tx, known)
            rule = rule_for(self._policy, target=database, method=Method.MTLS, ids=member.ids)
            subject = CertificateId(known.id)
            return await self._request_operation(tx, Kind.DISCARD, database, subject, reason, rule, person)

        return await self._once(key, person, work)

    async def pick(self, request: int, certificate: UUID, *, person: str, key: str) -> RequestDetails:
        """Says which of several certificates is the one that was made for a request.

        Args:
            request: the one whose answer was lost.
            certificate: Heroku's id of the one that it is.
            person: Slack id of who says so: whom it is for, or an approver of the request.
            key: as for ``ask``.

        Raises:
            Refused: that is not in question (any more), or it is somebody else's to say.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            change = await tx.operations.of_request(request)
            if change is None or not _offers(change, await tx.certificates.get(certificate)):
                await details_of(tx, request)
                raise Refused(Refusal.CERTIFICATE_NOT_OFFERED, id=request)
            await self._require_own(tx, request, change.owner, person)
            after, within = issuance.picked(change, certificate), schedule.OPERATION_DEADLINE
            await tx.operations.move(change, after, doing=self._by(person), within=within)
            await tx.outbox.refresh_cards(request)
            await tx.reconcile_queue.want(change.target, change.method)
            return request

        return await self._once(key, person, work)

    async def stocks(self, target: str | None, *, person: str) -> tuple[CertificateList, ...]:
        """The certificates of one database, or of all that have any or could have.

        Raises:
            Refused: the person may not look, or there is no such database.
        """
        async with self._store.transaction() as tx:
            await self._member(tx, person)
            databases = await tx.targets.all() if target is None else (await self._database(tx, target),)
            found = await tx.certificates.present(None if target is None else databases[0].id)
            observations = {
                one.id: mtls_observation(await tx.reconcile_queue.look(one.id, Method.MTLS))
                for one in databases
            }
        return tuple(
            CertificateList(
                database=one,
                observation=observations[one.id],
                certificates=tuple(known for known in found if known.target == one.id),
            )
            for one in databases
        )

    async def _mtls(
        self, tx: Transaction, word: str | None, member: Person
    ) -> tuple[Database, Rule, MtlsObservation | None]:
        """The database that is meant, the rule under which this person may ask there, and the last look."""
        database = await self._database(tx, word)
        require_mtls(database)
        rule = rule_for(self._policy, target=database, method=Method.MTLS, ids=member.ids)
        return database, rule, mtls_observation(await tx.reconcile_queue.look(database.id, Method.MTLS))

    async def _home(self, tx: Transaction, known: KnownCertificate) -> Database:
        """The database of a certificate; one that Heroku does not have any more has nothing to remove."""
        for database in await tx.targets.all():
            if database.id == known.target:
                return database
        raise Refused(Refusal.CERTIFICATE_UNKNOWN, handle=known.handle)

    async def _request_operation(
        self,
        tx: Transaction,
        kind: Kind,
        database: Database,
        subject: Subject,
        reason: str | None,
        rule: Rule,
        person: str,
    ) -> int:
        require_reason(rule, reason or "")
        terms = Terms(
            method=Method.MTLS,
            target=database.id,
            subject=subject,
            duration=None,
            until=None,
            reason=reason or "",
        )
        return await self._record(tx, kind, terms, rule, person)


def _offers(change: Operation, known: KnownCertificate | None) -> bool:
    """Whether a certificate is one of those that a person is to choose from, and still nobody's."""
    if change.state is not OperationState.FAILED or change.why is not Why.SEVERAL or known is None:
        return False
    return (
        known.unmanaged
        and known.absent_at is None
        and known.id in issuance.issuance_progress(change).candidates
    )


async def _require_enabled(
    tx: Transaction, database: Database, observation: MtlsObservation | None
) -> MtlsObservation:
    """What the last look saw, if there is something to disable."""
    await _require_not_changing(tx, database, Kind.DISABLE, Kind.ENABLE)
    if observation is None:
        raise Refused(Refusal.MTLS_UNSEEN, app=database.app)
    if not observation.enabled:
        raise Refused(Refusal.MTLS_OFF, app=database.app)
    return observation


async def _changing(tx: Transaction, database: Database, kind: Kind) -> bool:
    """Whether an approved change of a kind is under way."""
    return any(change.kind is kind for change in await tx.operations.under_way(database.id, Method.MTLS))


async def _require_not_changing(tx: Transaction, database: Database, *kinds: Kind) -> None:
    """Refuses while mTLS on the database is being enabled or disabled."""
    for kind in kinds:
        if await _changing(tx, database, kind):
            closing = kind is Kind.DISABLE
            raise Refused(Refusal.MTLS_CLOSING if closing else Refusal.MTLS_ENABLING, app=database.app)
