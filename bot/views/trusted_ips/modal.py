"""The form that asks for a range of a whole space."""

from collections.abc import Mapping, Sequence

from bot.domain.target import Space
from bot.domain.times.readings import Readings
from bot.domain.trusted_ips.alternatives import MOST
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Block
from bot.views import action_ids, block_kit, form_fields


def add_form(
    *,
    spaces: Sequence[Space],
    filled: Mapping[str, str | None],
    t: Translator,
    needs_reason: bool,
    remarks: Sequence[Mrkdwn] = (),
    readings: Readings = (),
    more: Sequence[Block] = (),
) -> Block:
    """The form, filled with what is known already; it says what a range costs before it is requested.

    Args:
        spaces: what can be chosen; more than a select takes are typed by name.
        filled: values by field name; a space by its UUID.
        t: the reader's language.
        needs_reason: no rule of the policy allows an empty reason.
        remarks: what stands above the fields.
        readings: of the duration or end, where it is unclear.
        more: fields that the policy asks for or allows.
    """
    shown = [
        block_kit.section(t("form.trusted.about")),
        *form_fields.remarks(remarks),
        form_fields.address_field(filled.get(action_ids.FIELD_ADDRESS), t),
        _space(spaces, filled.get(action_ids.FIELD_TARGET), t),
        *form_fields.length_fields(t, filled.get(action_ids.FIELD_DURATION), readings=readings),
        form_fields.reason_field(t, filled.get(action_ids.FIELD_REASON), optional=not needs_reason),
        block_kit.text_input(
            action_ids.FIELD_ALTERNATIVES,
            t("form.trusted.alternatives"),
            initial=filled.get(action_ids.FIELD_ALTERNATIVES),
            hint=t("form.trusted.alternatives.hint"),
            long=True,
            most=MOST,
        ),
        *more,
    ]
    title, submit = t("form.trusted.title"), t("form.add.submit")
    return form_fields.form(action_ids.FORM_RANGE_ADD, title, submit, t, shown)


def _space(spaces: Sequence[Space], chosen: str | None, t: Translator) -> Block:
    label, hint = t("form.trusted.space"), t("form.trusted.space.hint")
    if len(spaces) > block_kit.SELECT_OPTIONS:
        named = next((space.name for space in spaces if str(space.id) == chosen), None)
        return block_kit.text_input(action_ids.FIELD_TARGET, label, initial=named, hint=hint)
    options = [
        block_kit.option(str(space.id), t("form.trusted.option", space=space.name, region=space.region))
        for space in spaces
    ]
    initial = chosen or (options[0]["value"] if len(options) == 1 else None)
    return block_kit.select_input(action_ids.FIELD_TARGET, label, options=options, initial=initial, hint=hint)
