"""Certificates that grow old: ``/pgaccess mtls certificate rotate``, and the buttons of their reminders."""

from collections.abc import Sequence
from typing import Final

from bot.i18n.translator import Translator
from bot.ports import Message
from bot.services import Services
from bot.views import action_ids, responses
from bot.views.mtls import expiry, rotation
from handlers.parsing.clauses import Clause, split
from handlers.parsing.intents import AskRotate
from handlers.parsing.normalization import bare
from handlers.parsing.parsers import Path, clauses_behind
from handlers.transport.payloads import BlockAction, Command, MalformedError

BUTTONS: Final = frozenset(
    {
        action_ids.ACKNOWLEDGE,
        action_ids.SNOOZE,
        action_ids.ROTATE,
        action_ids.INSTALLED,
        action_ids.KEEP_OLD,
        action_ids.TEST,
    }
)
"""The buttons that are answered here."""


def read_rotate(_path: Path, t: Sequence[str], example: str) -> AskRotate:
    """What people call a certificate, and why."""
    before, after = split(t)
    said = clauses_behind(before[1:], after, example, (Clause.REASON,))
    handle = bare(before[0]).removeprefix("#").removesuffix("番") if before else ""
    return AskRotate(handle=handle or None, reason=said.get(Clause.REASON))


class CertificateExpiryButtons:
    """Answers what is typed and pressed about the end of certificates."""

    def __init__(self, *, services: Services) -> None:
        self._services = services

    async def answer(self, command: Command, typed: AskRotate, t: Translator) -> Message:
        """Asks for a rotation.

        Raises:
            Refused: it cannot be asked for as it stands.
            StoreUnavailableError: nothing was recorded.
        """
        case = await self._services.certificate_rotation.rotate(
            typed.handle, typed.reason, person=command.person, key=command.key
        )
        return responses.asked(case, t=t, policy=self._services.policy)

    async def press(self, click: BlockAction, request: int, t: Translator) -> Message:
        """Acts on a button of a reminder.

        Args:
            click: as it came.
            request: of the certificate; of the rotation, where it is to be said that that is installed.
            words: the person's language.

        Raises:
            Refused: the person may not do this, or there is nothing (more) to do.
            StoreUnavailableError: nothing was recorded.
            MalformedError: it is none of these buttons.
        """
        services, person, key = self._services, click.person, click.key
        match click.action:
            case action_ids.ACKNOWLEDGE:
                return expiry.acknowledged(
                    await services.certificate_expiry.acknowledge(request, person=person, key=key), t
                )
            case action_ids.SNOOZE:
                return expiry.snoozed(
                    await services.certificate_expiry.snooze(request, person=person, key=key), t
                )
            case action_ids.ROTATE:
                case = await services.certificate_rotation.rotate(str(request), None, person=person, key=key)
                return responses.asked(case, t=t, policy=services.policy)
            case action_ids.INSTALLED:
                return rotation.installed(
                    await services.certificate_rotation.confirm_installed(request, person=person, key=key), t
                )
            case action_ids.KEEP_OLD:
                return rotation.kept(
                    await services.certificate_rotation.keep_old(request, person=person, key=key), t
                )
            case action_ids.TEST:
                return rotation.testing(
                    await services.certificate_rotation.test(request, person=person, key=key), t
                )
        raise MalformedError(f"a button called {click.action!r}")
