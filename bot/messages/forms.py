"""Modals: the form that has what the line has, and the one that asks why something is denied."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.domain.policy import Policy
from bot.domain.target import Database
from bot.errors import Refused
from bot.messages import blocks, names
from bot.messages.cards import one_line
from bot.messages.words import Words, mention
from bot.ports import Block, Case

OPTIONS: Final = 100
"""Options that one select can have (Slack's Block Kit reference)."""

OPTION_TEXT: Final = 75
"""Characters of an option's text (Slack's Block Kit reference)."""

HINT: Final = 2000
"""Characters of a hint, and of an error at a field (Slack's Block Kit reference)."""

_FIELD_OF: Final = {
    "address": names.FIELD_ADDRESS,
    "rules": names.FIELD_ADDRESS,
    "target": names.FIELD_TARGET,
    "mtls": names.FIELD_TARGET,
    "duration": names.FIELD_DURATION,
    "end": names.FIELD_DURATION,
    "reason": names.FIELD_REASON,
}


def add_form(
    *, databases: Sequence[Database], filled: Mapping[str, str | None], words: Words, policy: Policy
) -> Block:
    """The form for an IP rule, with what is known already filled in.

    Args:
        databases: what can be chosen; a select takes 100.
        filled: by field name.
        words: the reader's language.
        policy: for the default that an empty duration means.
    """
    options = [
        (
            str(database.id),
            words("form.target.option", app=database.app, space=database.space)[:OPTION_TEXT],
        )
        for database in databases[:OPTIONS]
    ]
    default = words.duration(policy.default_duration)
    initial = filled.get(names.FIELD_TARGET) or (options[0][0] if len(options) == 1 else None)
    return _modal(
        names.FORM_ADD,
        title=words("form.add.title"),
        submit=words("form.add.submit"),
        words=words,
        shown=[
            blocks.text_input(
                names.FIELD_ADDRESS,
                words("form.address"),
                initial=filled.get(names.FIELD_ADDRESS),
                hint=words("form.address.hint"),
            ),
            blocks.select_input(
                names.FIELD_TARGET,
                words("form.target"),
                options=options,
                initial=initial,
                hint=words("form.target.hint"),
            ),
            blocks.text_input(
                names.FIELD_DURATION,
                words("form.duration"),
                initial=filled.get(names.FIELD_DURATION),
                hint=words("form.duration.hint", default=default),
                optional=True,
            ),
            blocks.text_input(
                names.FIELD_REASON,
                words("form.reason"),
                initial=filled.get(names.FIELD_REASON),
                hint=words("form.reason.hint"),
                optional=policy.minimum_reason == 0,
                long=True,
            ),
        ],
    )


def deny_form(case: Case, *, words: Words) -> Block:
    """Asks why; the request and the terms travel in the form's own data."""
    request = case.request
    about = words(
        "form.deny.about",
        network=request.terms.network,
        app=case.database.app,
        requester=mention(request.requester),
    )
    reason = blocks.text_input(
        names.FIELD_REASON,
        words("form.deny.reason"),
        initial=None,
        hint=words("form.deny.hint"),
        optional=True,
        long=True,
    )
    modal = _modal(
        names.FORM_DENY,
        title=words("form.deny.title", id=request.id),
        submit=words("form.deny.submit"),
        words=words,
        shown=[blocks.section(about), reason],
    )
    return {**modal, "private_metadata": names.button_value(request.id, request.version)}


def field_error(refused: Refused, words: Words) -> dict[str, str] | None:
    """The field that a refusal is about, with its sentence; None when it is about no field.

    Slack shows errors at fields as plain text.
    """
    field = _FIELD_OF.get(refused.reason.partition("_")[0])
    if field is None:
        return None
    return {field: plain_text(words.refusal(refused))}


def plain_text(text: str) -> str:
    """A sentence without markup, for places that show none."""
    plain = text.replace("`", "").replace("*", "")
    return one_line(plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))[:HINT]


def _modal(callback: str, *, title: str, submit: str, words: Words, shown: Sequence[Block]) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": callback,
        "title": blocks.plain(title),
        "submit": blocks.plain(submit),
        "close": blocks.plain(words("form.cancel")),
        "blocks": list(shown),
    }
