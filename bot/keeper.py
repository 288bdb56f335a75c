"""Keeps Heroku in step with the store: claim, observe, plan, do, read back, record.

A pass is short; reading back is the next pass, soon after. Between two passes nothing is held but rows.
"""

import contextlib
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from bot.domain import grant as grants
from bot.domain import schedule
from bot.domain.grant import Grant, GrantState, Why
from bot.domain.plan import Plan, plan, strays
from bot.domain.policy import Policy
from bot.domain.target import Look, Network, Rule
from bot.errors import (
    HerokuBusyError,
    HerokuDeniedError,
    HerokuError,
    HerokuNotFoundError,
    HerokuUnclearError,
    LeaseLostError,
)
from bot.ports import BOT, Clock, Doing, Heroku, Job, PostKind, Store, Transaction

MARGIN: Final = timedelta(seconds=5)
"""What must be left of a lease beyond a call's deadline: time to record the answer."""

LOUD_AFTER: Final = 5
"""Tries in a row that may fail before operations hears of it: about three minutes."""

log = structlog.get_logger(__name__)

_TOLD: Final = {
    GrantState.IN_FORCE: PostKind.NOTICE_IN_FORCE,
    GrantState.ENDED: PostKind.NOTICE_ENDED,
    GrantState.FAILED: PostKind.NOTICE_FAILED,
    GrantState.INTERRUPTED: PostKind.NOTICE_INTERRUPTED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """What one observation brought.

    Attributes:
        enabled: mTLS is enabled; without it the list is proven to be empty.
        settled: False while the endpoint is being made, so that nothing can be added yet.
    """

    enabled: bool
    settled: bool
    rules: tuple[Rule, ...]


@dataclass(kw_only=True, slots=True)
class Turn:
    """A claimed database, for as long as its lease holds.

    Attributes:
        held_since: monotonic seconds, taken before the lease was.
        current: the grants are still those that the job was planned on.
    """

    job: Job
    held_since: float
    current: bool = True


@dataclass(kw_only=True, slots=True)
class _Outcome:
    """What carrying out a plan brought, beyond the plan itself.

    Attributes:
        refused: networks that Heroku will not open, each with its words.
        changed: something was written, so the next look comes soon.
    """

    refused: dict[Network, str] = field(default_factory=dict)
    changed: bool = False


class Keeper:
    """Takes one database at a time."""

    def __init__(self, *, store: Store, heroku: Heroku, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._heroku = heroku
        self._policy = policy
        self._clock = clock

    async def claim(self) -> Turn | None:
        """Takes the database that has been due the longest; None when none is due."""
        since = time.monotonic()
        async with self._store.transaction() as tx:
            job = await tx.targets.claim()
            await tx.commit()
            return None if job is None else Turn(job=job, held_since=since)

    async def next_due(self) -> timedelta | None:
        """How long until there is something to claim."""
        async with self._store.transaction() as tx:
            return await tx.targets.next_due()

    async def work(self, turn: Turn) -> None:
        """Makes one pass over a claimed database. Whatever happens is recorded, or the lease runs out."""
        job = turn.job
        try:
            seen = await self._observe(turn)
            drawn = plan(job.known, seen.rules)
            await self._recognise(turn, drawn)
            outcome = await self._carry_out(turn, drawn, seen)
            await self._record(job, seen, drawn, outcome)
        except LeaseLostError:
            log.warning("keeper.lease_lost", database=job.database.name)
        except HerokuDeniedError as error:
            await self._denied(job, error)
        except HerokuError as error:
            await self._trouble(job, error)

    # --- observe ---------------------------------------------------------------------------------

    async def _observe(self, turn: Turn) -> _Seen:
        """Looks at the rules. Absence is only believed from a list, or from a confirmed 404.

        The list's own refusal before mTLS is enabled is not documented, so any refusal is looked into:
        the endpoint says whether mTLS is enabled, the add-on whether it is still called so.
        """
        self._require_time(turn)
        try:
            return _Seen(enabled=True, settled=True, rules=await self._heroku.rules(turn.job.database.name))
        except (HerokuBusyError, HerokuDeniedError):
            raise
        except HerokuError as refused:
            return await self._look_closer(turn, refused)

    async def _look_closer(self, turn: Turn, refused: HerokuError) -> _Seen:
        self._require_time(turn)
        try:
            status = await self._heroku.endpoint_status(turn.job.database.name)
        except HerokuNotFoundError:
            await self._confirm_name(turn)
            return _Seen(enabled=False, settled=True, rules=())
        if status != "Provisioning" or turn.job.known.entries:
            raise refused
        return _Seen(enabled=True, settled=False, rules=())

    async def _confirm_name(self, turn: Turn) -> None:
        """Makes sure that a 404 means "not enabled" and not "renamed" or "gone".

        Raises:
            HerokuUnclearError: the add-on has another name now; the next pass uses it.
            HerokuNotFoundError: the add-on is gone; what became of its rules is unknown.
        """
        self._require_time(turn)
        database = turn.job.database
        name = await self._heroku.database_name(database.id)
        if name != database.name:
            async with self._store.transaction() as tx:
                await tx.targets.renamed(database.id, name)
                await tx.commit()
            raise HerokuUnclearError(404, "not_found", f"the add-on is called {name} now")

    # --- do --------------------------------------------------------------------------------------

    def _require_time(self, turn: Turn) -> None:
        """Lets a call start only if its total deadline fits into the lease.

        Measured from before the lease was taken, on a clock that goes on while the process is stopped.
        """
        left = schedule.LEASE - timedelta(seconds=time.monotonic() - turn.held_since)
        if left < self._heroku.deadline + MARGIN:
            raise LeaseLostError("too little is left of the lease to begin a call")

    @contextlib.asynccontextmanager
    async def _holding(self, turn: Turn) -> AsyncIterator[Transaction]:
        """A transaction that prolongs the lease, and fails if it is not ours any more."""
        since = time.monotonic()
        async with self._store.transaction() as tx:
            turn.current = await tx.targets.renew(turn.job)
            yield tx
            await tx.commit()
        turn.held_since = since

    async def _recognise(self, turn: Turn, drawn: Plan) -> None:
        """Takes rules whose answer was lost for ours, before anything is done on that ground."""
        if drawn.recognised:
            async with self._holding(turn) as tx:
                for intent, rule in drawn.recognised:
                    await tx.entries.made(turn.job, intent, rule)

    async def _carry_out(self, turn: Turn, drawn: Plan, seen: _Seen) -> _Outcome:
        """Removes first, then adds; adding stops as soon as the grants are no longer those planned on."""
        outcome = _Outcome(changed=bool(drawn.remove))
        for rule in drawn.remove:
            await self._remove(turn, rule)
        if seen.enabled and seen.settled:
            for network in drawn.add:
                outcome.changed = True
                if not await self._add(turn, network, outcome):
                    break
        return outcome

    async def _remove(self, turn: Turn, rule: UUID) -> None:
        async with self._holding(turn) as tx:
            await tx.entries.intend_remove(turn.job, rule)
        self._require_time(turn)
        try:
            await self._heroku.remove_rule(turn.job.database.name, rule)
        except HerokuNotFoundError:
            # Gone already, or the database was renamed: the next list tells which.
            log.info("keeper.nothing_to_remove", database=turn.job.database.name, rule=str(rule))

    async def _add(self, turn: Turn, network: Network, outcome: _Outcome) -> bool:
        """Adds one rule; False when no further one should be added in this pass."""
        async with self._holding(turn) as tx:
            if not turn.current:
                return False
            intent, mark = await tx.entries.intend_add(turn.job, network)
        try:
            self._require_time(turn)
            rule = await self._heroku.add_rule(turn.job.database.name, network=network, description=mark)
        except HerokuUnclearError as error:
            async with self._holding(turn) as tx:
                await tx.entries.unclear(intent, error=str(error))
            return False
        except HerokuError as error:
            async with self._holding(turn) as tx:
                await tx.entries.nothing_made(intent, error=str(error))
            if isinstance(error, HerokuDeniedError | HerokuBusyError | HerokuNotFoundError):
                raise
            outcome.refused[network] = error.message
            return True
        async with self._holding(turn) as tx:
            await tx.entries.made(turn.job, intent, rule)
        return True

    # --- record ----------------------------------------------------------------------------------

    async def _record(self, job: Job, seen: _Seen, drawn: Plan, outcome: _Outcome) -> None:
        now = self._clock.now()
        async with self._store.transaction() as tx:
            for id, state, why, detail in _verdicts(job, seen, drawn, outcome):
                await self._settle(tx, id, state, why, detail, now)
            await tx.entries.listed(rule.id for rule in seen.rules)
            await tx.entries.gone(drawn.gone)
            await tx.entries.give_up(drawn.lost)
            await self._report_strays(tx, job, seen.rules)
            ours = await tx.entries.ours(job.database.id)
            await tx.targets.looked(job, Look(at=now, enabled=seen.enabled, rules=seen.rules, ours=ours))
            again, tries = _next_look(job, drawn, outcome)
            await tx.targets.release(job, again=again, tries=tries, kept=True)
            await tx.commit()

    async def _settle(
        self, tx: Transaction, id: UUID, state: GrantState, why: Why | None, detail: str, now: datetime
    ) -> None:
        """Moves one grant, unless a person moved it while we looked."""
        grant = await tx.grants.get(id)
        after = self._after(grant, state, why, detail, now)
        if after is None or not await tx.grants.change(grant, after, doing=Doing(actor=BOT, at=now)):
            return
        await tx.posts.refresh_cards(grant.request)
        kind = _TOLD[state]
        await tx.posts.tell(kind, to=grant.owner, key=f"{kind}:{id}:{now.isoformat()}", request=grant.request)
        if state is GrantState.INTERRUPTED:
            operations = self._policy.operations_channel
            await tx.posts.tell(
                kind, to=operations, key=f"{kind}:{id}:operations:{now.isoformat()}", request=grant.request
            )

    def _after(
        self, grant: Grant, state: GrantState, why: Why | None, detail: str, now: datetime
    ) -> Grant | None:
        """The grant as the look has proven it; None when that no longer follows from where it stands."""
        match grant.state, state:
            case GrantState.APPLYING, GrantState.IN_FORCE:
                return grants.verified(grant, now=now, warn_before=self._policy.warn_before)
            case (
                (GrantState.APPLYING, GrantState.FAILED)
                | (GrantState.IN_FORCE, GrantState.INTERRUPTED)
                | (GrantState.ENDING, GrantState.ENDED)
            ):
                return grants.closed(grant, state, now=now, why=why, detail=detail)
        return None

    async def _report_strays(self, tx: Transaction, job: Job, rules: Iterable[Rule]) -> None:
        for rule in strays(job.known, rules, mark=f"pgaccess/{job.installation} "):
            await tx.posts.tell(
                PostKind.NOTICE_STRAY,
                to=self._policy.operations_channel,
                key=f"stray:{rule.id}",
                params={"app": job.database.app, "network": str(rule.network), "rule": str(rule.id)},
            )

    # --- when Heroku does not play along ---------------------------------------------------------

    async def _denied(self, job: Job, error: HerokuError) -> None:
        """Says once a day that the token is refused; nothing else changes, and it is tried hourly."""
        day = self._clock.now().date().isoformat()
        await self._give_back(
            job,
            PostKind.NOTICE_HEROKU_DENIED,
            key=f"denied:{day}",
            error=error,
            again=schedule.DENIED,
        )

    async def _trouble(self, job: Job, error: HerokuError) -> None:
        """Tries again later, and says so hourly once it has failed for a while."""
        log.warning("keeper.trouble", database=job.database.name, status=error.status, id=error.id)
        hour = self._clock.now().replace(minute=0, second=0, microsecond=0).isoformat()
        loud = job.tries + 1 >= LOUD_AFTER
        await self._give_back(
            job,
            PostKind.NOTICE_HEROKU_TROUBLE if loud else None,
            key=f"trouble:{job.database.id}:{hour}",
            error=error,
            again=schedule.gap(schedule.TROUBLE, job.tries),
        )

    async def _give_back(
        self, job: Job, kind: PostKind | None, *, key: str, error: HerokuError, again: timedelta
    ) -> None:
        try:
            async with self._store.transaction() as tx:
                if kind is not None:
                    params = {"app": job.database.app, "status": str(error.status), "id": error.id}
                    await tx.posts.tell(kind, to=self._policy.operations_channel, key=key, params=params)
                await tx.targets.release(job, again=again, tries=job.tries + 1, kept=False)
                await tx.commit()
        except LeaseLostError:
            log.warning("keeper.lease_lost", database=job.database.name)


def _verdicts(
    job: Job, seen: _Seen, drawn: Plan, outcome: _Outcome
) -> Iterable[tuple[UUID, GrantState, Why | None, str]]:
    """Every grant whose state the pass has settled."""
    for id in drawn.in_force:
        yield id, GrantState.IN_FORCE, None, ""
    for id in drawn.ended:
        yield id, GrantState.ENDED, None, ""
    for id in drawn.interrupted:
        yield id, GrantState.INTERRUPTED, Why.CLOSED_ELSEWHERE, ""
    for id, why in drawn.failed:
        yield id, GrantState.FAILED, why, ""
    for want in job.known.wants:
        if want.state is GrantState.APPLYING and want.network in outcome.refused:
            yield want.grant, GrantState.FAILED, Why.REFUSED, outcome.refused[want.network]
        elif want.state is GrantState.APPLYING and not seen.enabled:
            yield want.grant, GrantState.FAILED, Why.NOT_ENABLED, ""


def _next_look(job: Job, drawn: Plan, outcome: _Outcome) -> tuple[timedelta, int]:
    """When to look again, and how many looks in a row that makes."""
    if outcome.changed:
        return schedule.READ_BACK[0], 1
    if drawn.under_way:
        return schedule.gap(schedule.READ_BACK, job.tries), job.tries + 1
    return (schedule.WATCH if job.known.wants else schedule.IDLE), 0
