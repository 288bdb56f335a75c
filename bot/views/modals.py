"""Modals: the form that has what the line has, and those that a button needs a word more for."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from bot.domain.duration import show_duration
from bot.domain.policy import Policy
from bot.domain.privatelink.aws_account import short
from bot.domain.subject import Accounts, Subject
from bot.domain.target import Database
from bot.errors import Refused
from bot.i18n.translator import Translator, mention
from bot.ports import Block, Message, RequestDetails
from bot.views import action_ids, block_kit, request_card

OPTIONS: Final = 100
"""Options that one select can have, and one answer to a search (Slack's Block Kit reference)."""

OPTION_TEXT: Final = 75
"""Characters of an option's text (Slack's Block Kit reference)."""

FIELD_ERROR: Final = 2000
"""Characters of an error at a field (Slack's Block Kit reference)."""

_FIELD_OF: Final = {
    "account": action_ids.FIELD_ADDRESS,
    "address": action_ids.FIELD_ADDRESS,
    "rules": action_ids.FIELD_ADDRESS,
    "terms": action_ids.FIELD_ADDRESS,
    "target": action_ids.FIELD_TARGET,
    "policy": action_ids.FIELD_TARGET,
    "mtls": action_ids.FIELD_TARGET,
    "link": action_ids.FIELD_TARGET,
    "space": action_ids.FIELD_TARGET,
    "trusted": action_ids.FIELD_TARGET,
    "ranges": action_ids.FIELD_ADDRESS,
    "duration": action_ids.FIELD_DURATION,
    "end": action_ids.FIELD_DURATION,
    "extend": action_ids.FIELD_DURATION,
    "reason": action_ids.FIELD_REASON,
}
"""The field that a refusal is about, by the first word of its key."""

_FITS_NOT: Final = 3
"""The rank of what does not fit what was typed."""

_TOKEN: Final = re.compile(r"<!date\^[^|>]*\|([^>]*)>|<[@#!]([^>|]*)(?:\|([^>]*))?>")


def add_form(
    *,
    databases: Sequence[Database],
    filled: Mapping[str, str | None],
    words: Translator,
    needs_reason: bool,
    enables: Database | None = None,
) -> Block:
    """The form for an IP rule, with what is known already filled in.

    Args:
        databases: what can be chosen; more than a select takes are searched for by typing.
        filled: by field name.
        words: the reader's language.
        needs_reason: no rule of the policy lets one go without.
        enables: the database on which mTLS is to be enabled first; it cannot be changed in this form.
    """
    fields = [
        _address(words, filled.get(action_ids.FIELD_ADDRESS)),
        target_field(databases, filled.get(action_ids.FIELD_TARGET), words),
        duration_field(words, filled.get(action_ids.FIELD_DURATION)),
        reason_field(words, filled.get(action_ids.FIELD_REASON), optional=not needs_reason),
    ]
    title, submit = words("form.add.title"), words("form.add.submit")
    if enables is None:
        return modal(action_ids.FORM_ADD, title, submit, words, fields)
    told = block_kit.section(words("form.enables", app=enables.app))
    asked = [told, *(field for field in fields if field["block_id"] != action_ids.FIELD_TARGET)]
    return {**modal(action_ids.FORM_ADD, title, submit, words, asked), "private_metadata": enables.name}


def options_for(
    databases: Sequence[Database], aliases: Mapping[str, str], typed: str, words: Translator
) -> list[Block]:
    """What fits the letters typed so far into the search for a database, best first, at most `OPTIONS`.

    A database is found by a part of its app's, its add-on's or its space's name or of an alias, in either
    case. What is called exactly so comes first, then what begins so; among equals, by app and add-on.

    Args:
        databases: what can be chosen.
        aliases: what the policy calls databases, and the name of the add-on or app that it means by that.
        typed: what was typed; empty finds everything.
        words: the reader's language.
    """
    sought = typed.strip().casefold()
    ranked = [(_rank(_called(one, aliases), sought), one.app, one.name, one) for one in databases]
    fitting = [found for found in ranked if found[0] < _FITS_NOT]
    fitting.sort(key=lambda found: found[:3])
    return [_option(found[-1], words) for found in fitting[:OPTIONS]]


def deny_form(case: RequestDetails, words: Translator) -> Block:
    """Asks why; the request and the terms travel in the form's own data."""
    reason = block_kit.text_input(
        action_ids.FIELD_REASON,
        words("form.deny.reason"),
        initial=None,
        hint=words("form.deny.hint"),
        optional=True,
        long=True,
    )
    return _about(action_ids.FORM_DENY, "form.deny", case, words, [reason])


def change_form(case: RequestDetails, words: Translator) -> Block:
    """Approves with a shorter time or a narrower range."""
    terms = case.request.terms
    hint = words("form.change.hint")
    fields = [_subject(terms.subject, words, hint=hint)]
    if terms.duration is not None:
        fields.append(duration_field(words, show_duration(terms.duration), hint=hint))
    return _about(action_ids.FORM_CHANGE, "form.change", case, words, fields)


def extend_form(case: RequestDetails, words: Translator) -> Block:
    """Asks for how much longer, and why."""
    hint = words("form.extend.hint")
    fields = [duration_field(words, None, hint=hint), reason_field(words, None, optional=True)]
    return _about(action_ids.FORM_EXTEND, "form.extend", case, words, fields)


def note(message: Message, words: Translator) -> Block:
    """Says something where no message can be answered with: a click in the App Home."""
    return {
        "type": "modal",
        "callback_id": action_ids.FORM_NOTE,
        "title": block_kit.plain(words("form.note.title")),
        "close": block_kit.plain(words("form.close")),
        "blocks": list(message.blocks),
    }


def field_error(refused: Refused, words: Translator) -> dict[str, str] | None:
    """The field that a refusal is about, with its sentence; None when it is about no field.

    Slack shows errors at fields as plain text.
    """
    field = _FIELD_OF.get(refused.reason.partition("_")[0])
    return None if field is None else {field: plain_text(words.refusal(refused))}


def plain_text(text: str) -> str:
    """A sentence without markup, for places that show none: dates in their fallback, people by their id."""
    plain = _TOKEN.sub(lambda found: found.group(1) or found.group(3) or found.group(2) or "", text)
    plain = plain.replace("`", "").replace("*", "")
    return request_card.one_line(plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))[
        :FIELD_ERROR
    ]


def needs_reason(policy: Policy) -> bool:
    """Whether every rule wants a reason."""
    return all(rule.minimum_reason > 0 for rule in policy.rules if not rule.denies)


def _subject(subject: Subject, words: Translator, *, hint: str) -> Block:
    """What is to be let in, as an approver may narrow it; accounts travel in the same field as addresses."""
    if not isinstance(subject, Accounts):
        return _address(words, str(subject), hint=hint)
    initial = " ".join(map(short, subject.arns))
    label = words("form.link.accounts")
    return block_kit.text_input(action_ids.FIELD_ADDRESS, label, initial=initial, hint=hint)


def _address(words: Translator, initial: str | None, *, hint: str | None = None) -> Block:
    return block_kit.text_input(
        action_ids.FIELD_ADDRESS,
        words("form.address"),
        initial=initial,
        hint=hint or words("form.address.hint"),
    )


def target_field(databases: Sequence[Database], chosen: str | None, words: Translator) -> Block:
    """The database, by its UUID; more than a select takes are searched for by typing."""
    hint = words("form.target.hint")
    if len(databases) > OPTIONS:
        named = next((_option(one, words) for one in databases if str(one.id) == chosen), None)
        return block_kit.search_input(
            action_ids.FIELD_TARGET,
            words("form.target"),
            placeholder=words("form.target.placeholder"),
            initial=named,
            hint=hint,
        )
    options = [(str(one.id), _option_text(one, words)) for one in databases]
    initial = chosen or (options[0][0] if len(options) == 1 else None)
    return block_kit.select_input(
        action_ids.FIELD_TARGET, words("form.target"), options=options, initial=initial, hint=hint
    )


def _option(database: Database, words: Translator) -> Block:
    return block_kit.option(str(database.id), _option_text(database, words))


def _option_text(database: Database, words: Translator) -> str:
    return words("form.target.option", app=database.app, space=database.space)[:OPTION_TEXT]


def _called(database: Database, aliases: Mapping[str, str]) -> Iterator[str]:
    """Everything that people may call a database, small."""
    own = {database.app.casefold(), database.name.casefold()}
    yield from (*own, database.space.casefold())
    yield from (alias.casefold() for alias, name in aliases.items() if name.casefold() in own)


def _rank(called: Iterator[str], sought: str) -> int:
    """How well the best name fits: 0 is it, 1 begins so, 2 has it somewhere, `_FITS_NOT` has it nowhere."""
    return min(
        0 if name == sought else 1 if name.startswith(sought) else 2 if sought in name else _FITS_NOT
        for name in called
    )


def duration_field(words: Translator, initial: str | None, *, hint: str | None = None) -> Block:
    """For how long, or until when."""
    return block_kit.text_input(
        action_ids.FIELD_DURATION,
        words("form.duration"),
        initial=initial,
        hint=hint or words("form.duration.hint"),
        optional=True,
    )


def reason_field(
    words: Translator, initial: str | None, *, optional: bool, hint: str = "form.reason.hint"
) -> Block:
    """Why; ``hint`` is the key of what is said below it."""
    return block_kit.text_input(
        action_ids.FIELD_REASON,
        words("form.reason"),
        initial=initial,
        hint=words(hint),
        optional=optional,
        long=True,
    )


def _about(form: str, key: str, case: RequestDetails, words: Translator, fields: Sequence[Block]) -> Block:
    """A form about one request, which travels in the form's own data."""
    request = case.request
    about = words("form.about", title=request_card.title(case, words), requester=mention(request.requester))
    title = words(f"{key}.title", id=request.id)
    made = modal(form, title, words(f"{key}.submit"), words, [block_kit.section(about), *fields])
    return {**made, "private_metadata": action_ids.button_value(request.id, request.version)}


def modal(form: str, title: str, submit: str, words: Translator, shown: Sequence[Block]) -> dict[str, Any]:
    """A form by its name, with its title and the button that sends it."""
    return {
        "type": "modal",
        "callback_id": form,
        "title": block_kit.plain(title),
        "submit": block_kit.plain(submit),
        "close": block_kit.plain(words("form.cancel")),
        "blocks": list(shown),
    }
