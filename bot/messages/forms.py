"""Modals: the form that has what the line has, and those that a button needs a word more for."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.domain.duration import show_duration
from bot.domain.policy import Policy
from bot.domain.target import Database
from bot.errors import Refused
from bot.messages import blocks, cards, names
from bot.messages.words import Words, mention
from bot.ports import Block, Case, Message

OPTIONS: Final = 100
"""Options that one select can have; beyond, the database is typed (Slack's Block Kit reference)."""

OPTION_TEXT: Final = 75
"""Characters of an option's text (Slack's Block Kit reference)."""

FIELD_ERROR: Final = 2000
"""Characters of an error at a field (Slack's Block Kit reference)."""

_FIELD_OF: Final = {
    "address": names.FIELD_ADDRESS,
    "rules": names.FIELD_ADDRESS,
    "terms": names.FIELD_ADDRESS,
    "target": names.FIELD_TARGET,
    "policy": names.FIELD_TARGET,
    "mtls": names.FIELD_TARGET,
    "duration": names.FIELD_DURATION,
    "end": names.FIELD_DURATION,
    "extend": names.FIELD_DURATION,
    "reason": names.FIELD_REASON,
}
"""The field that a refusal is about, by the first word of its key."""

_TOKEN: Final = re.compile(r"<!date\^[^|>]*\|([^>]*)>|<[@#!]([^>|]*)(?:\|([^>]*))?>")


def add_form(
    *, databases: Sequence[Database], filled: Mapping[str, str | None], words: Words, needs_reason: bool
) -> Block:
    """The form for an IP rule, with what is known already filled in.

    Args:
        databases: what can be chosen; more than a select takes are searched for by typing.
        filled: by field name.
        words: the reader's language.
        needs_reason: no rule of the policy lets one go without.
    """
    fields = [
        _address(words, filled.get(names.FIELD_ADDRESS)),
        _target(databases, filled.get(names.FIELD_TARGET), words),
        _duration(words, filled.get(names.FIELD_DURATION)),
        _reason(words, filled.get(names.FIELD_REASON), optional=not needs_reason),
    ]
    return _modal(names.FORM_ADD, words("form.add.title"), words("form.add.submit"), words, fields)


def deny_form(case: Case, words: Words) -> Block:
    """Asks why; the request and the terms travel in the form's own data."""
    reason = blocks.text_input(
        names.FIELD_REASON,
        words("form.deny.reason"),
        initial=None,
        hint=words("form.deny.hint"),
        optional=True,
        long=True,
    )
    return _about(names.FORM_DENY, "form.deny", case, words, [reason])


def change_form(case: Case, words: Words) -> Block:
    """Approves with a shorter time or a narrower range."""
    terms = case.request.terms
    hint = words("form.change.hint")
    fields = [_address(words, str(terms.network), hint=hint)]
    if terms.duration is not None:
        fields.append(_duration(words, show_duration(terms.duration), hint=hint))
    return _about(names.FORM_CHANGE, "form.change", case, words, fields)


def extend_form(case: Case, words: Words) -> Block:
    """Asks for how long, and why."""
    fields = [_duration(words, None), _reason(words, None, optional=True)]
    return _about(names.FORM_EXTEND, "form.extend", case, words, fields)


def note(message: Message, words: Words) -> Block:
    """Says something where no message can be answered with: a click in the App Home."""
    return {
        "type": "modal",
        "callback_id": names.FORM_NOTE,
        "title": blocks.plain(words("form.note.title")),
        "close": blocks.plain(words("form.close")),
        "blocks": list(message.blocks),
    }


def field_error(refused: Refused, words: Words) -> dict[str, str] | None:
    """The field that a refusal is about, with its sentence; None when it is about no field.

    Slack shows errors at fields as plain text.
    """
    field = _FIELD_OF.get(refused.reason.partition("_")[0])
    return None if field is None else {field: plain_text(words.refusal(refused))}


def plain_text(text: str) -> str:
    """A sentence without markup, for places that show none: dates in their fallback, people by their id."""
    plain = _TOKEN.sub(lambda found: found.group(1) or found.group(3) or found.group(2) or "", text)
    plain = plain.replace("`", "").replace("*", "")
    return cards.one_line(plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))[:FIELD_ERROR]


def needs_reason(policy: Policy) -> bool:
    """Whether every rule wants a reason."""
    return all(rule.minimum_reason > 0 for rule in policy.rules if not rule.denies)


def _address(words: Words, initial: str | None, *, hint: str | None = None) -> Block:
    return blocks.text_input(
        names.FIELD_ADDRESS,
        words("form.address"),
        initial=initial,
        hint=hint or words("form.address.hint"),
    )


def _target(databases: Sequence[Database], chosen: str | None, words: Words) -> Block:
    hint = words("form.target.hint")
    if len(databases) > OPTIONS:
        named = next((d.name for d in databases if str(d.id) == chosen), None)
        return blocks.text_input(names.FIELD_TARGET, words("form.target"), initial=named, hint=hint)
    options = [
        (str(one.id), words("form.target.option", app=one.app, space=one.space)[:OPTION_TEXT])
        for one in databases
    ]
    initial = chosen or (options[0][0] if len(options) == 1 else None)
    return blocks.select_input(
        names.FIELD_TARGET, words("form.target"), options=options, initial=initial, hint=hint
    )


def _duration(words: Words, initial: str | None, *, hint: str | None = None) -> Block:
    return blocks.text_input(
        names.FIELD_DURATION,
        words("form.duration"),
        initial=initial,
        hint=hint or words("form.duration.hint"),
        optional=True,
    )


def _reason(words: Words, initial: str | None, *, optional: bool) -> Block:
    return blocks.text_input(
        names.FIELD_REASON,
        words("form.reason"),
        initial=initial,
        hint=words("form.reason.hint"),
        optional=optional,
        long=True,
    )


def _about(form: str, key: str, case: Case, words: Words, fields: Sequence[Block]) -> Block:
    """A form about one request, which travels in the form's own data."""
    request = case.request
    about = words("form.about", title=cards.title(case, words), requester=mention(request.requester))
    title = words(f"{key}.title", id=request.id)
    modal = _modal(form, title, words(f"{key}.submit"), words, [blocks.section(about), *fields])
    return {**modal, "private_metadata": names.button_value(request.id, request.version)}


def _modal(form: str, title: str, submit: str, words: Words, shown: Sequence[Block]) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": form,
        "title": blocks.plain(title),
        "submit": blocks.plain(submit),
        "close": blocks.plain(words("form.cancel")),
        "blocks": list(shown),
    }
