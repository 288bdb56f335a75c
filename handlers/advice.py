"""``/pgaccess advise``: a few questions, one recommendation, and the form that asks for it."""

from collections.abc import Mapping
from typing import Final

from bot.domain.advice import Answers, Length, Need, Origin
from bot.domain.target import choose
from bot.i18n.translator import Translator
from bot.ports import Block, InteractiveSlack
from bot.services import RequestInput, Services
from bot.views import action_ids
from bot.views import advice as advising
from handlers.modals import Forms
from handlers.parsing.normalization import normalize_text
from handlers.transport.payloads import BlockAction, MalformedError, ViewSubmission

BUTTONS: Final = frozenset(
    {action_ids.ADVISE, action_ids.ADVISE_MTLS, action_ids.ADVISE_PRIVATELINK, action_ids.ADVISE_COMPARE}
)
"""Buttons that are answered here."""


class Advisor:
    """Asks, recommends, and leads on."""

    def __init__(self, *, services: Services, interactive: InteractiveSlack, forms: Forms) -> None:
        self._services = services
        self._interactive = interactive
        self._forms = forms

    async def open(self, trigger: str, target: str | None, t: Translator) -> None:
        """Opens the questions, with the database chosen that was named.

        Raises:
            Refused: no database is called so, or there is none at all.
        """
        databases = await self._services.queries.databases()
        aliases = {one.alias: one.database for one in self._services.policy.targets}
        chosen = choose(databases, target, aliases) if target or not databases else None
        id = None if chosen is None else str(chosen.id)
        await self._interactive.open_view(trigger, advising.questions(databases=databases, chosen=id, t=t))

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
        """Follows a button: to the questions, to the table, or on to the form, filled.

        Raises:
            Refused: there is no such database any more, or the person is no member.
            MalformedError: the button's value is not ours.
        """
        await self._services.members.require(click.person)
        match click.action:
            case action_ids.ADVISE:
                await self.open(click.trigger, None, t)
            case action_ids.ADVISE_COMPARE:
                await self._interactive.push_view(click.trigger, advising.comparison(t))
            case action_ids.ADVISE_MTLS:
                view = await self._forms.add_view(await self._request_input(click.value), t)
                await self._interactive.push_view(click.trigger, view)
            case action_ids.ADVISE_PRIVATELINK:
                view = await self._forms.links.add_view(await self._request_input(click.value), t)
                await self._interactive.push_view(click.trigger, view)
            case _:
                raise MalformedError(f"a button called {click.action!r}")

    async def _request_input(self, value: str) -> RequestInput:
        try:
            id, length = advising.read_button_data(value)
        except ValueError as error:
            raise MalformedError("a button with a value that is not ours") from error
        named = {str(database.id): database.name for database in await self._services.queries.databases()}
        return RequestInput(target=named.get(id, id), duration=advising.DURATIONS.get(length))


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
