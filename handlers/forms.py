"""Forms: opened with what is known already, and read when they come back."""

from dataclasses import replace
from typing import Any, Final

from bot.access import Access, Vote, Wish
from bot.domain.request import Verdict
from bot.domain.target import choose
from bot.errors import Refusal, Refused
from bot.messages import forms, names
from bot.messages.words import Words
from bot.ports import Block, Case, Desk
from handlers import certificates, links, trusted
from handlers.certificates import CertificateForms
from handlers.fields import said
from handlers.incoming import MalformedError, Search, Submission
from handlers.links import LinkForms
from handlers.tidy import tidy
from handlers.trusted import TrustedForms

_ABOUT: Final = {
    names.DENY: forms.deny_form,
    names.CHANGE: forms.change_form,
    names.EXTEND: forms.extend_form,
}
"""The form that a button opens."""


class Forms:
    """Every form that people fill in."""

    def __init__(self, *, access: Access, desk: Desk) -> None:
        self._access = access
        self._desk = desk
        self.links = LinkForms(access=access, desk=desk)
        self.trusted = TrustedForms(access=access, desk=desk)
        self.certificates = CertificateForms(access=access, desk=desk)

    async def open_add(self, trigger: str, wish: Wish, words: Words) -> None:
        """Opens the form for an IP rule; raises ``Refused`` as `add_view` does."""
        await self._desk.open_view(trigger, await self.add_view(wish, words))

    async def add_view(self, wish: Wish, words: Words) -> Block:
        """The form for an IP rule, filled with what was typed.

        Raises:
            Refused: there is no database to ask for.
        """
        databases = await self._access.databases()
        policy = self._access.policy
        certain = wish.target or wish.enables or not databases
        chosen = choose(databases, wish.target, self._aliases) if certain else None
        filled = {
            names.FIELD_ADDRESS: wish.address,
            names.FIELD_TARGET: None if chosen is None else str(chosen.id),
            names.FIELD_DURATION: wish.duration or wish.until,
            names.FIELD_REASON: wish.reason,
        }
        return forms.add_form(
            databases=databases,
            filled=filled,
            words=words,
            needs_reason=forms.needs_reason(policy),
            enables=chosen if wish.enables else None,
        )

    async def options(self, search: Search, words: Words) -> list[Block]:
        """What fits what was typed into the search for a database.

        Raises:
            Refused: the person may not ask, and so sees no names.
        """
        await self._access.require_member(search.person)
        databases = await self._access.databases()
        return forms.options_for(databases, self._aliases, tidy(search.typed), words)

    async def open_about(self, button: str, trigger: str, case: Case, words: Words) -> None:
        """Opens the form that a button needs a word more for."""
        await self._desk.open_view(trigger, _ABOUT[button](case, words))

    async def submit(self, submission: Submission) -> None:
        """Acts on a form that was sent.

        Raises:
            Refused: something in it cannot be done as it stands.
            MalformedError: it is none of our forms.
        """
        access, who = self._access, {"person": submission.person, "key": submission.key}
        if submission.form in links.FORMS:
            await self.links.submit(submission)
            return
        if submission.form in trusted.FORMS:
            await self.trusted.submit(submission)
            return
        if submission.form in certificates.FORMS:
            await self.certificates.submit(submission)
            return
        if submission.form == names.FORM_ADD:
            await access.ask(await self._wish(submission), **who)
            return
        try:
            request, version = names.read_button(submission.data)
        except ValueError as error:
            raise MalformedError("a form with data that is not ours") from error
        wish = said(submission)
        match submission.form:
            case names.FORM_DENY:
                vote = Vote(verdict=Verdict.DENY, version=version, reason=wish.reason or "")
                await access.decide(request, vote, **who)
            case names.FORM_CHANGE:
                vote = Vote(verdict=Verdict.APPROVE, version=version, changes=wish)
                await access.decide(request, vote, **who)
            case names.FORM_EXTEND:
                await access.extend(request, wish, **who)
            case _:
                raise MalformedError(f"a form called {submission.form!r}")

    async def instead(self, submission: Submission, refused: Refused, words: Words) -> Block | None:
        """The form that takes a refused one's place, because it asks for what was missing as well.

        Returns:
            None where nothing but the sentence at its field would help.
        """
        if submission.form != names.FORM_ADD or refused.reason is not Refusal.MTLS_NOT_ENABLED:
            return None
        return await self.add_view(replace(await self._wish(submission), enables=True), words)

    @property
    def _aliases(self) -> dict[str, str]:
        return {one.alias: one.database for one in self._access.policy.targets}

    async def _wish(self, submission: Submission) -> Wish:
        """What the form says, in the words that a line would have used."""
        wish = said(submission)
        if submission.data:
            # The form said that mTLS is enabled first, on this one database.
            return replace(wish, address=wish.address or "", target=submission.data, enables=True)
        chosen = submission.values.get(names.FIELD_TARGET)
        named = {str(database.id): database.name for database in await self._access.databases()}
        return Wish(
            address=wish.address or "",
            target=named.get(chosen or "", tidy(chosen or "") or None),
            duration=wish.duration,
            until=wish.until,
            reason=wish.reason or "",
        )


def errors_at_fields(refused: Refused, submission: Submission, words: Words) -> dict[str, Any]:
    """Slack's answer that keeps the form open: the sentence at its field, or at the first one."""
    at_field = forms.field_error(refused, words)
    if at_field is None or not at_field.keys() <= submission.values.keys():
        first = next(iter(submission.values), names.FIELD_REASON)
        at_field = {first: forms.plain_text(words.refusal(refused))}
    return {"response_action": "errors", "errors": at_field}
