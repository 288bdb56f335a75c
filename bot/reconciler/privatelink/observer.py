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
    operations: tuple[Operation, ...]
    observation: PrivateLinkObservation | None

    def operations_of(self, kind: Kind) -> tuple[Operation, ...]:
        """The changes of one kind."""
        return tuple(operation for operation in self.operations if operation.kind is kind)


class PrivateLinkObserver(DatabaseLeaseManager):
    """The keeper's eyes on PrivateLink."""

    async def observe(self, run: PrivateLinkReconciliation) -> PrivateLinkState | None:
        """Looks once; None where it is proven that there is no PrivateLink.

        Raises:
            HerokuError: nothing was seen.
            LeaseLostError: the turn is over.
        """
        self.require_time(run)
        database = run.job.database
        try:
            seen = await self._heroku.privatelink(database.name)
        except HerokuNotFoundError:
            await self.confirm_name(run)
            return None
        if seen.database not in (None, database.id):
            await self.confirm_name(run)
            raise HerokuAmbiguousError(200, "another", "the answer is about another database")
        return seen

    async def config_vars(
        self, run: PrivateLinkReconciliation, observation: PrivateLinkObservation
    ) -> PrivateLinkObservation:
        """The look with the names of the app's config vars that came with connections.

        They are read while one is still awaited, in gaps that grow: one that never appears is not asked for
        in every pass for ever. Only words hang on them, so they are not worth a pass: unread, what was known
        of them stays.

        Args:
            turn: the pass.
            look: what it saw.
        """
        before = run.observation or PrivateLinkObservation(at=observation.at, status=None)
        observation = replace(observation, config_vars=before.config_vars)
        # Another connection is awaited from the beginning.
        attempts = before.vars_tries if observation.awaits <= before.awaits else 0
        read = before.vars_read_at
        now, gap = run.job.claimed_at, schedule.gap(schedule.CONFIG_VARS, attempts - 1)
        due = attempts == 0 or read is None or now - read >= gap
        if observation.awaits and due and self.has_time(run):
            try:
                names = await self._heroku.config_var_names(run.job.database.app)
            except HerokuError as error:
                log.warning("reconciler.config_vars_unread", app=run.job.database.app, error=str(error))
            else:
                observation = replace(observation, config_vars=tuple(sorted(names)))
            read, attempts = now, attempts + 1
        came = tuple(
            name for name in observation.config_vars if any(map(_came_with(name), observation.connections))
        )
        return replace(observation, config_vars=came, vars_tries=attempts, vars_read_at=read)


def observation_of(seen: PrivateLinkState | None, *, now: datetime) -> PrivateLinkObservation:
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


def with_operations(known: LinkKnown, operations: Sequence[Operation], *, now: datetime) -> LinkKnown:
    """What is known, with what approved changes want.

    Args:
        known: grants and accounts.
        changes: that are to be made.
        now: Postgres time; a call that was made just now has to show before it is made again.
    """
    closing = [operation for operation in operations if operation.kind is Kind.CLOSE]
    undoing = [operation for operation in operations if operation.kind is Kind.REMOVE_UNMANAGED]
    return replace(
        known,
        closing=bool(closing),
        close_waiting=bool(closing) and all(_rests(operation, now) for operation in closing),
        approved_removals=frozenset(arn for operation in undoing for arn in arns_of(operation)),
        removals_waiting=frozenset(
            arn for operation in undoing if _rests(operation, now) for arn in arns_of(operation)
        ),
    )


def arns_of(operation: Operation) -> tuple[str, ...]:
    """The accounts that a change is about."""
    return operation.subject.arns if isinstance(operation.subject, Accounts) else ()


def _rests(operation: Operation, now: datetime) -> bool:
    """Whether Heroku is not to be asked now: it was just now, or it is too late for it."""
    asked = operation.progress.get(ASKED_AT)
    return operation.overdue or (
        asked is not None and now - datetime.fromisoformat(asked) < schedule.QUARANTINE
    )
