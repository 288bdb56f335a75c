"""Observes one database's PrivateLink within its lease; absence is believed only where it is proven."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from bot.domain import schedule
from bot.domain.operation import Operation
from bot.domain.privatelink.observation import Connection, PrivateLinkObservation
from bot.domain.privatelink.plan import StoredAccounts
from bot.domain.request import Kind
from bot.domain.subject import Accounts
from bot.domain.timings import DEFAULT, Timings
from bot.errors import HerokuAmbiguousError, HerokuError, HerokuNotFoundError, HerokuUnknownAddonError
from bot.ports import Clock, Heroku, PrivateLinkState, Store
from bot.reconciler.lease import DatabaseLeaseManager
from bot.reconciler.reconciliation import Reconciliation

REQUESTED_AT: Final = "asked_at"
"""In an operation's progress: Postgres time, in ISO form, at which Heroku was last asked for it."""

log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True)
class PrivateLinkReconciliation(Reconciliation):
    """A reconcile run over a database's PrivateLink.

    Attributes:
        stored: what the store knew when the job was claimed.
        observation: the last one; None when there was none.
        concluded_removals: accounts whose proven removal is recorded already.
    """

    stored: StoredAccounts
    observation: PrivateLinkObservation | None
    concluded_removals: frozenset[str] = frozenset()


class PrivateLinkObserver(DatabaseLeaseManager):
    """Reads a database's PrivateLink.

    Args:
        store: the source of truth.
        heroku: what is observed.
        clock: business time.
    """

    def __init__(self, *, store: Store, heroku: Heroku, clock: Clock) -> None:
        super().__init__(store=store, heroku=heroku)
        self._clock = clock

    async def observe(self, run: PrivateLinkReconciliation) -> PrivateLinkObservation:
        """Reads the endpoint once; its status is None where it is proven that there is none.

        Raises:
            HerokuError: nothing was observed.
            LeaseLostError: the lease is lost.
        """
        self.require_time(run)
        database = run.job.database
        try:
            state = await self._heroku.privatelink(database)
        except HerokuUnknownAddonError:
            # Its name may be another one by now.
            await self.confirm_name(run)
            raise
        except HerokuNotFoundError:
            await self.confirm_absence(run)
            return PrivateLinkObservation(at=self._clock.now(), status=None)
        # Two databases may have swapped names: the answer itself says whose endpoint it shows.
        if state.database not in (None, database.id):
            await self.confirm_name(run)
            raise HerokuAmbiguousError(200, "another", "the answer is about another database")
        return _observation_of(state, now=self._clock.now())

    async def config_vars(
        self, run: PrivateLinkReconciliation, observation: PrivateLinkObservation
    ) -> PrivateLinkObservation:
        """Adds the names of the app's config vars that came with connections to an observation.

        They are read while one is still awaited, in gaps that grow: one that never appears is not asked for
        in every run for ever. Only messages depend on them, so they are not worth failing a run: unread, what
        was known of them stays.

        Args:
            run: the reconcile run.
            observation: what it read.
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
            # A failed attempt counts too, or names that cannot be read would be asked for in every run.
            read, attempts = now, attempts + 1
        came = tuple(
            name for name in observation.config_vars if any(map(_came_with(name), observation.connections))
        )
        return replace(observation, config_vars=came, vars_tries=attempts, vars_read_at=read)


def _observation_of(state: PrivateLinkState, *, now: datetime) -> PrivateLinkObservation:
    """The observation to keep; which accounts are owned is added when it is recorded."""
    return PrivateLinkObservation(
        at=now,
        status=state.status,
        service=state.service,
        accounts=state.accounts,
        connections=state.connections,
    )


def _came_with(name: str) -> Callable[[Connection], bool]:
    """Tells of connections whether a config var came with them."""
    return lambda each: each.works and f"_{each.config_var}_" in name


def with_operations(
    stored: StoredAccounts, operations: Sequence[Operation], *, now: datetime, timings: Timings = DEFAULT
) -> StoredAccounts:
    """Adds what approved operations request to stored state.

    Args:
        stored: grants and accounts.
        operations: those under way.
        now: Postgres time; a call that was made just now has to show before it is repeated.
        timings: how long that may take.
    """
    closing = [operation for operation in operations if operation.kind is Kind.CLOSE]
    removals = [operation for operation in operations if operation.kind is Kind.REMOVE_UNMANAGED]
    return replace(
        stored,
        closing=bool(closing),
        close_waiting=bool(closing) and all(_is_waiting(operation, now, timings) for operation in closing),
        approved_removals=frozenset(arn for operation in removals for arn in arns_of(operation)),
        removals_waiting=frozenset(
            arn
            for operation in removals
            if _is_waiting(operation, now, timings)
            for arn in arns_of(operation)
        ),
    )


def arns_of(operation: Operation) -> tuple[str, ...]:
    """Returns the accounts that an operation is about; none where it is about the whole endpoint."""
    return operation.subject.arns if isinstance(operation.subject, Accounts) else ()


def _is_waiting(operation: Operation, now: datetime, timings: Timings) -> bool:
    """Whether Heroku is not to be asked now: it was just now, or it is too late for it."""
    requested = operation.progress.get(REQUESTED_AT)
    return operation.overdue or (
        requested is not None and now - datetime.fromisoformat(requested) < timings.quarantine
    )
