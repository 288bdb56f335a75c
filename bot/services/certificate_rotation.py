"""A rotation on its way: what people say about the new certificate, and having it tested."""

from bot.domain.mtls import rotation
from bot.domain.mtls.rotation import Rotation, RotationStage
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind
from bot.errors import Refusal, Refused
from bot.ports import MessageKind, RequestDetails, Transaction
from bot.services.base import details_of
from bot.services.grants import Ending


class Rotating(Ending):
    """For whoever owns the new certificate, and for those who approve there."""

    async def installed(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Notes that a new certificate is installed: after the grace the old one is removed.

        Args:
            request: the rotation.
            person: Slack id of who says so: its owner, or an approver of it.
            key: as for ``ask``.

        Raises:
            Refused: it does not wait for that, or is somebody else's.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            change, found = await self._rotation(tx, request, person)
            if found.installed_at is not None and change.state in (OperationState.DOING, OperationState.DONE):
                return request
            if change.state is not OperationState.DOING or not found.waits_for_word:
                raise Refused(Refusal.ROTATION_NOT_WAITING, id=request)
            await self._goes_on(tx, change, rotation.installed(change, now=self._clock.now()), person)
            return request

        return await self._once(key, person, work)

    async def keep_old(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Notes that the old certificate is still needed: it stays until the new one is said to be installed.

        Args:
            request: the rotation.
            person: as for ``installed``.
            key: as for ``ask``.

        Raises:
            Refused: the old one is being removed, or gone; or it is somebody else's.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            change, found = await self._rotation(tx, request, person)
            if change.state is not OperationState.DOING or not found.has_both:
                raise Refused(Refusal.ROTATION_OLD_GOING, id=request)
            if found.stage is RotationStage.RESTING:
                kept = rotation.not_installed(change, now=self._clock.now())
                await self._goes_on(tx, change, kept, person)
            return request

        return await self._once(key, person, work)

    async def test(self, request: int, *, person: str, key: str) -> RequestDetails:
        """Has the bot connect with the new certificate; while it is about to, a second time changes nothing.

        Args:
            request: the rotation.
            person: as for ``installed``.
            key: as for ``ask``.

        Raises:
            Refused: there is nothing to test, it cannot be tested from here, or it is somebody else's.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            change, found = await self._rotation(tx, request, person)
            if change.state is not OperationState.DOING or not (found.testable and found.has_both):
                raise Refused(Refusal.ROTATION_NO_TEST, id=request)
            if found.test_asked_at is None:
                asked = rotation.testing(change, now=self._clock.now())
                await self._goes_on(tx, change, asked, person)
                await tx.reconcile_queue.want(change.target, change.method)
            return request

        return await self._once(key, person, work)

    async def _rotation(self, tx: Transaction, request: int, person: str) -> tuple[Operation, Rotation]:
        """A rotation, locked, for whom it belongs to; raises ``Refused`` for all others, or if it is none."""
        change = await tx.operations.of_request(request)
        if change is None or change.kind is not Kind.ROTATE:
            await details_of(tx, request)
            raise Refused(Refusal.ROTATION_NOT_WAITING, id=request)
        await self._require_own(tx, request, change.owner, person)
        return change, rotation.rotation_of(change)

    async def _goes_on(self, tx: Transaction, before: Operation, after: Operation, person: str) -> None:
        """Records what somebody said, and has it shown wherever the rotation is."""
        await tx.operations.move(before, after, doing=self._by(person))
        await tx.outbox.refresh_cards(before.request)
        await tx.outbox.refresh(rotation_key(before))


def rotation_key(change: Operation) -> str:
    """The key of the message that hands a rotation's new certificate over."""
    return f"{MessageKind.ROTATION_READY}:{rotation.rotation_of(change).new}"
