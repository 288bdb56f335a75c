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
    t: Translator,
    needs_reason: bool,
    enables_mtls: Database | None = None,
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
        _address(t, filled.get(action_ids.FIELD_ADDRESS)),
        target_field(databases, filled.get(action_ids.FIELD_TARGET), t),
        duration_field(t, filled.get(action_ids.FIELD_DURATION)),
        reason_field(t, filled.get(action_ids.FIELD_REASON), optional=not needs_reason),
    ]
    title, submit = t("form.add.title"), t("form.add.submit")
    if enables_mtls is None:
        return modal(action_ids.FORM_ADD, title, submit, t, fields)
    told = block_kit.section(t("form.enables", app=enables_mtls.app))
    asked = [told, *(field for field in fields if field["block_id"] != action_ids.FIELD_TARGET)]
    return {**modal(action_ids.FORM_ADD, title, submit, t, asked), "private_metadata": enables_mtls.name}


def options_for(
    databases: Sequence[Database], aliases: Mapping[str, str], typed: str, t: Translator
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
    return [_option(found[-1], t) for found in fitting[:OPTIONS]]


def deny_form(case: RequestDetails, t: Translator) -> Block:
    """Asks why; the request and the terms travel in the form's own data."""
    reason = block_kit.text_input(
        action_ids.FIELD_REASON,
        t("form.deny.reason"),
        initial=None,
        hint=t("form.deny.hint"),
        optional=True,
        long=True,
    )
    return _about(action_ids.FORM_DENY, "form.deny", case, t, [reason])


def change_form(case: RequestDetails, t: Translator) -> Block:
    """Approves with a shorter time or a narrower range."""
    terms = case.request.terms
    hint = t("form.change.hint")
    fields = [_subject(terms.subject, t, hint=hint)]
    if terms.duration is not None:
        fields.append(duration_field(t, show_duration(terms.duration), hint=hint))
    return _about(action_ids.FORM_CHANGE, "form.change", case, t, fields)


def extend_form(case: RequestDetails, t: Translator) -> Block:
    """Asks for how much longer, and why."""
    hint = t("form.extend.hint")
    fields = [duration_field(t, None, hint=hint), reason_field(t, None, optional=True)]
    return _about(action_ids.FORM_EXTEND, "form.extend", case, t, fields)


def note(message: Message, t: Translator) -> Block:
    """Says something where no message can be answered with: a click in the App Home."""
    return {
        "type": "modal",
        "callback_id": action_ids.FORM_NOTE,
        "title": block_kit.plain(t("form.note.title")),
        "close": block_kit.plain(t("form.close")),
        "blocks": list(message.blocks),
    }


def field_error(refused: Refused, t: Translator) -> dict[str, str] | None:
    """The field that a refusal is about, with its sentence; None when it is about no field.

    Slack shows errors at fields as plain text.
    """
    field = _FIELD_OF.get(refused.reason.partition("_")[0])
    return None if field is None else {field: plain_text(t(refused.key, **refused.params))}


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


def _subject(subject: Subject, t: Translator, *, hint: str) -> Block:
    """What is to be let in, as an approver may narrow it; accounts travel in the same field as addresses."""
    if not isinstance(subject, Accounts):
        return _address(t, str(subject), hint=hint)
    initial = " ".join(map(short, subject.arns))
    label = t("form.link.accounts")
    return block_kit.text_input(action_ids.FIELD_ADDRESS, label, initial=initial, hint=hint)


def _address(t: Translator, initial: str | None, *, hint: str | None = None) -> Block:
    return block_kit.text_input(
        action_ids.FIELD_ADDRESS,
        t("form.address"),
        initial=initial,
        hint=hint or t("form.address.hint"),
    )


def target_field(databases: Sequence[Database], chosen: str | None, t: Translator) -> Block:
    """The database, by its UUID; more than a select takes are searched for by typing."""
    hint = t("form.target.hint")
    if len(databases) > OPTIONS:
        named = next((_option(one, t) for one in databases if str(one.id) == chosen), None)
        return block_kit.search_input(
            action_ids.FIELD_TARGET,
            t("form.target"),
            placeholder=t("form.target.placeholder"),
            initial=named,
            hint=hint,
        )
    options = [(str(one.id), _option_text(one, t)) for one in databases]
    initial = chosen or (options[0][0] if len(options) == 1 else None)
    return block_kit.select_input(
        action_ids.FIELD_TARGET, t("form.target"), options=options, initial=initial, hint=hint
    )


def _option(database: Database, t: Translator) -> Block:
    return block_kit.option(str(database.id), _option_text(database, t))


def _option_text(database: Database, t: Translator) -> str:
    return t("form.target.option", app=database.app, space=database.space)[:OPTION_TEXT]


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


def duration_field(t: Translator, initial: str | None, *, hint: str | None = None) -> Block:
    """For how long, or until when."""
    return block_kit.text_input(
        action_ids.FIELD_DURATION,
        t("form.duration"),
        initial=initial,
        hint=hint or t("form.duration.hint"),
        optional=True,
    )


def reason_field(
    t: Translator, initial: str | None, *, optional: bool, hint: str = "form.reason.hint"
) -> Block:
    """Why; ``hint`` is the key of what is said below it."""
    return block_kit.text_input(
        action_ids.FIELD_REASON,
        t("form.reason"),
        initial=initial,
        hint=t(hint),
        optional=optional,
        long=True,
    )


def _about(form: str, key: str, case: RequestDetails, t: Translator, fields: Sequence[Block]) -> Block:
    """A form about one request, which travels in the form's own data."""
    request = case.request
    about = t("form.about", title=request_card.title(case, t), requester=mention(request.requester))
    title = t(f"{key}.title", id=request.id)
    made = modal(form, title, t(f"{key}.submit"), t, [block_kit.section(about), *fields])
    return {**made, "private_metadata": action_ids.button_value(request.id, request.version)}


def modal(form: str, title: str, submit: str, t: Translator, shown: Sequence[Block]) -> dict[str, Any]:
    """A form by its name, with its title and the button that sends it."""
    return {
        "type": "modal",
        "callback_id": form,
        "title": block_kit.plain(title),
        "submit": block_kit.plain(submit),
        "close": block_kit.plain(t("form.cancel")),
        "blocks": list(shown),
    }
