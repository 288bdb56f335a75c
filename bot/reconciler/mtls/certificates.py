"""Has client certificates made and removed, as approved changes say; never one made twice blindly."""

from collections.abc import Sequence
from uuid import UUID

from bot.domain.grant import Why
from bot.domain.mtls import endpoint, issuance
from bot.domain.mtls.certificate import Certificate
from bot.domain.mtls.issuance import IssuanceResult, IssuanceStep, issuance_progress
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind
from bot.domain.subject import CertificateId
from bot.ports import BOT, AuditContext
from bot.reconciler.membership import MembershipStatus, membership_status
from bot.reconciler.mtls.observer import MtlsReconciliation, MtlsSnapshot
from bot.reconciler.mtls.operations import Executor
from bot.reconciler.mtls.recorder import Outcome

CONCERNED = (Kind.ENABLE, Kind.ISSUE, Kind.ROTATE, Kind.DISCARD)
"""Kinds of changes for which the certificates are read at once."""


class CertificateExecutor(Executor):
    """One step a pass for each change; what it takes is read back by the passes to come."""

    async def work(
        self, turn: MtlsReconciliation, listed: list[Certificate], seen: MtlsSnapshot, outcome: Outcome
    ) -> None:
        """Does what follows from the list of certificates.

        Args:
            turn: the pass.
            listed: every certificate, just read; what is made is added. Empty where mTLS is proven to be off.
            seen: the look that this pass began with.
            outcome: where what came of it is noted.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is refused.
            LeaseLostError: the turn is over.
        """
        for change in turn.changes_of(*CONCERNED):
            if change.id in outcome.concluded:
                continue
            match change.kind:
                case Kind.DISCARD:
                    await self._discard(turn, change, listed, outcome)
                case Kind.ENABLE if endpoint.endpoint_progress(change).operational_at is not None:
                    await self._first(turn, change, listed, outcome)
                case Kind.ISSUE if seen.enabled:
                    await self._issue(turn, change, listed, outcome)
                case Kind.ISSUE if not turn.changes_of(Kind.ENABLE):
                    outcome.fail(change, Why.NOT_ENABLED)

    async def make(
        self, turn: MtlsReconciliation, change: Operation, listed: list[Certificate], outcome: Outcome
    ) -> UUID | None:
        """Has one certificate made for a change, by as many passes as it takes.

        A failure is noted in the outcome; it fails the change.

        Returns:
            Its id once it is ready.
        """
        verdict = issuance.step(
            issuance_progress(change),
            listed,
            taken=_taken(turn, change),
            at=turn.job.claimed_at,
            overdue=change.overdue,
        )
        if verdict.step is IssuanceStep.ASK:
            outcome.waiting = True
            if not _others_are_unclear(turn, change):
                await self._ask(turn, change, listed, outcome)
            return None
        return await self._follow(turn, change, verdict, outcome)

    async def _issue(
        self, turn: MtlsReconciliation, change: Operation, listed: list[Certificate], outcome: Outcome
    ) -> None:
        if await self.make(turn, change, listed, outcome) is not None:
            outcome.finish(change)

    async def _first(
        self, turn: MtlsReconciliation, change: Operation, listed: Sequence[Certificate], outcome: Outcome
    ) -> None:
        """The certificate that enabling has made by itself, for whom it was enabled."""
        verdict = endpoint.first_certificate(
            change, listed, taken=_taken(turn, change), at=turn.job.claimed_at
        )
        await self._follow(turn, change, verdict, outcome)
        if verdict.step is IssuanceStep.DONE:
            outcome.finish(change)

    async def _follow(
        self, turn: MtlsReconciliation, change: Operation, verdict: IssuanceResult, outcome: Outcome
    ) -> UUID | None:
        made, candidates = verdict.made, verdict.candidates
        match verdict.step:
            case IssuanceStep.FOUND if made is not None:
                outcome.changed = True
                await self.note(turn, change, lambda it: issuance.found(it, made))
            case IssuanceStep.FAIL:
                if candidates:
                    await self.note(turn, change, lambda it: issuance.undecided(it, candidates))
                outcome.fail(change, verdict.why)
            case IssuanceStep.DONE:
                return made
        outcome.waiting |= verdict.step is IssuanceStep.WAIT
        return None

    async def _ask(
        self, turn: MtlsReconciliation, change: Operation, listed: list[Certificate], outcome: Outcome
    ) -> None:
        name, made = turn.job.database.name, list[Certificate]()
        await self.observer.confirm_name(turn)
        intended = await self._intend(turn, change, listed, outcome)
        if intended is None:
            return

        async def create() -> None:
            made.append(await self.heroku.create_certificate(name))

        if await self.call(turn, intended, outcome, create, undo=issuance.not_asked):
            await self.note(turn, intended, lambda it: issuance.found(it, made[0].id))
            listed.extend(made)

    async def _intend(
        self, turn: MtlsReconciliation, change: Operation, listed: Sequence[Certificate], outcome: Outcome
    ) -> Operation | None:
        """Records the intent, if whoever it is for may still be let in; None for not to ask Heroku."""
        async with self.observer.holding(turn, change=change.id) as tx:
            current = await tx.changes.get(change.id)
            if current.state is not OperationState.DOING:
                return None
            match await membership_status(tx, current.owner):
                case MembershipStatus.OUTSIDER:
                    outcome.fail(change, Why.PERSON)
                    return None
                case MembershipStatus.UNKNOWN:
                    return None
            intended = issuance.asking(current, listed, at=turn.present)
            await tx.changes.move(current, intended, doing=AuditContext(actor=BOT, at=self.clock.now()))
        turn.changes[change.id] = intended
        return intended

    async def _discard(
        self, turn: MtlsReconciliation, change: Operation, listed: Sequence[Certificate], outcome: Outcome
    ) -> None:
        if not isinstance(change.subject, CertificateId):
            raise TypeError(f"{change.subject!r} is no certificate")
        id, name = change.subject.id, turn.job.database.name
        step, why = endpoint.discarding(
            endpoint.endpoint_progress(change), id, listed, at=turn.job.claimed_at, overdue=change.overdue
        )
        match step:
            case endpoint.EndpointStep.DONE:
                outcome.finish(change)
            case endpoint.EndpointStep.FAIL:
                outcome.fail(change, why)
            case endpoint.EndpointStep.ASK:
                await self._ask_to_discard(turn, change, id, name, outcome)
        outcome.waiting |= step is endpoint.EndpointStep.WAIT

    async def _ask_to_discard(
        self, turn: MtlsReconciliation, change: Operation, id: UUID, name: str, outcome: Outcome
    ) -> None:
        present = turn.present
        await self.observer.confirm_name(turn)
        asked = await self.note(turn, change, lambda it: endpoint.asking(it, at=present))
        if asked is not None:
            await self.call(
                turn,
                asked,
                outcome,
                lambda: self.heroku.discard_certificate(name, id),
                undo=endpoint.not_asked,
            )


def _taken(turn: MtlsReconciliation, change: Operation) -> frozenset[UUID]:
    """Certificates that belong to other requests, done or under way."""
    owned = {known.id for known in turn.inventory if known.request not in (None, change.request)}
    others = {issuance_progress(each).made for each in turn.changes.values() if each.id != change.id}
    return frozenset(owned | {id for id in others if id is not None})


def _others_are_unclear(turn: MtlsReconciliation, change: Operation) -> bool:
    """Whether something else may still turn up that could be mistaken for this one."""
    making = turn.changes_of(Kind.ENABLE, Kind.ISSUE, Kind.ROTATE)
    return any(issuance_progress(each).is_open for each in making if each.id != change.id)
