"""Forms for mTLS: the one that asks for an IP rule, and the one that asks for mTLS to be disabled."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bot.domain.target import Database
from bot.domain.times.readings import Readings
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Block, DisableImpact
from bot.views import action_ids, block_kit, form_fields
from bot.views.text import numbers

NAMED: Final = 60
"""Rules, requests and certificates that one line names: as many as a database can have rules."""


def add_form(
    *,
    databases: Sequence[Database],
    filled: Mapping[str, str | None],
    t: Translator,
    needs_reason: bool,
    enables_mtls: Database | None = None,
    remarks: Sequence[Mrkdwn] = (),
    readings: Readings = (),
    more: Sequence[Block] = (),
    before: Sequence[Block] = (),
) -> Block:
    """The form for an IP rule, filled with what is known already.

    Args:
        databases: what can be chosen; more than a select takes are found by typing.
        filled: values by field name.
        t: the reader's language.
        needs_reason: no rule of the policy allows an empty reason.
        enables_mtls: the database on which mTLS is to be enabled first; this form cannot choose another.
        remarks: what stands above the fields.
        readings: of the duration or end, where it is unclear.
        more: fields that the policy asks for or allows.
        before: what stands above the first field.
    """
    title, submit = t("form.add.title"), t("form.add.submit")
    address = form_fields.address_field(filled.get(action_ids.FIELD_ADDRESS), t)
    lengths = form_fields.length_fields(t, filled.get(action_ids.FIELD_DURATION), readings=readings)
    reason = form_fields.reason_field(t, filled.get(action_ids.FIELD_REASON), optional=not needs_reason)
    above = form_fields.remarks(remarks)
    if enables_mtls is None:
        target = form_fields.target_field(databases, filled.get(action_ids.FIELD_TARGET), t)
        shown = [*before, *above, address, target, *lengths, reason, *more]
        return form_fields.form(action_ids.FORM_ADD, title, submit, t, shown)
    about = block_kit.section(t("form.enables", app=enables_mtls.label))
    shown = [*above, about, address, *lengths, reason, *more]
    return form_fields.form(action_ids.FORM_ADD, title, submit, t, shown, metadata=enables_mtls.name)


def disable_form(impact: DisableImpact, *, reason: str | None, t: Translator, needs_reason: bool) -> Block:
    """Lists every rule, request and certificate that would end, and asks to type the app's name.

    Args:
        impact: what would end.
        reason: as typed already.
        t: the reader's language.
        needs_reason: no rule of the policy allows an empty reason.
    """
    app = impact.database.label
    name = block_kit.text_input(
        action_ids.FIELD_NAME,
        t("form.disable.name"),
        initial=None,
        hint=t("form.disable.name.hint", app=app),
    )
    shown = [
        block_kit.section(t("form.disable.about", app=app)),
        *(block_kit.section(line) for line in _impact(impact, t)),
        name,
        form_fields.reason_field(t, reason, optional=not needs_reason, hint="form.reason.end"),
    ]
    title, submit = t("form.disable.title"), t("form.disable.submit")
    return form_fields.form(action_ids.FORM_DISABLE, title, submit, t, shown, metadata=impact.database.name)


def _impact(impact: DisableImpact, t: Translator) -> list[Mrkdwn]:
    lines = []
    if rules := impact.observation.rules:
        # Heroku may list what others added in any form: cut, one entry cannot take the whole line.
        networks = _names((str(rule.network)[:40] for rule in rules), t)
        lines.append(t("form.disable.rules", count=len(rules), networks=networks))
    if impact.requests:
        lines.append(t("form.disable.requests", closes=_names(numbers(impact.requests), t)))
    if impact.certificates:
        handles = _names((known.handle for known in impact.certificates), t)
        lines.append(t("form.disable.certificates", count=len(impact.certificates), handles=handles))
    return lines or [t("form.disable.nothing")]


def _names(names: Iterable[str], t: Translator) -> Mrkdwn:
    # The rest is for the sentence around the names.
    return t.names(names, most=NAMED, limit=block_kit.SECTION_TEXT - 200)
