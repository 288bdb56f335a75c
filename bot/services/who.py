"""Who could reach a target at a moment, for those who may know it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final
from uuid import UUID

from bot.domain.access_history import AccessAt, TargetName, access_at, names_at
from bot.domain.moment import parse_moment
from bot.domain.outside.text import Names, cite
from bot.domain.person import Person
from bot.domain.target import NO_ALIASES, Aliases, Target, methods_of
from bot.errors import Refusal, Refused
from bot.ports import Transaction
from bot.ports.access_history import AccessHistory
from bot.services.context import ServiceContext
from bot.services.judgement import rule_concerning
from bot.services.request_input import timezone_of

READ: Final = 200
"""Grants in one answer in Slack: more than a message can show, few enough to be read at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WhoAnswer:
    """Who could reach a target, for one person.

    Attributes:
        access: what is recorded of the moment.
        zone: of who asked.
        cut: there were more grants than were read.
    """

    access: AccessAt
    zone: tzinfo
    cut: bool


class WhoService:
    """Tells auditors, admins and the approvers of a target who could reach it.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def at(self, word: str | None, moment: str | None, *, person: str) -> WhoAnswer:
        """Returns who could reach what a word named at a moment.

        Args:
            word: a name of that day, or one of today's aliases; None where none was typed.
            moment: as typed, in the person's zone unless it has an offset; None for now.
            person: Slack id of who asks.

        Raises:
            Refused: the person may not know it, nothing was called so, or the moment is none of the past.
        """
        async with self._context.transaction() as tx:
            member = await self._context.closing_member(tx, person)
            zone = timezone_of(member)
            at = past_moment(moment, now=self._context.now(), zone=zone)
            targets = await tx.targets.all()
            aliases = self._context.policy.aliases(targets)
            named = await targets_called(tx.access_history, word, at, aliases=aliases)
            allowed = await visible_targets(
                self._context, tx, member, [each for each in targets if each.id in named]
            )
            if allowed is not None:
                named &= allowed
            if not named:
                raise Refused(Refusal.WHO_NOT_ALLOWED)
            read = await read_access(tx.access_history, named, at, limit=READ + 1)
        return WhoAnswer(access=read, zone=zone, cut=len(read.grants) > READ)


async def visible_targets(
    context: ServiceContext, tx: Transaction, member: Person, targets: Collection[Target]
) -> frozenset[UUID] | None:
    """Returns the targets of which a member may see everything that is recorded.

    Args:
        context: the policy.
        tx: an open transaction.
        member: who asks, by the last that was known of them.
        targets: among which.

    Returns:
        Those that the member approves access to; None for every one, which auditors and admins see.
    """
    if context.policy.is_auditor(member.ids):
        return None
    found = set[UUID]()
    for target in targets:
        for method in methods_of(target):
            try:
                rule = await rule_concerning(tx, context.policy, target, method)
            except Refused:
                continue
            if not rule.approvers.isdisjoint(member.ids):
                found.add(target.id)
    return frozenset(found)


def past_moment(text: str | None, *, now: datetime, zone: tzinfo) -> datetime:
    """Returns the moment that a text means, now where there is none.

    Raises:
        Refused: it is no moment, or one of the future.
    """
    if text is None:
        return now
    moment = parse_moment(text, now=now, zone=zone)
    example = f"{now.astimezone(zone).date()} 00:00"
    if moment is None:
        raise Refused(Refusal.MOMENT_UNREADABLE, given=cite(text), example=example)
    if moment > now:
        raise Refused(Refusal.MOMENT_AHEAD, given=cite(text), example=example)
    return moment


async def targets_called(
    history: AccessHistory, word: str | None, at: datetime, *, aliases: Aliases = NO_ALIASES
) -> frozenset[UUID]:
    """Returns the targets that a word named at a moment: all of them, where several had the name.

    Args:
        history: of the store.
        word: a name of that day, or an alias.
        at: business time.
        aliases: the policy's of today, in lower case.

    Raises:
        Refused: nothing was called so then.
    """
    names = names_at(await history.names(), at)
    meant = aliases.get((word or "").lower(), frozenset())
    found = frozenset(
        id for id, each in names.items() if id in meant or (word is not None and each.is_called(word))
    )
    if found:
        return found
    known = Names(sorted({each.shown for each in names.values()}))
    example = known[0] if known else "billing"
    if word is None:
        raise Refused(Refusal.TARGET_MISSING, known=known, example=example)
    raise Refused(Refusal.WHO_UNKNOWN, word=cite(word), at=at, known=known, example=example)


async def read_access(
    history: AccessHistory, named: Collection[UUID], at: datetime, *, limit: int | None = None
) -> AccessAt:
    """Reads who could reach some targets at a moment; what allows a space counts for its databases.

    Args:
        history: of the store.
        named: which databases and spaces.
        at: business time.
        limit: how many grants at most are read; None for all.
    """
    names = names_at(await history.names(), at)
    spaces = [each.space for id, each in names.items() if id in named and each.space is not None]
    which = list(dict.fromkeys([*sorted(named), *sorted(id for id in spaces if id in names)]))
    shown = [names.get(id) or TargetName(target=id, name=str(id)) for id in which]
    return access_at(
        at,
        shown,
        grants=await history.grants(which, at, limit=limit),
        adopted=await history.adopted(which, at),
        unmanaged=await history.unmanaged(which, at),
        observed_lists=await history.observed_lists(which),
    )
