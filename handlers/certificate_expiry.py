"""Handlers of the buttons about certificates that expire soon and certificates that were rotated."""

from collections.abc import Awaitable, Callable, Mapping

from bot.i18n.translator import Translator
from bot.ports import Message
from bot.services import Services
from bot.views import action_ids, responses
from bot.views.mtls import expiry, rotation
from handlers.transport.payloads import BlockAction


class CertificateExpiryButtons:
    """Answers the buttons of expiry reminders and of rotations.

    Attributes:
        handlers: by action id. Each takes the press, the number of the request that the certificate came from
            (of the rotation for ``INSTALLED``, ``KEEP_OLD`` and ``TEST``), the step of the reminder and the
            person's language, and raises ``Refused`` or ``StoreUnavailableError``.
    """

    def __init__(self, *, services: Services) -> None:
        self._services = services
        self.handlers: Mapping[str, Callable[[BlockAction, int, int, Translator], Awaitable[Message]]] = {
            action_ids.ACKNOWLEDGE: self._acknowledge,
            action_ids.SNOOZE: self._snooze,
            action_ids.ROTATE: self._rotate,
            action_ids.INSTALLED: self._installed,
            action_ids.KEEP_OLD: self._keep_old,
            action_ids.TEST: self._test,
        }

    async def _acknowledge(self, click: BlockAction, request: int, step: int, t: Translator) -> Message:
        certificate = await self._services.certificate_expiry.acknowledge(
            request, person=click.person, key=click.key, step=step
        )
        return expiry.acknowledged(certificate, t)

    async def _snooze(self, click: BlockAction, request: int, step: int, t: Translator) -> Message:
        certificate = await self._services.certificate_expiry.snooze(
            request, person=click.person, key=click.key, step=step
        )
        return expiry.snoozed(certificate, t)

    async def _rotate(self, click: BlockAction, request: int, step: int, t: Translator) -> Message:
        await self._services.certificate_expiry.require_last(request, step=step)
        details = await self._services.certificate_rotation.rotate(
            str(request), None, person=click.person, key=click.key
        )
        return responses.submitted(details, t=t, policy=self._services.policy)

    async def _installed(self, click: BlockAction, request: int, _step: int, t: Translator) -> Message:
        return rotation.installed(
            await self._services.certificate_rotation.confirm_installed(
                request, person=click.person, key=click.key
            ),
            t,
        )

    async def _keep_old(self, click: BlockAction, request: int, _step: int, t: Translator) -> Message:
        return rotation.kept_old(
            await self._services.certificate_rotation.keep_old(request, person=click.person, key=click.key), t
        )

    async def _test(self, click: BlockAction, request: int, _step: int, t: Translator) -> Message:
        return rotation.testing(
            await self._services.certificate_rotation.test(request, person=click.person, key=click.key), t
        )
