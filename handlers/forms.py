"""Forms: opened with what is known already, and read when they come back."""

from typing import Any, Final

from bot.access import Access, Wish
from bot.domain.request import Verdict
from bot.domain.target import choose
from bot.errors import Refusal, Refused
from bot.messages import forms, names
from bot.messages.words import Words
from bot.ports import Case, Desk
from handlers.incoming import MalformedError, Submission
from handlers.tidy import tidy

MISSING: Final = frozenset({Refusal.ADDRESS_EMPTY, Refusal.TARGET_MISSING, Refusal.REASON_SHORT})
"""Refusals of a typed line that only want something more: the form asks for it."""


class Forms:
    """The forms for asking and for denying."""

    def __init__(self, *, access: Access, desk: Desk) -> None:
        self._access = access
        self._desk = desk

    async def open_add(self, trigger: str, wish: Wish, words: Words) -> None:
        """Opens the form for an IP rule, filled with what was typed.

        Raises:
            Refused: there is no database to ask for.
        """
        databases = await self._access.databases()
        chosen = choose(databases, wish.target) if wish.target or not databases else None
        filled = {
            names.FIELD_ADDRESS: wish.address,
            names.FIELD_TARGET: None if chosen is None else str(chosen.id),
            names.FIELD_DURATION: wish.duration or wish.until,
            names.FIELD_REASON: wish.reason,
        }
        view = forms.add_form(databases=databases, filled=filled, words=words, policy=self._access.policy)
        await self._desk.open_view(trigger, view)

    async def open_deny(self, trigger: str, case: Case, words: Words) -> None:
        """Opens the form that asks why."""
        await self._desk.open_view(trigger, forms.deny_form(case, words=words))

    async def submit(self, submission: Submission) -> None:
        """Acts on a form that was sent.

        Raises:
            Refused: something in it cannot be done as it stands.
            MalformedError: it is none of our forms.
        """
        match submission.form:
            case names.FORM_ADD:
                await self._access.ask(
                    await self._wish(submission), person=submission.person, key=submission.key
                )
            case names.FORM_DENY:
                await self._deny(submission)
            case _:
                raise MalformedError(f"a form called {submission.form!r}")

    async def _wish(self, submission: Submission) -> Wish:
        """What the form says, in the words that a line would have used."""
        values = submission.values
        length = tidy(values.get(names.FIELD_DURATION) or "")
        target = values.get(names.FIELD_TARGET)
        named = {str(database.id): database.name for database in await self._access.databases()}
        # What is a clock time to a person is `until` to the line: the form has one field for both.
        is_time = ":" in length or "時" in length.replace("時間", "")
        return Wish(
            address=tidy(values.get(names.FIELD_ADDRESS) or ""),
            target=named.get(target or "", target),
            duration=None if is_time else length or None,
            until=length if is_time else None,
            reason=tidy(values.get(names.FIELD_REASON) or ""),
        )

    async def _deny(self, submission: Submission) -> None:
        request, version = names.read_button(submission.data)
        await self._access.decide(
            request,
            Verdict.DENY,
            version=version,
            reason=tidy(submission.values.get(names.FIELD_REASON) or ""),
            person=submission.person,
            key=submission.key,
        )


def errors_at_fields(refused: Refused, submission: Submission, words: Words) -> dict[str, Any]:
    """Slack's answer that keeps the form open: the sentence at its field, or at the first one."""
    first = next(iter(submission.values), names.FIELD_REASON)
    at_field = forms.field_error(refused, words)
    if at_field is None or not at_field.keys() <= submission.values.keys():
        at_field = {first: forms.plain_text(words.refusal(refused))}
    return {"response_action": "errors", "errors": at_field}
