"""The buttons: deciding a request, and acting on what it opened."""

from bot.access import Access, Vote, Wish
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
            Refused: the person may not do this, or there is nothing (more) to do.
            StoreUnavailableError: nothing was recorded.
            MalformedError: it is no button of ours.
        """
        if click.action == names.ASK:
            await self._access.require_member(click.person)
            await self._forms.open_add(click.trigger, Wish(), words)
            return None
        try:
            request, version = names.read_button(click.value)
        except ValueError as error:
            raise MalformedError("a button with a value that is not ours") from error
        if click.action in (names.DENY, names.CHANGE, names.EXTEND):
            await self._open_form(click, request, version, words)
            return None
        return await self._act(click, request, version, words)

    async def _open_form(self, click: Click, request: int, version: int, words: Words) -> None:
        """Opens a form, if its end could be acted on: nobody fills in a form in vain."""
        if click.action == names.EXTEND:
            await self._access.require_member(click.person)
            case = await self._access.show(request)
        else:
            case = await self._access.may_decide(request, version=version, person=click.person)
        await self._forms.open_about(click.action, click.trigger, case, words)

    async def _act(self, click: Click, request: int, version: int, words: Words) -> Message:
        access, who = self._access, {"person": click.person, "key": click.key}
        match click.action:
            case names.APPROVE:
                vote = Vote(verdict=Verdict.APPROVE, version=version)
                case = await access.decide(request, vote, **who)
                return private.decided(case, Verdict.APPROVE, words)
            case names.DETAILS:
                await access.require_member(click.person)
                return private.showing(await access.show(request), words=words, policy=access.policy)
            case names.CANCEL:
                return private.done("cancelled", await access.cancel(request, **who), words)
            case names.DONE:
                return private.done("closing", await access.done(request, **who), words)
            case names.REVOKE:
                return private.done("closing", await access.revoke(request, **who), words)
            case names.RETRY:
                return private.done("reopened", await access.retry(request, **who), words)
            case names.RESTORE:
                return private.done("reopened", await access.restore(request, **who), words)
            case names.GIVE_UP:
                return private.done("given_up", await access.give_up(request, **who), words)
        raise MalformedError(f"a button called {click.action!r}")
