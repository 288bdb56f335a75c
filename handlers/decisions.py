"""The buttons of a request: Approve, Deny and Details."""

from bot.access import Access
from bot.domain.request import Verdict
from bot.messages import names, private
from bot.messages.words import Words
from bot.ports import Message
from handlers.forms import Forms
from handlers.incoming import Click, MalformedError


class Decisions:
    """Answers clicks."""

    def __init__(self, *, access: Access, forms: Forms) -> None:
        self._access = access
        self._forms = forms

    async def answer(self, click: Click, words: Words) -> Message | None:
        """Acts on a click; None when a form was opened instead of an answer.

        Raises:
            Refused: the person may not decide, or there is nothing (more) to decide.
            StoreUnavailableError: nothing was recorded.
            MalformedError: it is no button of ours.
        """
        try:
            request, version = names.read_button(click.value)
        except ValueError as error:
            raise MalformedError("a button with a value that is not ours") from error
        match click.action:
            case names.APPROVE:
                case = await self._access.decide(
                    request, Verdict.APPROVE, version=version, person=click.person, key=click.key
                )
                return private.decided(case, Verdict.APPROVE, words)
            case names.DENY:
                case = await self._access.may_decide(request, version=version, person=click.person)
                await self._forms.open_deny(click.trigger, case, words)
                return None
            case names.DETAILS:
                case = await self._access.show(request)
                return private.showing(case, words=words, policy=self._access.policy)
        raise MalformedError(f"a button called {click.action!r}")
