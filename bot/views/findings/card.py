"""Cards of findings: what differs at Heroku, what it reaches, and what approvers can do about it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from bot.domain.operation import OperationState
from bot.domain.policy.rules import Policy, Reasons
from bot.domain.privatelink.aws_account import short
from bot.domain.reports import findings
from bot.domain.reports.finding import (
    Concern,
    FindingAction,
    FindingKind,
    actions,
    concern,
    is_ignored,
    width,
)
from bot.domain.request import Kind, RequestState, Verdict
from bot.domain.subject import names_of
from bot.domain.trusted_ips.ruleset import EVERYWHERE
from bot.i18n.translator import Mrkdwn, Translator, cut, join, mention
from bot.ports import Block, Message, OutboxMessage, RequestDetails
from bot.ports.assertions import SUPERSEDED, listed_requests
from bot.ports.findings import AGAIN, ASKS, CARDS, FIRST, LISTS, FindingDetails
from bot.ports.unmanaged_entries import UnmanagedEntry
from bot.views import action_ids, block_kit
from bot.views.findings import rows
from bot.views.requests import request_state
from bot.views.text import NOTHING, as_code, one_line

ENTRY: Final = 120
"""Characters of an entry; an AWS user's path may have up to 512."""

TEXT: Final = 200
"""Characters of a description, or of who wrote an entry."""

LISTED: Final = 20
"""Entries that one list shows; the form has them all."""

_ACTIONS: Final = {
    FindingAction.ADOPT: (action_ids.FINDING_ADOPT, "primary"),
    FindingAction.REMOVE: (action_ids.FINDING_REMOVE, "danger"),
    FindingAction.IGNORE: (action_ids.FINDING_IGNORE, None),
}

_SINCE: Final = {FindingKind.MISSING: "finding.missing", FindingKind.UNAPPLIED: "finding.unapplied"}
"""What the time of a finding means where nothing is allowed by its entry."""


def card(message: OutboxMessage, finding: FindingDetails, *, t: Translator, policy: Policy) -> Message:
    """Shows one finding, or a list of several; once it is over, what became of it.

    Args:
        message: of the outbox, of one of ``CARDS``.
        finding: as it is recorded now.
        t: the channel's language.
        policy: in force now.
    """
    over_at = message.settled_at
    if over_at is None and len(listed_requests(message.about)) == len(message.about):
        # A process of the version before takes findings out of what a message is about, and leaves one with
        # requests unsettled.
        over_at = finding.now
    if over_at is not None:
        return block_kit.paragraphs(_over(message, over_at, finding, t))
    if message.kind is LISTS:
        return _list(message, finding, t)
    kind, entry = CARDS[message.kind], _entry(message, finding)
    text, asked = t(message.kind, **message.params), _asks(message, kind, [entry], finding, t)
    remarks = [*_again(message, t, policy), *_state(kind, entry, finding, t=t, policy=policy)]
    blocks = [
        *map(block_kit.section, asked),
        block_kit.section(text),
        block_kit.fields(*_facts(message, kind, entry, finding, t)),
        *map(block_kit.context, remarks),
        *_buttons(kind, entry, finding, t),
    ]
    return block_kit.message(" ".join([text, *asked]), blocks)


def _entry(message: OutboxMessage, finding: FindingDetails) -> UnmanagedEntry | None:
    """The one unmanaged entry that a message is about; None where it is gone, or the finding another."""
    about = set(findings.entries_of(finding.target.id, message.about))
    return next((each for each in finding.entries if each.entry in about), None)


def _asks(
    message: OutboxMessage,
    kind: FindingKind,
    entries: Iterable[UnmanagedEntry | None],
    finding: FindingDetails,
    t: Translator,
) -> list[Mrkdwn]:
    """The question to the approvers, where they are asked; none once somebody has answered it."""
    open_ones = [
        each for each in entries if each is None or not is_ignored(each.ignored_until, now=finding.now)
    ]
    answered = message.kind is not LISTS and any(map(_is_under_way, finding.requests))
    if ASKS not in message.params or not finding.approvers or not open_ones or answered:
        return []
    key = "finding.asks.check" if kind in _SINCE else "finding.asks"
    return [t(key, approvers=t.people(sorted(finding.approvers)))]


def _facts(
    message: OutboxMessage,
    kind: FindingKind,
    entry: UnmanagedEntry | None,
    finding: FindingDetails,
    t: Translator,
) -> list[tuple[str, str]]:
    """What is known of a finding, each below its name; what Heroku does not tell is left out."""
    since = datetime.fromisoformat(message.params["seen"])
    if entry is not None and kind is FindingKind.UNMANAGED:
        since = entry.first_seen_at
    facts: list[tuple[str, str]] = []
    if entry is not None and one_line(entry.description):
        facts.append((t("finding.description"), cut(one_line(entry.description), TEXT)))
    if entry is not None and one_line(entry.created_by):
        facts.append((t("finding.created_by"), cut(one_line(entry.created_by), TEXT)))
    facts.append((t(_SINCE.get(kind, "finding.since")), t.show(since)))
    # What is gone, or not in force, reaches nothing.
    reaches = "finding.concerns" if kind in _SINCE else "finding.reaches"
    facts.append((t(reaches), _reaches(finding, t)))
    count = width(finding.method, message.params.get("listed", ""))
    if count is not None:
        wide = t("card.width.one") if count == 1 else t("card.width.many", count=f"{count:,}")
        facts.append((t("card.width"), wide))
    return facts


def _reaches(finding: FindingDetails, t: Translator) -> Mrkdwn:
    """The databases that an entry opens, and whether it is known that it does."""
    if finding.services is None:
        return t.names(finding.databases)
    space = finding.target.label
    if not finding.databases:
        return t("finding.reaches.none", space=space)
    databases = t.names(finding.databases)
    match concern(finding.services):
        case Concern.DATABASES:
            return t("finding.reaches.space", space=space, databases=databases)
        case Concern.WEB:
            return t("finding.reaches.web", space=space)
    return t("finding.reaches.maybe", space=space, databases=databases)


def _state(
    kind: FindingKind,
    entry: UnmanagedEntry | None,
    finding: FindingDetails,
    *,
    t: Translator,
    policy: Policy,
) -> list[Mrkdwn]:
    """Where a finding stands: who asked for what about it, until when it is ignored, or that it is open."""
    lines = [request_state.state_line(each, t=t, policy=policy) for each in finding.requests[-1:]]
    lines = [
        Mrkdwn(f"{t(f'finding.requested.{_asked(each)}', person=mention(each.request.requester))} {line}")
        for each, line in zip(finding.requests[-1:], lines, strict=True)
    ]
    if entry is None:
        return lines
    if is_ignored(entry.ignored_until, now=finding.now):
        by, because = mention(entry.ignored_by or ""), rows.because(entry.ignored_because, t, limit=TEXT)
        lines.append(t("finding.ignored", until=entry.ignored_until, person=by, because=because))
    if not lines and kind in (FindingKind.UNMANAGED, FindingKind.BACK):
        lines.append(t("finding.open", app=finding.target.label))
    if FindingAction.ADOPT not in actions(kind, entry.method, entry.subject):
        fixed = "everywhere" if entry.subject == EVERYWHERE else "odd"
        lines.append(t(f"finding.fixed.{fixed}"))
    return lines


def _again(message: OutboxMessage, t: Translator, policy: Policy) -> list[Mrkdwn]:
    """That the entry was ignored until a moment ago, by whom and why."""
    until = message.params.get(AGAIN)
    if not until:
        return []
    hidden = policy.reasons is Reasons.APPROVERS
    by = mention(message.params["by_person"])
    because = rows.because("" if hidden else message.params["because"], t, limit=TEXT)
    return [t("finding.again", until=datetime.fromisoformat(until), person=by, because=because)]


def _asked(details: RequestDetails) -> FindingAction:
    return FindingAction.ADOPT if details.request.kind is Kind.ADOPT else FindingAction.REMOVE


def _is_under_way(details: RequestDetails) -> bool:
    """Whether a request waits for its decision, or what it approved is being done."""
    operation = details.operation
    doing = operation is not None and operation.state is OperationState.DOING
    return doing or details.request.state is RequestState.PENDING


def _buttons(
    kind: FindingKind, entry: UnmanagedEntry | None, finding: FindingDetails, t: Translator
) -> list[Block]:
    """What can be done about a finding now: nothing while a request about it is under way."""
    if entry is None or finding.target.gone_at is not None or any(map(_is_under_way, finding.requests)):
        return []
    offered = actions(kind, entry.method, entry.subject)
    buttons = [
        block_kit.button(
            t(f"button.finding.{action}"),
            action=_ACTIONS[action][0],
            value=action_ids.finding_value(entry.id, action, fingerprint=entry.fingerprint),
            style=_ACTIONS[action][1],
        )
        for action in offered
    ]
    return [block_kit.actions(*buttons)] if buttons else []


def _over(message: OutboxMessage, at: datetime, finding: FindingDetails, t: Translator) -> Mrkdwn:
    """What became of a finding that is over: who adopted or removed the entry, or that it is gone."""
    params = {**message.params, "at": at}
    if SUPERSEDED in message.params:
        return t("finding.superseded", entry=_named(message), app=finding.target.label, at=at)
    if message.kind is LISTS:
        key = "finding.list.first.over" if FIRST in message.params else f"{message.kind}.over"
        return t(key, **params)
    done = [each for each in finding.requests if _is_done(each)]
    if not done:
        return t(f"{message.kind}.over", **params)
    details = done[-1]
    return t(
        f"finding.over.{_asked(details)}",
        entry=_named(message),
        app=finding.target.label,
        id=details.request.id,
        person=mention(details.request.requester),
        approvers=t.people(
            each.person for each in details.decisions if each.verdict is Verdict.APPROVE and each.counts
        ),
        at=at,
    )


def _is_done(details: RequestDetails) -> bool:
    operation = details.operation
    return operation is not None and operation.state is OperationState.DONE


def _named(message: OutboxMessage) -> Mrkdwn:
    return as_code(short(message.params.get("listed", NOTHING)), ENTRY)


def _list(message: OutboxMessage, finding: FindingDetails, t: Translator) -> Message:
    """Several entries, each with where it stands, and one button to decide about one after the other."""
    about = set(findings.entries_of(finding.target.id, message.about))
    entries = [each for each in finding.entries if each.entry in about]
    text = t("finding.list.first" if FIRST in message.params else message.kind, **message.params)
    asked = _asks(message, CARDS[message.kind], entries, finding, t)
    blocks = [
        *map(block_kit.section, asked),
        block_kit.section(text),
        *_lines(entries, finding, t),
        block_kit.context(t("finding.list.reaches", databases=_reaches(finding, t))),
        *rows.choice(finding.target, finding.method, entries, t),
    ]
    return block_kit.message(" ".join([text, *asked]), blocks)


def _lines(entries: Iterable[UnmanagedEntry], finding: FindingDetails, t: Translator) -> list[Block]:
    lines = [_line(each, finding, t) for each in entries]
    if not lines:
        return []
    joined = join(
        lines,
        more=lambda count: t("finding.list.more", count=count),
        most=LISTED,
        limit=block_kit.SECTION_TEXT,
        by="\n",
    )
    return [block_kit.section(joined)]


def _line(entry: UnmanagedEntry, finding: FindingDetails, t: Translator) -> Mrkdwn:
    text = cut(one_line(entry.description) or NOTHING, TEXT // 4)
    line = t("finding.list.line", entry=as_code(short(entry.subject), ENTRY), text=text)
    about = [each for each in finding.requests if entry.subject in _entries_named(each)]
    asked = "".join(
        t("finding.list.requested", id=each.request.id, what=t(f"finding.what.{_asked(each)}"))
        for each in about
        if _is_under_way(each)
    )
    return Mrkdwn(f"{line}{rows.ignored(entry, finding.now, t)}{asked}")


def _entries_named(details: RequestDetails) -> tuple[str, ...]:
    return names_of(details.request.terms.subject)
