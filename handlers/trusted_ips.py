"""``/pgaccess trusted …``: read, and answered."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from bot.domain.method import Method
from bot.errors import Refusal, Refused
from bot.i18n.translator import Translator
from bot.ports import InteractiveSlack, Message
from bot.services import RequestInput, Services
from bot.views import action_ids, modals, responses
from bot.views.trusted_ips import modal, status
from handlers.common import asked, removed
from handlers.fields import said
from handlers.live_refresh import LiveRefresh
from handlers.parsing.clauses import Clause
from handlers.parsing.normalization import normalize_text
from handlers.parsing.parsers import Path, address_and_clauses, target_of
from handlers.transport.payloads import Command, ViewSubmission
from handlers.trusted_typed import AskTrusted, AskTrustedStatus

FORMS: Final = (action_ids.FORM_RANGE_ADD,)
"""The forms that are read here."""


def read_trusted_add(_path: Path, t: Sequence[str], example: str) -> AskTrusted:
    """A range, and any clause."""
    address, said = address_and_clauses(t, example, tuple(Clause))
    request_input = RequestInput(
        address=address,
        target=said.get(Clause.TARGET),
        duration=said.get(Clause.DURATION),
        until=said.get(Clause.UNTIL),
        reason=said.get(Clause.REASON),
    )
    return AskTrusted(verb="add", request_input=request_input)


def read_trusted_remove(_path: Path, t: Sequence[str], example: str) -> AskTrusted:
    """A range, and where and why."""
    return AskTrusted(verb="remove", request_input=_where_and_why(t, example))


def read_trusted_adopt(_path: Path, t: Sequence[str], example: str) -> AskTrusted:
    """A range, and where and why."""
    return AskTrusted(verb="adopt", request_input=_where_and_why(t, example))


def read_trusted_status(_path: Path, t: Sequence[str], example: str) -> AskTrustedStatus:
    """A space."""
    return AskTrustedStatus(target=target_of(t, example))


class TrustedForms:
    """Opens and reads the form for a range."""

    def __init__(self, *, services: Services, interactive: InteractiveSlack) -> None:
        self._services = services
        self._interactive = interactive

    async def open_add(self, trigger: str, request_input: RequestInput, t: Translator) -> None:
        """Opens the form, filled with what was typed.

        Raises:
            Refused: the space that was named is none that can be asked for.
        """
        spaces = await self._services.queries.spaces()
        if not spaces:
            raise Refused(Refusal.SPACE_NONE)
        chosen = (
            await self._services.queries.find_space(request_input.target) if request_input.target else None
        )
        filled = {
            action_ids.FIELD_ADDRESS: request_input.address,
            action_ids.FIELD_TARGET: None if chosen is None else str(chosen.id),
            action_ids.FIELD_DURATION: request_input.duration or request_input.until,
            action_ids.FIELD_REASON: request_input.reason,
        }
        needs_reason = modals.needs_reason(self._services.policy)
        view = modal.add_form(spaces=spaces, filled=filled, t=t, needs_reason=needs_reason)
        await self._interactive.open_view(trigger, view)

    async def submit(self, submission: ViewSubmission) -> None:
        """Acts on the form that was sent; raises ``Refused`` when something in it cannot be done."""
        chosen = submission.values.get(action_ids.FIELD_TARGET) or ""
        named = {str(space.id): space.name for space in await self._services.queries.spaces()}
        request_input = replace(said(submission), target=named.get(chosen, normalize_text(chosen) or None))
        await self._services.access_requests.submit(
            Method.TRUSTED, request_input, person=submission.person, key=submission.key
        )


class TrustedCommands:
    """Answers typed commands about trusted ranges."""

    def __init__(self, *, services: Services, forms: TrustedForms, live_refresh: LiveRefresh) -> None:
        self._services = services
        self._forms = forms
        self._live_refresh = live_refresh

    async def answer(
        self, command: Command, typed: AskTrusted | AskTrustedStatus, t: Translator
    ) -> Message | None:
        """Acts on a command; None when a form was opened instead of an answer.

        Raises:
            Refused: what was typed cannot be done as it stands.
            StoreUnavailableError: nothing was recorded.
        """
        services, policy = self._services, self._services.policy
        if isinstance(typed, AskTrustedStatus):
            return await self._status(command, typed, t)
        if typed.verb == "remove":
            return await removed(
                partial(services.access_requests.remove, Method.TRUSTED),
                command,
                typed.request_input,
                t=t,
                policy=policy,
            )
        if typed.verb == "add":
            open_form = self._forms.open_add
            return await asked(
                partial(services.access_requests.submit, Method.TRUSTED),
                open_form,
                command,
                typed.request_input,
                t=t,
                policy=policy,
            )
        case = await services.access_requests.adopt(
            Method.TRUSTED, typed.request_input, person=command.person, key=command.key
        )
        return responses.asked(case, t=t, policy=policy)

    async def _status(self, command: Command, typed: AskTrustedStatus, t: Translator) -> Message:
        situation = await self._services.queries.refresh_space(typed.target, person=command.person)
        draw = partial(status.status, t=t, refreshed=True)
        self._live_refresh.follow_space(situation, url=command.respond_to, draw=draw)
        return status.status(situation, t)


def _where_and_why(t: Sequence[str], example: str) -> RequestInput:
    address, said = address_and_clauses(t, example, (Clause.TARGET, Clause.REASON))
    return RequestInput(address=address, target=said.get(Clause.TARGET), reason=said.get(Clause.REASON))
