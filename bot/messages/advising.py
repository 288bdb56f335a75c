"""The questions, the recommendation, and the table of the three ways: three views, one behind the other."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from bot.domain.advice import Advice, Length, Need, Origin, Reason, Way
from bot.domain.link import AWS_REGIONS, aws_region
from bot.domain.methods import Method
from bot.domain.target import Database
from bot.messages import blocks, forms, names
from bot.messages.words import Words
from bot.ports import Block

OTHER: Final = "other"
UNKNOWN: Final = "unknown"
"""Choices of the field for a region beside Amazon's names: one that no Heroku Space is in, and none said."""

YES: Final = "yes"
NO: Final = "no"

FACTS: Final = ("what", "spaces", "origin", "setup", "standing", "limits")
"""Rows of the table."""

DURATIONS: Final = {Length.HOURS: "8h", Length.DAYS: "5d"}
"""What a length becomes in the form that follows; what lasts is left to the person, and to the policy."""


_BUTTONS: Final = {Way.MTLS: names.ADVISE_MTLS, Way.PRIVATELINK: names.ADVISE_PRIVATELINK}
"""The button of each way in that has a form."""


def questions(*, databases: Sequence[Database], chosen: str | None, words: Words) -> Block:
    """The form; what most people would say is chosen already.

    Args:
        databases: what advice can be given about.
        chosen: the id of the one that was named, if any.
        words: the reader's language.
    """
    fields = [
        _choice(names.FIELD_NEED, "advise.need", Need, None, words),
        forms.target_field(databases, chosen, words),
        _choice(names.FIELD_ORIGIN, "advise.origin", Origin, Origin.FIXED, words),
        _region(words),
        _choice(names.FIELD_LENGTH, "advise.length", Length, Length.HOURS, words),
        _production(words),
    ]
    return {
        "type": "modal",
        "callback_id": names.FORM_ADVISE,
        "title": blocks.plain(words("advise.title")),
        "submit": blocks.plain(words("advise.submit")),
        "close": blocks.plain(words("form.cancel")),
        "blocks": [blocks.section(words("advise.intro")), *fields],
    }


def recommendation(database: Database, advice: Advice, length: Length, words: Words) -> Block:
    """One way, why, what is good to know, and how to ask for it; whoever goes back can answer anew."""
    params = {
        "app": database.app,
        "name": database.name,
        "space": database.space,
        "region": _named_region(database),
    }
    shown = [
        blocks.header(words(f"advise.way.{advice.way}")),
        blocks.section(words(f"advise.reason.{advice.reason}", **params)),
    ]
    if advice.remarks:
        shown.append(blocks.context(*(words(f"advise.remark.{remark}") for remark in advice.remarks)))
    if advice.way is Way.TRUSTED:
        shown.append(blocks.section(words("advise.line.trusted", **params)))
    asking = (_ask(way, database, advice, length, words) for way in _asked(advice))
    compare = blocks.button(words("advise.compare"), action=names.ADVISE_COMPARE, value="0.0")
    return _told("advise.result", [*shown, blocks.actions(*asking, compare)], words)


def comparison(words: Words) -> Block:
    """The table of the three ways."""
    shown: list[Block] = [blocks.section(words("advise.table.note"))]
    for method in Method:
        facts = [(words(f"advise.fact.{fact}"), words(f"advise.table.{method}.{fact}")) for fact in FACTS]
        shown += [blocks.header(words(f"advise.way.{method}")), blocks.fields(*facts)]
    return _told("advise.table", shown, words)


def button_data(database: str, length: Length) -> str:
    """What the button that asks carries."""
    return f"{database}.{length}"


def read_button_data(value: str) -> tuple[str, Length]:
    """The database's id and the length that a button carries.

    Raises:
        ValueError: it is no value of ours.
    """
    database, _, length = value.partition(".")
    return database, Length(length)


def _choice(field: str, key: str, choices: type[StrEnum], chosen: str | None, words: Words) -> Block:
    options = [(str(one), str(words(f"{key}.{one}"))) for one in choices]
    return blocks.choice_input(field, words(key), options=options, initial=chosen, hint=words(f"{key}.hint"))


def _region(words: Words) -> Block:
    options = [(aws, f"{aws} ({heroku.capitalize()})") for heroku, aws in sorted(AWS_REGIONS.items())]
    options += [(OTHER, words("advise.region.other")), (UNKNOWN, words("advise.region.unknown"))]
    return blocks.select_input(
        names.FIELD_REGION,
        words("advise.region"),
        options=options,
        initial=UNKNOWN,
        hint=words("advise.region.hint"),
    )


def _production(words: Words) -> Block:
    return blocks.choice_input(
        names.FIELD_PRODUCTION,
        words("advise.production"),
        options=[(YES, words("advise.production.yes")), (NO, words("advise.production.no"))],
        initial=NO,
        hint=words("advise.production.hint"),
    )


def _asked(advice: Advice) -> tuple[Way, ...]:
    """The ways that a button leads on to; where it is open whether the first will do, the second too."""
    if advice.reason is Reason.REGION_UNKNOWN:
        return Way.PRIVATELINK, Way.MTLS
    return (advice.way,) if advice.way in _BUTTONS else ()


def _ask(way: Way, database: Database, advice: Advice, length: Length, words: Words) -> Block:
    return blocks.button(
        words(f"advise.ask.{way}"),
        action=_BUTTONS[way],
        value=button_data(str(database.id), length),
        style="primary" if way is advice.way else None,
    )


def _named_region(database: Database) -> str:
    """Amazon's name of a region, which is the one that people with a VPC know."""
    return aws_region(database.region) or database.region


def _told(title: str, shown: Sequence[Block], words: Words) -> Block:
    """A view that only says something."""
    return {
        "type": "modal",
        "callback_id": names.FORM_NOTE,
        "title": blocks.plain(words(title)),
        "close": blocks.plain(words("form.close")),
        "blocks": list(shown),
    }
