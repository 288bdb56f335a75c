"""Looks at one database's PrivateLink for the keeper: within its lease, and with absence proven."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from bot.domain import schedule
from bot.domain.operation import Operation
from bot.domain.privatelink.observation import Connection, PrivateLinkObservation
from bot.domain.privatelink.plan import LinkKnown
from bot.domain.request import Kind
from bot.domain.subject import Accounts
from bot.errors import HerokuAmbiguousError, HerokuError, HerokuNotFoundError
from bot.ports import PrivateLinkState
from bot.reconciler.lease import DatabaseLeaseManager, Reconciliation

ASKED_AT: Final = "asked_at"
"""In a change's progress: Postgres time, in ISO form, at which Heroku was last asked to make it."""

log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True)
class PrivateLinkReconciliation(Reconciliation):
    """A claimed database's PrivateLink.

    Attributes:
        known: what the store knew when the lane was claimed.
        changes: that are to be made here, once.
        look: what the last look saw; None when there was none.
    """

    known: LinkKnown
    changes: tuple[Operation, ...]
    look: PrivateLinkObservation | None

    def changes_of(self, kind: Kind) -> tuple[Operation, ...]:
        """The changes of one kind."""
        return tuple(change for change in self.changes if change.kind is kind)


class PrivateLinkObserver(DatabaseLeaseManager):
    """The keeper's eyes on PrivateLink."""

    async def look(self, turn: PrivateLinkReconciliation) -> PrivateLinkState | None:
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
            raise HerokuAmbiguousError(200, "another", "the answer is about another database")
        return seen

    async def config_vars(
        self, turn: PrivateLinkReconciliation, look: PrivateLinkObservation
    ) -> PrivateLinkObservation:
        """The look with the names of the app's config vars that came with connections.

        They are read while one is still awaited, in gaps that grow: one that never appears is not asked for
        in every pass for ever. Only words hang on them, so they are not worth a pass: unread, what was known
        of them stays.

        Args:
            turn: the pass.
            look: what it saw.
        """
        before = turn.look or PrivateLinkObservation(at=look.at, status=None)
        look = replace(look, config_vars=before.config_vars)
        # Another connection is awaited from the beginning.
        tries = before.vars_tries if look.awaits <= before.awaits else 0
        read = before.vars_read_at
        now, gap = turn.job.claimed_at, schedule.gap(schedule.CONFIG_VARS, tries - 1)
        due = tries == 0 or read is None or now - read >= gap
        if look.awaits and due and self.has_time(turn):
            try:
                names = await self._heroku.config_var_names(turn.job.database.app)
            except HerokuError as error:
                log.warning("keeper.config_vars_unread", app=turn.job.database.app, error=str(error))
            else:
                look = replace(look, config_vars=tuple(sorted(names)))
            read, tries = now, tries + 1
        came = tuple(name for name in look.config_vars if any(map(_came_with(name), look.connections)))
        return replace(look, config_vars=came, vars_tries=tries, vars_read_at=read)


def look_of(seen: PrivateLinkState | None, *, now: datetime) -> PrivateLinkObservation:
    """What a look saw, as it is kept; what the store adds to it is not there yet.

    Args:
        seen: None where it is proven that there is no PrivateLink.
        now: business time.
    """
    if seen is None:
        return PrivateLinkObservation(at=now, status=None)
    return PrivateLinkObservation(
        at=now,
        status=seen.status,
        service=seen.service,
        accounts=seen.accounts,
        connections=seen.connections,
    )


def _came_with(name: str) -> Callable[[Connection], bool]:
    """Tells of connections whether a config var came with them."""
    return lambda each: each.works and f"_{each.config_var}_" in name


def with_changes(known: LinkKnown, changes: Sequence[Operation], *, now: datetime) -> LinkKnown:
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


def arns_of(change: Operation) -> tuple[str, ...]:
    """The accounts that a change is about."""
    return change.subject.arns if isinstance(change.subject, Accounts) else ()


def _rests(change: Operation, now: datetime) -> bool:
    """Whether Heroku is not to be asked now: it was just now, or it is too late for it."""
    asked = change.progress.get(ASKED_AT)
    return change.overdue or (asked is not None and now - datetime.fromisoformat(asked) < schedule.QUARANTINE)
