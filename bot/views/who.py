"""The answer to who could reach a target at a moment."""

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Final

from bot.domain.access_history import (
    OBSERVED_WITHIN,
    Access,
    AccessAt,
    AdoptedEntry,
    Approval,
    Certainty,
    Evidence,
    Sight,
    SightedEntry,
)
from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.domain.moment import show_moment
from bot.domain.outside.text import Names
from bot.domain.subject import Accounts
from bot.i18n.translator import Mrkdwn, Translator, cut, join, mention
from bot.ports import Message
from bot.views import block_kit
from bot.views.text import as_code

MOST: Final = 20
"""Lines of one part of the answer; the rest is counted."""

LINES: Final = 2800
"""Characters of the lines of one part, which have to fit one section."""

TEXT: Final = 100
"""Characters of a text of others: a description, the name of who wrote a list."""

_METHODS: Final = {
    Method.MTLS: "advise.option.mtls",
    Method.PRIVATELINK: "advise.option.privatelink",
    Method.TRUSTED: "who.trusted",
}
"""What an access method is called in a line."""


def answer(word: str, access: AccessAt, t: Translator, *, zone: tzinfo, is_cut: bool = False) -> Message:
    """Who could reach a target, in parts: by approval, adopted, not managed; and on which evidence.

    Args:
        word: what was asked about.
        access: what is recorded.
        t: the reader's language.
        zone: the reader's.
        is_cut: only the first grants were read.
    """
    moment, target = show_moment(access.at, zone), as_code(word, TEXT)
    title = t("who.title", target=target, moment=moment)
    named = Names(
        f"{each.shown} ({each.name})" if each.name != each.shown else each.name for each in access.targets
    )
    parts = [
        *_part(
            "who.grants",
            "who.grants.none",
            [_grant(access, each, t) for each in access.grants],
            t,
            more=is_cut,
        ),
        *_part("who.adopted", "who.adopted.none", [_adopted(access, each, t) for each in access.adopted], t),
        *_part(
            "who.unmanaged",
            "who.unmanaged.none",
            [_unmanaged(access, each, t) for each in access.unmanaged],
            t,
        ),
    ]
    seen = join(
        (_evidence(access, each, t) for each in access.evidence),
        more=lambda count: t("who.more", count=count),
        most=MOST,
        limit=LINES,
        by="\n",
    )
    shown = [
        block_kit.section(title),
        block_kit.context(t("who.targets", targets=named)),
        *map(block_kit.section, parts),
    ]
    if seen:
        shown.append(block_kit.context(seen))
    shown.append(
        block_kit.context(t("who.all", target=target, moment=access.at.strftime("%Y-%m-%d %H:%M:%S")))
    )
    return block_kit.message(title, shown)


def _part(key: str, none: str, lines: Sequence[Mrkdwn], t: Translator, *, more: bool = False) -> list[Mrkdwn]:
    """A part with its number of lines; or that there are none."""
    if not lines:
        return [t(none)]
    count = f"{len(lines) - 1}+" if more else str(len(lines))
    listed = join(lines, more=lambda left: t("who.more", count=left), most=MOST, limit=LINES, by="\n")
    return [Mrkdwn(f"{t(key, count=count)}\n{listed}")]


def _grant(access: AccessAt, each: Access, t: Translator) -> Mrkdwn:
    grant = each.grant
    line = t(
        "who.grant" if each.certainty is Certainty.IN_FORCE else "who.grant.opening",
        id=grant.request,
        what=grant.subject if isinstance(grant.subject, Accounts) else str(grant.subject),
        where=access.name_of(grant.target),
        method=t(_METHODS[grant.method]),
        person=mention(grant.owner),
        since=each.since,
        end=t("ends.never") if each.planned_end is None else t("ends.at", at=each.planned_end),
        approved=_approved(each.approvals, t),
    )
    if each.ended_at is None:
        return line
    key = "who.interrupted" if each.ended == GrantState.INTERRUPTED else "who.closed"
    return t(key, line=line, at=each.ended_at)


def _adopted(access: AccessAt, entry: AdoptedEntry, t: Translator) -> Mrkdwn:
    line = t(
        "who.adopted.line",
        id=entry.request,
        what=as_code(entry.subject, TEXT),
        where=access.name_of(entry.target),
        method=t(_METHODS[entry.method]),
        person=mention(entry.requester),
        since=entry.since,
        approved=_approved(entry.approvals, t),
    )
    return _gone(line, entry.absent_at, t)


def _unmanaged(access: AccessAt, entry: SightedEntry, t: Translator) -> Mrkdwn:
    line = t(
        "who.unmanaged.line",
        what=as_code(entry.subject, TEXT),
        where=access.name_of(entry.target),
        method=t(_METHODS[entry.method]),
        since=entry.first_seen_at,
    )
    if entry.description:
        line = t("who.unmanaged.described", line=line, description=as_code(entry.description, TEXT))
    if entry.created_by:
        line = t("who.unmanaged.by", line=line, by=cut(entry.created_by, TEXT))
    return _gone(line, entry.absent_at, t)


def _gone(line: Mrkdwn, at: datetime | None, t: Translator) -> Mrkdwn:
    return line if at is None else t("who.gone", line=line, at=at)


def _approved(approvals: Iterable[Approval], t: Translator) -> Mrkdwn:
    people = list(dict.fromkeys(each.person for each in approvals))
    return t("who.approved", people=t.people(people)) if people else t("who.approved.policy")


def _evidence(access: AccessAt, seen: Evidence, t: Translator) -> Mrkdwn:
    of = {"where": access.name_of(seen.target), "method": t(_METHODS[seen.method])}
    match seen.sight:
        case Sight.NEVER:
            return t("who.seen.never", **of)
        case Sight.GAP if seen.since is None:
            return t("who.seen.before", until=seen.until, **of)
        case Sight.GAP:
            return t("who.seen.gap", since=seen.since, until=seen.until, **of)
        case Sight.LAST:
            return t("who.seen.last", since=seen.since, age=seen.age, **of)
    return t("who.seen.observed", within=OBSERVED_WITHIN, **of)
