"""Forms about findings: why an entry is adopted, removed or ignored, and until when it is ignored."""

from datetime import timedelta
from typing import Final

from bot.domain.privatelink.aws_account import short
from bot.domain.reports.finding import LONGEST_BECAUSE, FindingAction, FindingKind, actions, is_ignored
from bot.i18n.translator import Translator, cut, mention
from bot.ports import Block
from bot.ports.findings import FindingDetails
from bot.ports.unmanaged_entries import UnmanagedEntry
from bot.views import action_ids, block_kit, form_fields
from bot.views.findings import rows
from bot.views.text import as_code, one_line

ENTRY: Final = 120
"""Characters of an entry; an AWS user's path may have up to 512."""

REASON: Final = 200
"""Characters of the reason for which an entry is ignored."""

OPTION: Final = 75
"""Characters of an entry in a menu (Slack's limit)."""

_EXAMPLE: Final = timedelta(days=30)
"""How far ahead the date lies that a form gives as an example."""


def decide_form(
    entry: UnmanagedEntry, action: FindingAction, finding: FindingDetails, t: Translator
) -> Block:
    """Asks why one entry is adopted, removed or ignored, and until when it is ignored."""
    about = t(
        f"form.finding.about.{action}", entry=as_code(short(entry.subject), ENTRY), app=finding.target.label
    )
    blocks = [block_kit.section(about)]
    if is_ignored(entry.ignored_until, now=finding.now):
        # Only who decides sees the form, so that the reason stands here whatever the policy says.
        by, because = mention(entry.ignored_by or ""), rows.because(entry.ignored_because, t, limit=REASON)
        ignored = t("finding.ignored", until=entry.ignored_until, person=by, because=because)
        blocks.append(block_kit.context(ignored))
    if action is FindingAction.IGNORE:
        blocks.append(_until_field(finding, t, optional=False))
    blocks.append(_reason_field(t, optional=action is not FindingAction.IGNORE))
    metadata = action_ids.finding_value(entry.id, action, fingerprint=entry.fingerprint)
    return form_fields.form(
        action_ids.FORM_FINDING,
        t(f"form.finding.title.{action}"),
        t("form.add.submit"),
        t,
        blocks,
        metadata=metadata,
    )


def choose_form(finding: FindingDetails, t: Translator) -> Block:
    """Asks which of several entries is adopted, removed or ignored, why, and until when it is ignored."""
    entries = finding.entries[: block_kit.SELECT_OPTIONS]
    options = [block_kit.option(_entry_value(each), _option(each, t)) for each in entries]
    offered = [
        block_kit.option(action, t(f"form.finding.action.{action}"))
        for action in FindingAction
        if any(action in actions(FindingKind.UNMANAGED, each.method, each.subject) for each in entries)
    ]
    app = finding.target.label
    blocks = [
        block_kit.select_input(
            action_ids.FIELD_ENTRY,
            t("form.finding.entry"),
            options=options,
            initial=options[0]["value"] if len(options) == 1 else None,
            hint=t("form.finding.entry.hint", app=app),
        ),
        block_kit.radio_input(
            action_ids.FIELD_ACTION,
            t("form.finding.action"),
            options=offered,
            initial=None,
            hint=t("form.finding.action.hint"),
        ),
        _until_field(finding, t, optional=True),
        _reason_field(t, optional=True),
    ]
    return form_fields.form(
        action_ids.FORM_FINDINGS, t("form.finding.title.choose"), t("form.add.submit"), t, blocks
    )


def _until_field(finding: FindingDetails, t: Translator, *, optional: bool) -> Block:
    example = (finding.now + _EXAMPLE).date().isoformat()
    return block_kit.text_input(
        action_ids.FIELD_DURATION,
        t("form.finding.until"),
        initial=None,
        hint=t("form.finding.until.hint", example=example),
        optional=optional,
    )


def _reason_field(t: Translator, *, optional: bool) -> Block:
    return block_kit.text_input(
        action_ids.FIELD_REASON,
        t("form.reason"),
        initial=None,
        hint=t("form.finding.reason.hint"),
        optional=optional,
        long=True,
        most=LONGEST_BECAUSE if not optional else None,
    )


def _entry_value(entry: UnmanagedEntry) -> str:
    return action_ids.entry_value(entry.id, fingerprint=entry.fingerprint)


def _option(entry: UnmanagedEntry, t: Translator) -> str:
    text = one_line(entry.description)
    name = short(entry.subject)
    return cut(name if not text else f"{name} ({text})", OPTION)
