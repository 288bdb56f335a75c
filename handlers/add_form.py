"""What the forms that request an entry of an access method have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from bot.domain.times.readings import Readings, UnclearTime
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Block, InteractiveSlack
from bot.services import RequestInput, Services
from handlers.transport.payloads import ViewSubmission


class AddForm(ABC):
    """The form that requests an entry of one access method.

    Args:
        services: the use cases.
        interactive: opens forms.
    """

    def __init__(self, *, services: Services, interactive: InteractiveSlack) -> None:
        self._services = services
        self._interactive = interactive

    @abstractmethod
    async def add_view(
        self,
        request_input: RequestInput,
        t: Translator,
        *,
        remarks: Sequence[Mrkdwn] = (),
        readings: Readings = (),
    ) -> Block:
        """Returns the form, filled in, below remarks, with the readings of an unclear time.

        Raises:
            Refused: no target has the name that was typed, or there is none at all.
        """

    @abstractmethod
    async def _request_input(self, submission: ViewSubmission) -> RequestInput:
        """What a submitted form holds."""

    async def open_add(
        self,
        trigger: str,
        request_input: RequestInput,
        t: Translator,
        *,
        remarks: Sequence[Mrkdwn] = (),
        readings: Readings = (),
    ) -> None:
        """Opens the form; raises ``Refused`` as ``add_view`` does."""
        view = await self.add_view(request_input, t, remarks=remarks, readings=readings)
        await self._interactive.open_view(trigger, view)

    async def choosing_view(self, submission: ViewSubmission, unclear: UnclearTime, t: Translator) -> Block:
        """Returns the same form once more, which now asks what the time in it means."""
        return await self.add_view(await self._request_input(submission), t, readings=unclear.readings)

    async def same_view(self, submission: ViewSubmission, t: Translator) -> Block:
        """Returns the same form once more, with what was filled in."""
        return await self.add_view(await self._request_input(submission), t)
