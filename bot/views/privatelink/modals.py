"""Forms for PrivateLink: the one that asks for accounts, and the one that asks for all of it to be closed."""

from collections.abc import Mapping, Sequence

from bot.domain.privatelink.observation import PrivateLinkObservation
from bot.domain.target import Database
from bot.domain.times.readings import Readings
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Block
from bot.views import action_ids, block_kit, form_fields
from bot.views.privatelink.card import CLOSED, names
from bot.views.privatelink.fields import accounts_field
from bot.views.text import numbers


def add_form(
    *,
    databases: Sequence[Database],
    filled: Mapping[str, str | None],
    t: Translator,
    needs_reason: bool,
    remarks: Sequence[Mrkdwn] = (),
    readings: Readings = (),
    more: Sequence[Block] = (),
) -> Block:
    """The form for AWS accounts, filled with what is known already.

    Args:
        databases: what can be chosen.
        filled: values by field name; accounts travel in the field of an address.
        t: the reader's language.
        needs_reason: no rule of the policy allows an empty reason.
        remarks: what stands above the fields.
        readings: of the duration or end, where it is unclear.
        more: fields that the policy asks for or allows.
    """
    fields = [
        *form_fields.remarks(remarks),
        accounts_field(filled.get(action_ids.FIELD_ADDRESS), t),
        form_fields.target_field(databases, filled.get(action_ids.FIELD_TARGET), t),
        *form_fields.length_fields(t, filled.get(action_ids.FIELD_DURATION), readings=readings),
        form_fields.reason_field(t, filled.get(action_ids.FIELD_REASON), optional=not needs_reason),
        *more,
    ]
    title, submit = t("form.privatelink.title"), t("form.add.submit")
    return form_fields.form(action_ids.FORM_LINK_ADD, title, submit, t, fields)


def close_form(
    database: Database,
    observation: PrivateLinkObservation,
    requests: Sequence[int],
    *,
    reason: str | None,
    t: Translator,
    needs_reason: bool,
) -> Block:
    """Lists who would lose access, and asks to type the app's name.

    Args:
        database: whose PrivateLink.
        observation: the last one.
        requests: whose grants would end.
        reason: as typed already.
        t: the reader's language.
        needs_reason: no rule of the policy allows an empty reason.
    """
    asked = t("form.close_privatelink.about", app=database.label)
    about = "\n".join([asked, *_impact(observation, requests, t)])
    name = block_kit.text_input(
        action_ids.FIELD_NAME,
        t("form.close_privatelink.name"),
        initial=None,
        hint=t("form.close_privatelink.name.hint", app=database.label),
    )
    shown = [
        block_kit.section(about),
        block_kit.context(t("form.close_privatelink.service")),
        name,
        form_fields.reason_field(t, reason, optional=not needs_reason, hint="form.reason.end"),
    ]
    title, submit = t("form.close_privatelink.title"), t("form.close_privatelink.submit")
    return form_fields.form(action_ids.FORM_LINK_CLOSE, title, submit, t, shown, metadata=database.name)


def _impact(observation: PrivateLinkObservation, requests: Sequence[int], t: Translator) -> list[str]:
    lines: list[str] = []
    if requests:
        lines.append(t("form.close_privatelink.requests", closes=t.names(numbers(requests), most=CLOSED)))
    unmanaged = [account.arn for account in observation.unmanaged]
    if unmanaged:
        lines.append(t("form.close_privatelink.unmanaged", accounts=names(unmanaged, t)))
    if observation.connections:
        endpoints = names((each.endpoint for each in observation.connections), t)
        lines.append(t("form.close_privatelink.connections", endpoints=endpoints))
    return lines or [t("form.close_privatelink.nobody")]
