"""The fields that several forms have, and the frame of a form."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from bot.domain.subject import Subject
from bot.domain.target import Aliases, Database
from bot.domain.times.readings import Readings, write_reading
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Block
from bot.views import action_ids, block_kit

_NO_MATCH: Final = 3
"""The rank of a name that does not match what was typed."""


def form(
    name: str, title: str, submit: str, t: Translator, blocks: Sequence[Block], *, metadata: str | None = None
) -> Block:
    """A form by its ``callback_id``, with its title and the buttons that send and cancel it."""
    return block_kit.modal(
        name, title=title, submit=submit, close=t("form.cancel"), blocks=blocks, metadata=metadata
    )


def remarks(sentences: Sequence[Mrkdwn]) -> list[Block]:
    """What a person has to know before they fill in a form, a line each, as much as fits one block."""
    return block_kit.sections(sentences, by="\n")


def address_field(subject: Subject | str | None, t: Translator, hint: str | None = None) -> Block:
    """The address or network to be allowed."""
    return block_kit.text_input(
        action_ids.FIELD_ADDRESS,
        t("form.address"),
        initial=None if subject is None else str(subject),
        hint=hint or t("form.address.hint"),
    )


def target_field(databases: Sequence[Database], chosen: str | None, t: Translator) -> Block:
    """The database, by its UUID; more than a select takes are found by typing."""
    label, hint = t("form.target"), t("form.target.hint")
    if len(databases) > block_kit.SELECT_OPTIONS:
        named = next((_option(one, t) for one in databases if str(one.id) == chosen), None)
        placeholder = t("form.target.placeholder")
        return block_kit.search_input(
            action_ids.FIELD_TARGET, label, placeholder=placeholder, initial=named, hint=hint
        )
    options = [_option(one, t) for one in databases]
    # Where there is only one, there is nothing to choose.
    initial = chosen or (options[0]["value"] if len(options) == 1 else None)
    return block_kit.select_input(action_ids.FIELD_TARGET, label, options=options, initial=initial, hint=hint)


def duration_field(t: Translator, initial: str | None, *, hint: str | None = None) -> Block:
    """For how long, or until when."""
    return block_kit.text_input(
        action_ids.FIELD_DURATION,
        t("form.duration"),
        initial=initial,
        hint=hint or t("form.duration.hint"),
        optional=True,
    )


def length_fields(
    t: Translator, initial: str | None, *, readings: Readings, hint: str | None = None
) -> Sequence[Block]:
    """For how long, or until when; what was typed and is unclear is asked with its readings.

    Args:
        t: the reader's language.
        initial: as typed.
        readings: what it may mean, ends in the reader's time zone; empty where nothing is unclear.
        hint: below the field to type in.
    """
    if not readings:
        return [duration_field(t, initial, hint=hint)]
    choice = block_kit.radio_input(
        action_ids.FIELD_DURATION,
        t("form.reading"),
        options=[block_kit.option(write_reading(each), _reading(each, t)) for each in readings],
        initial=None,
        hint=t("form.reading.hint", given=initial or ""),
        optional=True,
    )
    other = block_kit.text_input(
        action_ids.FIELD_OTHER_TIME,
        t("form.reading.other"),
        initial=None,
        hint=t("form.reading.other.hint"),
        optional=True,
    )
    return [choice, other]


def _reading(reading: timedelta | datetime, t: Translator) -> str:
    """A reading in the plain text of an option, where Slack shows no dates in the reader's zone."""
    if isinstance(reading, timedelta):
        return t.duration(reading)
    weekday = t(f"form.reading.weekday.{reading.weekday()}")
    return t("form.reading.end", at=write_reading(reading), weekday=weekday)


def reason_field(
    t: Translator, initial: str | None, *, optional: bool, hint: str = "form.reason.hint"
) -> Block:
    """Why; ``hint`` is a key of the catalogs."""
    return block_kit.text_input(
        action_ids.FIELD_REASON,
        t("form.reason"),
        initial=initial,
        hint=t(hint),
        optional=optional,
        long=True,
    )


def options_for(databases: Sequence[Database], aliases: Aliases, typed: str, t: Translator) -> list[Block]:
    """What matches the letters typed so far into the search for a database, best first, as many as fit.

    A database is found by a part of its app's, its add-on's or its space's name or of an alias, ignoring
    case. Equal names come first, then names that begin so; among equals, by app and add-on.

    Args:
        databases: what can be chosen.
        aliases: the policy's aliases, each with the databases that it stands for.
        typed: what was typed; empty finds everything.
        t: the reader's language.
    """
    sought = typed.strip().casefold()
    ranked = [(_rank(_names(one, aliases), sought), one.app, one.name, one) for one in databases]
    matching = [found for found in ranked if found[0] < _NO_MATCH]
    # Without the database itself, which has no order.
    matching.sort(key=lambda found: found[:3])
    return [_option(found[-1], t) for found in matching[: block_kit.SELECT_OPTIONS]]


def _option(database: Database, t: Translator) -> Block:
    text = t("form.target.option", app=database.label, space=database.space)
    return block_kit.option(str(database.id), text)


def _names(database: Database, aliases: Aliases) -> Iterator[str]:
    """Everything that people may call a database, in lower case."""
    yield from (each.casefold() for each in (database.label, database.name, database.app, database.space))
    yield from (alias.casefold() for alias, ids in aliases.items() if database.id in ids)


def _rank(names: Iterator[str], sought: str) -> int:
    """How well the best name matches: 0 is equal, 1 begins so, 2 contains it, `_NO_MATCH` does not."""
    return min(
        0 if name == sought else 1 if name.startswith(sought) else 2 if sought in name else _NO_MATCH
        for name in names
    )
