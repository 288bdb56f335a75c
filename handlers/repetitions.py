"""The handler of "Request again": opens the form of an access method with all that a request had."""

from collections.abc import Mapping

from bot.domain.method import Method
from bot.i18n.translator import Translator
from bot.services import Services
from handlers.add_form import AddForm
from handlers.modals import Forms


class RepetitionButtons:
    """Opens the form that asks for the same again; what it submits is judged like any other request."""

    def __init__(self, *, services: Services, forms: Forms) -> None:
        self._services = services
        self._forms: Mapping[Method, AddForm] = {
            Method.MTLS: forms.mtls,
            Method.PRIVATELINK: forms.privatelink,
            Method.TRUSTED: forms.trusted_ips,
        }

    async def open(self, request: int, *, person: str, trigger: str, t: Translator) -> None:
        """Opens the form for the person who pressed the button.

        Raises:
            Refused: they are no member, the request is not over, or its target is gone.
        """
        repetition = await self._services.repetitions.of_request(request, person=person)
        await self._forms[repetition.method].open_add(trigger, repetition.request_input, t)
