"""Forms for PrivateLink: the one that asks for accounts, and the one that asks for the whole to be closed."""

from collections.abc import Mapping, Sequence

from bot.domain.privatelink.observation import PrivateLinkObservation
from bot.domain.target import Database
from bot.i18n.translator import Translator
from bot.ports import Block
from bot.views import action_ids, block_kit, modals
from bot.views.privatelink.card import listed


def add_form(
    *, databases: Sequence[Database], filled: Mapping[str, str | None], words: Translator, needs_reason: bool
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
            words("form.link.accounts"),
            initial=filled.get(action_ids.FIELD_ADDRESS),
            hint=words("form.link.accounts.hint"),
        ),
        modals.target_field(databases, filled.get(action_ids.FIELD_TARGET), words),
        modals.duration_field(words, filled.get(action_ids.FIELD_DURATION)),
        modals.reason_field(words, filled.get(action_ids.FIELD_REASON), optional=not needs_reason),
    ]
    title, submit = words("form.link.title"), words("form.add.submit")
    return modals.modal(action_ids.FORM_LINK_ADD, title, submit, words, fields)


def close_form(
    database: Database,
    look: PrivateLinkObservation,
    requests: Sequence[int],
    *,
    reason: str | None,
    words: Translator,
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
    about = "\n".join([words("form.close_link.about", app=database.app), *_cuts(look, requests, words)])
    name = block_kit.text_input(
        action_ids.FIELD_NAME,
        words("form.close_link.name"),
        initial=None,
        hint=words("form.close_link.name.hint", app=database.app),
    )
    shown = [
        block_kit.section(about),
        block_kit.context(words("form.close_link.service")),
        name,
        modals.reason_field(words, reason, optional=not needs_reason, hint="form.reason.end"),
    ]
    title, submit = words("form.close_link.title"), words("form.close_link.submit")
    made = modals.modal(action_ids.FORM_LINK_CLOSE, title, submit, words, shown)
    return {**made, "private_metadata": database.name}


def _cuts(look: PrivateLinkObservation, requests: Sequence[int], words: Translator) -> list[str]:
    said: list[str] = []
    if requests:
        closes = ", ".join(f"#{id}" for id in requests[:50])
        said.append(words("form.close_link.requests", closes=closes))
    foreign = [account.arn for account in look.foreign]
    if foreign:
        said.append(words("form.close_link.foreign", accounts=listed(foreign, words)))
    if look.connections:
        endpoints = listed((each.endpoint for each in look.connections), words)
        said.append(words("form.close_link.connections", endpoints=endpoints))
    return said or [words("form.close_link.nobody")]
