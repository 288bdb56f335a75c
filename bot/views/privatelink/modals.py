"""Forms for PrivateLink: the one that asks for accounts, and the one that asks for the whole to be closed."""

from collections.abc import Mapping, Sequence

from bot.domain.privatelink.observation import PrivateLinkObservation
from bot.domain.target import Database
from bot.i18n.translator import Translator
from bot.ports import Block
from bot.views import action_ids, block_kit, modals
from bot.views.privatelink.card import listed


def add_form(
    *, databases: Sequence[Database], filled: Mapping[str, str | None], t: Translator, needs_reason: bool
) -> Block:
    """The form for AWS accounts, with what is known already filled in.

    Args:
        databases: what can be chosen.
        filled: by field name; accounts travel in the field of an address.
        words: the reader's language.
        needs_reason: no rule of the policy lets one go without.
    """
    fields = [
        block_kit.text_input(
            action_ids.FIELD_ADDRESS,
            t("form.link.accounts"),
            initial=filled.get(action_ids.FIELD_ADDRESS),
            hint=t("form.link.accounts.hint"),
        ),
        modals.target_field(databases, filled.get(action_ids.FIELD_TARGET), t),
        modals.duration_field(t, filled.get(action_ids.FIELD_DURATION)),
        modals.reason_field(t, filled.get(action_ids.FIELD_REASON), optional=not needs_reason),
    ]
    title, submit = t("form.link.title"), t("form.add.submit")
    return modals.modal(action_ids.FORM_LINK_ADD, title, submit, t, fields)


def close_form(
    database: Database,
    observation: PrivateLinkObservation,
    requests: Sequence[int],
    *,
    reason: str | None,
    t: Translator,
    needs_reason: bool,
) -> Block:
    """Lists whom closing would cut off, and asks to type the app's name.

    Args:
        database: whose PrivateLink.
        look: what the last look saw.
        requests: whose grants would end.
        reason: as typed already.
        words: the reader's language.
        needs_reason: no rule of the policy lets one go without.
    """
    about = "\n".join([t("form.close_link.about", app=database.app), *_cuts(observation, requests, t)])
    name = block_kit.text_input(
        action_ids.FIELD_NAME,
        t("form.close_link.name"),
        initial=None,
        hint=t("form.close_link.name.hint", app=database.app),
    )
    shown = [
        block_kit.section(about),
        block_kit.context(t("form.close_link.service")),
        name,
        modals.reason_field(t, reason, optional=not needs_reason, hint="form.reason.end"),
    ]
    title, submit = t("form.close_link.title"), t("form.close_link.submit")
    made = modals.modal(action_ids.FORM_LINK_CLOSE, title, submit, t, shown)
    return {**made, "private_metadata": database.name}


def _cuts(observation: PrivateLinkObservation, requests: Sequence[int], t: Translator) -> list[str]:
    said: list[str] = []
    if requests:
        closes = ", ".join(f"#{id}" for id in requests[:50])
        said.append(t("form.close_link.requests", closes=closes))
    unmanaged = [account.arn for account in observation.unmanaged]
    if unmanaged:
        said.append(t("form.close_link.unmanaged", accounts=listed(unmanaged, t)))
    if observation.connections:
        endpoints = listed((each.endpoint for each in observation.connections), t)
        said.append(t("form.close_link.connections", endpoints=endpoints))
    return said or [t("form.close_link.nobody")]
