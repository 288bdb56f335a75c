"""The buttons: deciding a request, and acting on what it opened."""

from bot.access import Access, Vote, Wish
from bot.domain.request import Verdict
from bot.messages import names, private, trusted
from bot.messages.words import Words
from bot.ports import Message
from handlers.certificates import CertificateCommands
from handlers.files import FileLinks
from handlers.forms import Forms
from handlers.incoming import Click, MalformedError
from handlers.minding import BUTTONS, Minding


class Decisions:
    """Answers clicks."""

    def __init__(self, *, access: Access, forms: Forms, files: FileLinks) -> None:
        self._access = access
        self._files = files
        self._forms = forms
        self._minding = Minding(access=access)
        self._certificates = CertificateCommands(access=access, forms=forms.certificates)

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
        if click.action.startswith(names.PICK):
            return await self._certificates.pick(click, words)
        try:
            request, version = names.read_button(click.value)
        except ValueError as error:
            raise MalformedError("a button with a value that is not ours") from error
        if click.action in (names.DENY, names.CHANGE, names.EXTEND):
            await self._open_form(click, request, version, words)
            return None
        if click.action in BUTTONS:
            return await self._minding.press(click, request, words)
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
                return private.tried_again(await access.retry(request, **who), words)
            case names.RESTORE:
                return private.done("reopened", await access.restore(request, **who), words)
            case names.FILES:
                return await self._files.answer(str(request), click, words)
            case names.SUPPORT_DONE | names.SUPPORT_WEB:
                web_only = click.action == names.SUPPORT_WEB
                case = await access.answer_for_support(request, web_only=web_only, **who)
                return trusted.settled(case, words, web_only=web_only)
            case names.GIVE_UP:
                return private.done("given_up", await access.give_up(request, **who), words)
        raise MalformedError(f"a button called {click.action!r}")
