"""Handlers of ``/pgaccess advise``: questions, a recommendation, and the form that requests it."""

from collections.abc import Mapping
from typing import Final

from bot.domain.advice import Answers, Length, Need, Origin
from bot.i18n.translator import Translator
from bot.ports import Block, InteractiveSlack
from bot.services import RequestInput, Services
from bot.views import action_ids
from bot.views import advice as advising
from handlers.form_values import chosen_database, target_name
from handlers.modals import Forms
from handlers.parsing.intents import Intent
from handlers.parsing.normalization import normalize_text
from handlers.transport.payload_model import MalformedError, read_value
from handlers.transport.payloads import BlockAction, SlashCommand, ViewSubmission

BUTTONS: Final = frozenset(
    {action_ids.ADVISE, action_ids.ADVISE_MTLS, action_ids.ADVISE_PRIVATELINK, action_ids.ADVISE_COMPARE}
)
"""Action ids of the buttons that are answered here."""


class Advisor:
    """Asks questions, recommends an access method, and opens its form."""

    def __init__(self, *, services: Services, interactive: InteractiveSlack, forms: Forms) -> None:
        self._services = services
        self._interactive = interactive
        self._forms = forms

    async def advise(self, command: SlashCommand, intent: Intent, t: Translator) -> None:
        """Opens the questions for the database that was typed."""
        await self._open(command.trigger, intent.input.target, t)

    async def answer(self, submission: ViewSubmission, t: Translator) -> Block:
        """Returns the view that follows the questions.

        Raises:
            Refused: there is no such database, or the person is no member.
            MalformedError: an answer is none of those that were offered.
        """
        await self._services.members.require(submission.person)
        target = normalize_text(submission.values.get(action_ids.FIELD_TARGET) or "")
        answers = _answers(submission.values)
        database, advice = await self._services.advice.advise(target, answers)
        return advising.recommendation(database, advice, answers.length, t)

    async def click(self, click: BlockAction, t: Translator) -> None:
        """Acts on a button: opens the questions, the comparison, or the form with what is known filled in.

        Raises:
            Refused: there is no such database any more, or the person is no member.
            MalformedError: the button's value is not ours.
        """
        # Checked at every click: a view stays open for as long as a person leaves it, and they may have been
        # deactivated since.
        await self._services.members.require(click.person)
        match click.action:
            case action_ids.ADVISE:
                await self._open(click.trigger, None, t)
            case action_ids.ADVISE_COMPARE:
                await self._interactive.push_view(click.trigger, advising.comparison(t))
            case action_ids.ADVISE_MTLS:
                view = await self._forms.mtls.add_view(await self._request_input(click.value), t)
                await self._interactive.push_view(click.trigger, view)
            case action_ids.ADVISE_PRIVATELINK:
                view = await self._forms.privatelink.add_view(await self._request_input(click.value), t)
                await self._interactive.push_view(click.trigger, view)
            case _:
                raise MalformedError(f"a button called {click.action!r}")

    async def _open(self, trigger: str, target: str | None, t: Translator) -> None:
        databases = await self._services.queries.databases()
        database = chosen_database(databases, target, self._services.policy)
        chosen = None if database is None else str(database.id)
        await self._interactive.open_view(
            trigger, advising.questions(databases=databases, chosen=chosen, t=t)
        )

    async def _request_input(self, value: str) -> RequestInput:
        id, length = read_value(advising.read_button_data, value)
        target = target_name(id, await self._services.queries.databases())
        return RequestInput(target=target, duration=advising.DURATIONS.get(length))


def _answers(values: Mapping[str, str | None]) -> Answers:
    region = values.get(action_ids.FIELD_REGION)
    try:
        return Answers(
            need=Need(values.get(action_ids.FIELD_NEED) or ""),
            origin=Origin(values.get(action_ids.FIELD_ORIGIN) or ""),
            region=None if region == advising.UNKNOWN else region,
            length=Length(values.get(action_ids.FIELD_LENGTH) or ""),
            production=values.get(action_ids.FIELD_PRODUCTION) == advising.YES,
        )
    except ValueError as error:
        raise MalformedError("an answer that was not offered") from error
