"""What stands at Heroku otherwise than it was left, as the status of a database or a space shows it."""

from collections.abc import Iterable, Mapping
from typing import Final

from bot.domain.drift import Drift
from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.domain.mtls import unmanaged_rules
from bot.domain.privatelink.aws_account import short
from bot.domain.request import Kind
from bot.domain.subject import Accounts, Network
from bot.i18n.translator import Mrkdwn, Translator, cut
from bot.ports import Block, RequestDetails
from bot.views import block_kit

SHOWN: Final = 10
"""Lines that one answer shows: its text stays below Slack's limit for a section."""

ENTRY: Final = 120
"""Characters of an entry; a user's path may have up to 512."""

DESCRIBED: Final = 2
"""Rules of one network that a card describes; how many more there are, it says."""

TEXT: Final = 120
"""Characters of a foreign rule's description on a card."""


def found(drift: Drift, open: Iterable[RequestDetails], method: Method, t: Translator) -> list[Block]:
    """A paragraph of what one way in shows; none where everything is as it was left.

    Args:
        drift: what the last look has found.
        open: everything pending or open there, of any method.
        method: the way in.
        words: the reader's language.
    """
    lines = [
        *(
            t("drift.interrupted", entry=_entry(entry), requests=", ".join(requests[:SHOWN]))
            for entry, requests in _interrupted(open, method).items()
        ),
        *(t("drift.missing", entry=_entry(entry)) for entry in sorted(drift.missing)),
        *(t("drift.back", entry=_entry(entry)) for entry in sorted(drift.back)),
        *(t("drift.unapplied", entry=_entry(entry)) for entry in sorted(drift.unapplied)),
    ]
    if not lines:
        return []
    shown = [t("drift.title"), *lines[:SHOWN]]
    if len(lines) > SHOWN:
        shown.append(t("drift.more", count=len(lines) - SHOWN))
    return [block_kit.section("\n".join(shown))]


def rules_meant(case: RequestDetails, t: Translator) -> list[Mrkdwn]:
    """On a card about a rule that somebody else made: what Heroku says of it."""
    network, method = case.request.terms.subject, case.request.terms.method
    about = case.request.kind in unmanaged_rules.KINDS and method is Method.MTLS
    if not about or not isinstance(network, Network):
        return []
    meant = unmanaged_rules.meant(case.request.kind, case.rules, network)
    said = [
        t("card.change.rule", status=rule.status, text=cut(" ".join(rule.description.split()), TEXT))
        if rule.description.strip()
        else t("card.change.rule.bare", status=rule.status)
        for rule in meant[:DESCRIBED]
    ]
    if len(meant) > DESCRIBED:
        said.append(t("card.change.rule.more", count=len(meant) - DESCRIBED))
    return said


def _interrupted(open: Iterable[RequestDetails], method: Method) -> Mapping[str, list[str]]:
    """Entries that somebody else took from under grants, with the requests of these."""
    missing: dict[str, list[str]] = {}
    for case in open:
        of_it = case.request.kind is Kind.OPEN and case.request.terms.method is method
        if not of_it or case.grant is None or case.grant.state is not GrantState.INTERRUPTED:
            continue
        subject = case.grant.subject
        for entry in subject.arns if isinstance(subject, Accounts) else (str(subject),):
            missing.setdefault(entry, []).append(f"#{case.request.id}")
    return missing


def _entry(text: str) -> Mrkdwn:
    return cut(short(text).replace("`", "'"), ENTRY)
