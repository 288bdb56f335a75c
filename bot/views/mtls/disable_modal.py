"""The form that asks for mTLS on a database to be disabled: everything that would end, and the app's name."""

from collections.abc import Iterable
from typing import Final

from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Block, DisableImpact
from bot.views import action_ids, block_kit, modals

NAMED: Final = 60
"""Rules, requests and certificates that one line names: as many as a database can have rules."""


def disable_form(found: DisableImpact, *, reason: str | None, t: Translator, needs_reason: bool) -> Block:
    """Lists every rule, request and certificate that would end, and asks to type the app's name.

    Args:
        found: what would end.
        reason: as typed already.
        words: the reader's language.
        needs_reason: no rule of the policy lets one go without.
    """
    app = found.database.app
    name = block_kit.text_input(
        action_ids.FIELD_NAME,
        t("form.disable.name"),
        initial=None,
        hint=t("form.disable.name.hint", app=app),
    )
    shown = [
        block_kit.section(t("form.disable.about", app=app)),
        *(block_kit.section(line) for line in _ends(found, t)),
        name,
        modals.reason_field(t, reason, optional=not needs_reason, hint="form.reason.end"),
    ]
    title, submit = t("form.disable.title"), t("form.disable.submit")
    made = modals.modal(action_ids.FORM_DISABLE, title, submit, t, shown)
    return {**made, "private_metadata": found.database.name}


def _ends(found: DisableImpact, t: Translator) -> list[Mrkdwn]:
    said = []
    if found.observation.rules:
        networks = _listed((str(rule.network)[:40] for rule in found.observation.rules), t)
        said.append(t("form.disable.rules", count=len(found.observation.rules), networks=networks))
    if found.requests:
        closes = _listed((f"#{id}" for id in found.requests), t)
        said.append(t("form.disable.requests", closes=closes))
    if found.certificates:
        handles = _listed((known.handle for known in found.certificates), t)
        said.append(t("form.disable.certificates", count=len(found.certificates), handles=handles))
    return said or [t("form.disable.nothing")]


def _listed(names: Iterable[str], t: Translator) -> Mrkdwn:
    every = [t.show(name) for name in names]
    more = [t("form.disable.more", count=len(every) - NAMED)] if len(every) > NAMED else []
    return Mrkdwn(", ".join([*every[:NAMED], *more]))
