"""Advice on the access method: the questions, the recommendation, and a comparison, as stacked views."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from shlex import quote
from typing import Final

from bot.domain.advice import Advice, Length, Need, Origin, Reason, Way
from bot.domain.privatelink.observation import AWS_REGIONS, aws_region
from bot.domain.target import Database
from bot.i18n.translator import Translator
from bot.ports import Block
from bot.views import action_ids, block_kit, form_fields
from bot.views.methods import METHOD_VIEWS

OTHER: Final = "other"
UNKNOWN: Final = "unknown"
"""Choices for a region beside Amazon's names: one without Heroku Spaces, and not known."""

YES: Final = "yes"
NO: Final = "no"

FACTS: Final = ("what", "spaces", "origin", "setup", "standing", "limits")
"""Rows of the table."""

DURATIONS: Final = {Length.HOURS: "8h", Length.DAYS: "5d"}
"""Durations in the form that follows; for lasting access the person and the policy decide."""

_FORM_BUTTONS: Final[Mapping[str, str]] = {
    method: view.form_button for method, view in METHOD_VIEWS.items() if view.form_button is not None
}
"""The button of each method that has a form, by the recommendation that leads to it."""


def questions(*, databases: Sequence[Database], chosen: str | None, t: Translator) -> Block:
    """The questions, with the most usual answers chosen already.

    Args:
        databases: what can be chosen.
        chosen: the id of the one that was named, if any.
        t: the reader's language.
    """
    fields = [
        _choice(action_ids.FIELD_NEED, "advise.need", Need, None, t),
        form_fields.target_field(databases, chosen, t),
        _choice(action_ids.FIELD_ORIGIN, "advise.origin", Origin, Origin.FIXED, t),
        _region(t),
        _choice(action_ids.FIELD_LENGTH, "advise.length", Length, Length.HOURS, t),
        _production(t),
    ]
    shown = [block_kit.section(t("advise.intro")), *fields]
    return form_fields.form(action_ids.FORM_ADVISE, t("advise.title"), t("advise.submit"), t, shown)


def recommendation(database: Database, advice: Advice, length: Length, t: Translator) -> Block:
    """One recommendation, its reason, remarks, and how to request it; going back leads to the questions."""
    params = {
        # Both stand in lines to copy; a shell must not read anything into them.
        "app": quote(database.label),
        "name": quote(database.name),
        "space": database.space,
        "region": _named_region(database),
    }
    shown = [
        block_kit.header(t(f"advise.option.{advice.option}")),
        block_kit.section(t(f"advise.reason.{advice.reason}", **params)),
    ]
    # Slack rejects a context without elements.
    if advice.remarks:
        shown.append(block_kit.context(*(t(f"advise.remark.{remark}") for remark in advice.remarks)))
    command = f"advise.line.{advice.option}"
    if command in t:
        shown.append(block_kit.section(t(command, **params)))
    asking = [_ask(each, database, advice, length, t) for each in _with_forms(advice)]
    # It is about no request: only its action id is read.
    compare = block_kit.button(t("advise.compare"), action=action_ids.ADVISE_COMPARE, value="0.0")
    return _note("advise.result", [*shown, block_kit.actions(*asking, compare)], t)


def comparison(t: Translator) -> Block:
    """All access methods compared, fact by fact."""
    shown: list[Block] = [block_kit.section(t("advise.table.note"))]
    for method in METHOD_VIEWS:
        facts = [(t(f"advise.fact.{fact}"), t(f"advise.table.{method}.{fact}")) for fact in FACTS]
        shown += [block_kit.header(t(f"advise.option.{method}")), block_kit.fields(*facts)]
    return _note("advise.table", shown, t)


def button_data(database: str, length: Length) -> str:
    """The value of a button that leads to a form."""
    # The id, since a name may change before the button is pressed.
    return f"{database}.{length}"


def read_button_data(value: str) -> tuple[str, Length]:
    """Reads the database's id and the length from a button's value.

    Raises:
        ValueError: the value was not written by us.
    """
    database, _, length = value.partition(".")
    return database, Length(length)


def _choice(field: str, key: str, choices: type[StrEnum], chosen: str | None, t: Translator) -> Block:
    options = [block_kit.option(one, t(f"{key}.{one}")) for one in choices]
    return block_kit.radio_input(field, t(key), options=options, initial=chosen, hint=t(f"{key}.hint"))


def _region(t: Translator) -> Block:
    options = [
        *(
            block_kit.option(aws, f"{aws} ({heroku.capitalize()})")
            for heroku, aws in sorted(AWS_REGIONS.items())
        ),
        block_kit.option(OTHER, t("advise.region.other")),
        block_kit.option(UNKNOWN, t("advise.region.unknown")),
    ]
    return block_kit.select_input(
        action_ids.FIELD_REGION,
        t("advise.region"),
        options=options,
        initial=UNKNOWN,
        hint=t("advise.region.hint"),
    )


def _production(t: Translator) -> Block:
    return block_kit.radio_input(
        action_ids.FIELD_PRODUCTION,
        t("advise.production"),
        options=[
            block_kit.option(YES, t("advise.production.yes")),
            block_kit.option(NO, t("advise.production.no")),
        ],
        initial=NO,
        hint=t("advise.production.hint"),
    )


def _with_forms(advice: Advice) -> tuple[Way, ...]:
    """The recommendation if it has a form; where the region is open, the alternative too."""
    if advice.reason is Reason.REGION_UNKNOWN:
        return Way.PRIVATELINK, Way.MTLS
    recommended = advice.option
    return (recommended,) if recommended in _FORM_BUTTONS else ()


def _ask(recommended: Way, database: Database, advice: Advice, length: Length, t: Translator) -> Block:
    return block_kit.button(
        t(f"advise.ask.{recommended}"),
        action=_FORM_BUTTONS[recommended],
        value=button_data(str(database.id), length),
        style="primary" if recommended is advice.option else None,
    )


def _named_region(database: Database) -> str:
    """Amazon's name of a region, which is the one that people with a VPC know."""
    return aws_region(database.region) or database.region


def _note(title: str, shown: Sequence[Block], t: Translator) -> Block:
    """A view that asks nothing."""
    return block_kit.modal(action_ids.FORM_NOTE, title=t(title), close=t("form.close"), blocks=shown)
