"""The form that asks for a range of a whole space."""

from collections.abc import Mapping, Sequence

from bot.domain.target import Space
from bot.i18n.translator import Translator
from bot.ports import Block
from bot.views import action_ids, block_kit, modals


def add_form(
    *, spaces: Sequence[Space], filled: Mapping[str, str | None], t: Translator, needs_reason: bool
) -> Block:
    """The form, with what is known already filled in; it says what a range costs before it is asked for.

    Args:
        spaces: what can be chosen; more than a select takes are named by typing.
        filled: by field name; a space by its UUID.
        words: the reader's language.
        needs_reason: no rule of the policy lets one go without.
    """
    address = block_kit.text_input(
        action_ids.FIELD_ADDRESS,
        t("form.address"),
        initial=filled.get(action_ids.FIELD_ADDRESS),
        hint=t("form.address.hint"),
    )
    shown = [
        block_kit.section(t("form.trusted.about")),
        address,
        _space(spaces, filled.get(action_ids.FIELD_TARGET), t),
        modals.duration_field(t, filled.get(action_ids.FIELD_DURATION)),
        modals.reason_field(t, filled.get(action_ids.FIELD_REASON), optional=not needs_reason),
    ]
    title, submit = t("form.trusted.title"), t("form.add.submit")
    return modals.modal(action_ids.FORM_RANGE_ADD, title, submit, t, shown)


def _space(spaces: Sequence[Space], chosen: str | None, t: Translator) -> Block:
    label, hint = t("form.trusted.space"), t("form.trusted.space.hint")
    if len(spaces) > modals.OPTIONS:
        named = next((space.name for space in spaces if str(space.id) == chosen), None)
        return block_kit.text_input(action_ids.FIELD_TARGET, label, initial=named, hint=hint)
    options = [(str(space.id), _option(space, t)) for space in spaces]
    initial = chosen or (options[0][0] if len(options) == 1 else None)
    return block_kit.select_input(action_ids.FIELD_TARGET, label, options=options, initial=initial, hint=hint)


def _option(space: Space, t: Translator) -> str:
    said = t("form.trusted.option", space=space.name, region=space.region)
    return said[: modals.OPTION_TEXT]
