"""Looks at one database's PrivateLink for the keeper: within its lease, and with absence proven."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from bot.domain import schedule
from bot.domain.change import Change
from bot.domain.link import LinkLook
from bot.domain.link_plan import LinkKnown
from bot.domain.request import Kind
from bot.domain.subject import Accounts
from bot.errors import HerokuError, HerokuNotFoundError, HerokuUnclearError
from bot.keeping.turns import DatabaseTurns, Turn
from bot.ports import LinkSeen

ASKED_AT: Final = "asked_at"
"""In a change's progress: Postgres time, in ISO form, at which Heroku was last asked to make it."""

log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True)
class LinkTurn(Turn):
    """A claimed database's PrivateLink.

    Attributes:
        known: what the store knew when the lane was claimed.
        changes: that are to be made here, once.
        look: what the last look saw; None when there was none.
    """

    known: LinkKnown
    changes: tuple[Change, ...]
    look: LinkLook | None

    def changes_of(self, kind: Kind) -> tuple[Change, ...]:
        """The changes of one kind."""
        return tuple(change for change in self.changes if change.kind is kind)


class LinkObserver(DatabaseTurns):
    """The keeper's eyes on PrivateLink."""

    async def look(self, turn: LinkTurn) -> LinkSeen | None:
        """Looks once; None where it is proven that there is no PrivateLink.

        Raises:
            HerokuError: nothing was seen.
            LeaseLostError: the turn is over.
        """
        self.require_time(turn)
        database = turn.job.database
        try:
            seen = await self._heroku.privatelink(database.name)
        except HerokuNotFoundError:
            await self.confirm_name(turn)
            return None
        if seen.database not in (None, database.id):
            await self.confirm_name(turn)
            raise HerokuUnclearError(200, "another", "the answer is about another database")
        return seen

    async def config_vars(self, turn: LinkTurn, seen: LinkSeen | None) -> tuple[str, ...]:
        """Names of the app's config vars that came with connections; read while one is still awaited.

        Only words hang on them, so they are not worth a pass: unread, what was known of them stays.
        """
        known = () if turn.look is None else turn.look.config_vars
        works = [each for each in (seen.connections if seen else ()) if each.works]
        middles = tuple(f"_{each.config_var}_" for each in works)
        awaited = any(not any(middle in name for name in known) for middle in middles)
        if awaited and self.has_time(turn):
            try:
                known = tuple(sorted(await self._heroku.config_var_names(turn.job.database.app)))
            except HerokuError as error:
                log.warning("keeper.config_vars_unread", app=turn.job.database.app, error=str(error))
        return tuple(name for name in known if any(middle in name for middle in middles))


def with_changes(known: LinkKnown, changes: Sequence[Change], *, now: datetime) -> LinkKnown:
    """What is known, with what approved changes want.

    Args:
        known: grants and accounts.
        changes: that are to be made.
        now: Postgres time; a call that was made just now has to show before it is made again.
    """
    closing = [change for change in changes if change.kind is Kind.CLOSE]
    undoing = [change for change in changes if change.kind is Kind.UNDO]
    return replace(
        known,
        closing=bool(closing),
        close_waiting=bool(closing) and all(_rests(change, now) for change in closing),
        undo=frozenset(arn for change in undoing for arn in arns_of(change)),
        undo_waiting=frozenset(arn for change in undoing if _rests(change, now) for arn in arns_of(change)),
    )


def arns_of(change: Change) -> tuple[str, ...]:
    """The accounts that a change is about."""
    return change.subject.arns if isinstance(change.subject, Accounts) else ()


def _rests(change: Change, now: datetime) -> bool:
    """Whether Heroku is not to be asked now: it was just now, or it is too late for it."""
    asked = change.progress.get(ASKED_AT)
    return change.overdue or (asked is not None and now - datetime.fromisoformat(asked) < schedule.QUARANTINE)
