"""Records what a keeper's pass has shown: grants, entries, and what is told."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from bot.domain import foreign, schedule
from bot.domain import grant as grants
from bot.domain.change import Change
from bot.domain.drift import Drift
from bot.domain.grant import Grant, GrantState, Why
from bot.domain.plan import Plan, strays
from bot.domain.policy import Policy
from bot.domain.request import Kind
from bot.domain.subject import Network
from bot.domain.switching import DEPROVISIONING
from bot.domain.target import Look, Rule
from bot.errors import HerokuDeniedError, HerokuError, HerokuSavingError
from bot.keeping.inventory import Inventory
from bot.keeping.observing import RulesTurn, Seen
from bot.keeping.resting import Rest, pause, release, rest_after, rest_after_nothing
from bot.keeping.rules_drift import RulesDrift
from bot.ports import BOT, Clock, Doing, Job, Notice, PostKind, Store, Transaction

LOUD_AFTER: Final = 5
"""Spoilt passes until operations hears of it: about three minutes where nothing works at all."""

Verdict = tuple[UUID, GrantState, Why | None, str]
"""What a look has proven of a grant: where it stands now, why, and Heroku's own words."""

log = structlog.get_logger(__name__)

_TOLD: Final = {
    GrantState.IN_FORCE: PostKind.NOTICE_IN_FORCE,
    GrantState.ENDED: PostKind.NOTICE_ENDED,
    GrantState.FAILED: PostKind.NOTICE_FAILED,
    GrantState.INTERRUPTED: PostKind.NOTICE_INTERRUPTED,
}


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What carrying out a plan brought, beyond the plan itself.

    Attributes:
        refused: networks that Heroku will not open, each with its words.
        outsiders: grants whose owner may not be let in any more.
        concluded: changes that are done or have failed: why, and Heroku's own words; None for done.
        adopted: rules of others that are taken over.
        waiting: a change waits for Heroku, so the next look comes soon.
        changed: something was written, so the next look comes soon.
        trouble: what went wrong last with a call; the rest of the plan was carried out as far as it goes.
    """

    refused: dict[Network, str] = field(default_factory=dict)
    outsiders: set[UUID] = field(default_factory=set)
    concluded: dict[UUID, tuple[Why, str] | None] = field(default_factory=dict)
    adopted: list[Rule] = field(default_factory=list)
    waiting: bool = False
    changed: bool = False
    trouble: HerokuError | None = None

    def finish(self, change: Change) -> None:
        """Notes that a look has proven a change."""
        self.concluded[change.id] = None

    def fail(self, change: Change, why: Why | None) -> None:
        """Notes that a change will not be made unless somebody says so."""
        self.concluded[change.id] = (why or Why.DEADLINE, "")

    def refuse(self, change: Change, detail: str) -> None:
        """Notes that Heroku will not make a change, with its words."""
        self.concluded[change.id] = (Why.REFUSED, detail)


class Recorder:
    """The keeper's pen: one transaction for each pass.

    Args:
        store: the truth.
        policy: whom to tell, and when to warn.
        clock: business time.
    """

    def __init__(self, *, store: Store, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock

    async def give_back(self, job: Job, error: HerokuError) -> None:
        """Records that nothing could be seen; what was known before stays as it is."""
        log.warning("keeper.trouble", database=job.target.name, status=error.status, id=error.id)
        async with self._store.transaction() as tx:
            await self.report(tx, job, error, self._clock.now())
            await release(tx, job, rest_after_nothing(job, pause(error, job), error))
            await tx.commit()

    async def broken(self, job: Job, error: Exception) -> None:
        """Records, loudly, that a pass failed in a way that nobody has thought of."""
        async with self._store.transaction() as tx:
            answer = {"status": "unexpected", "id": type(error).__name__}
            await self._tell_trouble(tx, job, answer, self._clock.now())
            wait = schedule.gap(schedule.TROUBLE, job.troubles)
            await release(tx, job, rest_after_nothing(job, wait, error))
            await tx.commit()

    # --- grants ----------------------------------------------------------------------------------

    async def settle(self, tx: Transaction, verdicts: Iterable[Verdict], now: datetime) -> None:
        """Moves grants as a look has proven them, together, but for those that a person moved meanwhile."""
        proven = list(verdicts)
        held = {grant.id: grant for grant in await tx.grants.get_all({id for id, *_ in proven})}
        moved: list[tuple[Grant, Grant, Doing]] = []
        for id, state, why, detail in proven:
            before = held[id]
            after = self._after(before, state, why, detail, now)
            if after is not None:
                moved.append((before, after, Doing(actor=BOT, at=now)))
                held[id] = after
        await tx.grants.change_all(moved)
        await tx.posts.refresh_cards_of({after.request for _, after, _ in moved})
        await tx.posts.tell_all(
            [said for before, after, _ in moved for said in self._said(before, after, now)]
        )

    def _said(self, before: Grant, after: Grant, now: datetime) -> Iterable[Notice]:
        """What is told of a grant that has moved."""
        if after.state is GrantState.ENDED and before.why is Why.EXPIRED and before.closed_at is not None:
            # It was interrupted, its owner was told then, and nothing ends for them now.
            return
        kind, key, request = _TOLD[after.state], f"{_TOLD[after.state]}:{after.id}", after.request
        yield Notice(kind=kind, to=after.owner, key=f"{key}:{now.isoformat()}", request=request)
        if after.state is GrantState.INTERRUPTED:
            operations = self._policy.operations_channel
            yield Notice(kind=kind, to=operations, key=f"{key}:operations:{now.isoformat()}", request=request)

    def _after(
        self, grant: Grant, state: GrantState, why: Why | None, detail: str, now: datetime
    ) -> Grant | None:
        """The grant as the look has proven it; None when that no longer follows from where it stands.

        Nothing is said to be in force whose end came while we looked.
        """
        match grant.state, state:
            case GrantState.APPLYING, GrantState.IN_FORCE if grant.ends_at is None or now < grant.ends_at:
                return grants.verified(grant, now=now, warn_before=self._policy.warn_before)
            case (
                (GrantState.APPLYING, GrantState.FAILED)
                | (GrantState.IN_FORCE, GrantState.INTERRUPTED)
                | (GrantState.ENDING, GrantState.ENDED)
            ):
                return grants.closed(grant, state, now=now, why=why, detail=detail)
        return None

    # --- what operations hears -------------------------------------------------------------------

    async def report(self, tx: Transaction, job: Job, error: HerokuError, now: datetime) -> None:
        """Says once a day that the token is refused; and hourly what has failed for a while."""
        if isinstance(error, HerokuSavingError):
            return
        answer = {"status": str(error.status), "id": error.id}
        if isinstance(error, HerokuDeniedError):
            await tx.posts.tell(
                PostKind.NOTICE_HEROKU_DENIED,
                to=self._policy.operations_channel,
                key=f"denied:{now.date().isoformat()}",
                params={"app": job.target.label, **answer},
            )
        elif job.troubles + 1 >= LOUD_AFTER:
            await self._tell_trouble(tx, job, answer, now)

    async def _tell_trouble(self, tx: Transaction, job: Job, answer: dict[str, str], now: datetime) -> None:
        hour = now.replace(minute=0, second=0, microsecond=0).isoformat()
        await tx.posts.tell(
            PostKind.NOTICE_HEROKU_TROUBLE,
            to=self._policy.operations_channel,
            key=f"trouble:{job.target.id}:{hour}",
            params={"app": job.target.label, **answer},
        )


class RulesRecorder(Recorder):
    """Records passes over a database's mTLS."""

    async def record(self, turn: RulesTurn, seen: Seen, drawn: Plan, outcome: Outcome) -> None:
        """Records a pass, whether or not all its calls went well.

        Raises:
            LeaseLostError: the turn was over before; nothing is recorded.
        """
        job, now = turn.job, self._clock.now()
        inventory = Inventory(operations=self._policy.operations_channel, now=now)
        async with self._store.transaction() as tx:
            await self.settle(tx, _verdicts(turn, seen, drawn, outcome), now)
            await inventory.keep(tx, turn, seen)
            await inventory.conclude(tx, turn, outcome.concluded)
            await tx.entries.spared(job, _kept_after_all(turn, outcome))
            if not seen.enabled and turn.changes_of(Kind.DISABLE):
                # They went with mTLS, as was approved: nobody took them away.
                await tx.entries.intend_remove(job, _adopted(turn) & set(drawn.gone))
            await tx.entries.adopt(job, outcome.adopted)
            await tx.entries.listed(rule.id for rule in seen.rules)
            await tx.entries.gone(drawn.gone)
            await tx.entries.give_up(drawn.lost)
            await self._report_strays(tx, job, seen)
            ours = await tx.entries.ours(job.target.id)
            drifting = RulesDrift(operations=self._policy.operations_channel, mark=_mark(job))
            found = await drifting.find(tx, turn, seen, drawn, ours)
            await tx.lanes.looked(job, _look(seen, ours, now, found))
            if outcome.trouble is not None:
                await self.report(tx, job, outcome.trouble, now)
            await release(tx, job, _rest(job, seen, drawn, outcome))
            await tx.commit()

    async def _report_strays(self, tx: Transaction, job: Job, seen: Seen) -> None:
        for rule in strays(seen.known, seen.rules, mark=_mark(job)):
            await tx.posts.tell(
                PostKind.NOTICE_STRAY,
                to=self._policy.operations_channel,
                key=f"stray:{rule.id}",
                params={"app": job.target.label, "network": str(rule.network), "rule": str(rule.id)},
            )


def _mark(job: Job) -> str:
    """What the description of every rule that this installation makes begins with."""
    return f"pgaccess/{job.installation} "


def _kept_after_all(turn: RulesTurn, outcome: Outcome) -> frozenset[UUID]:
    """Rules that were taken over and whose approved removal has failed: nobody wants them gone any more."""
    failed = [
        foreign.rules_of(change)
        for change in turn.changes_of(Kind.UNDO)
        if outcome.concluded.get(change.id) is not None
    ]
    return _adopted(turn).intersection(frozenset().union(*failed))


def _adopted(turn: RulesTurn) -> frozenset[UUID]:
    return frozenset(entry.rule for entry in turn.known.entries if entry.adopted)


def _look(seen: Seen, ours: frozenset[UUID], now: datetime, drift: Drift) -> Look:
    return Look(
        at=now,
        enabled=seen.enabled and seen.status != DEPROVISIONING,
        rules=seen.rules,
        ours=ours,
        certificates=seen.certificates,
        certificates_at=seen.certificates_at,
        drift=drift,
    )


def _verdicts(
    turn: RulesTurn, seen: Seen, drawn: Plan, outcome: Outcome
) -> Iterable[tuple[UUID, GrantState, Why | None, str]]:
    """Every grant whose state the pass has settled; while mTLS is being enabled, they wait for it."""
    enabling = any(outcome.concluded.get(each.id) is None for each in turn.changes_of(Kind.ENABLE))
    for id in drawn.in_force:
        yield id, GrantState.IN_FORCE, None, ""
    for id in drawn.ended:
        yield id, GrantState.ENDED, None, ""
    for id in drawn.interrupted:
        yield id, GrantState.INTERRUPTED, Why.CLOSED_ELSEWHERE, ""
    for id, why in drawn.failed:
        yield id, GrantState.FAILED, why, ""
    for want in seen.known.wants:
        if want.grant in outcome.outsiders:
            yield want.grant, GrantState.FAILED, Why.PERSON, ""
        elif want.opens and want.network in outcome.refused:
            yield want.grant, GrantState.FAILED, Why.REFUSED, outcome.refused[want.network]
        elif want.opens and not seen.enabled and not enabling:
            yield want.grant, GrantState.FAILED, Why.NOT_ENABLED, ""


def _rest(job: Job, seen: Seen, drawn: Plan, outcome: Outcome) -> Rest:
    """When to look again after a pass.

    What went wrong with one call does not keep the others from being read back; only a full rate limit and
    a refused token stop everything. Troubles are forgotten once nothing is under way any more.
    """
    again, tries = _next_look(job, seen, drawn, outcome)
    under_way = drawn.under_way or outcome.waiting
    return rest_after(job, again, tries, error=outcome.trouble, under_way=under_way)


def _next_look(job: Job, seen: Seen, drawn: Plan, outcome: Outcome) -> tuple[timedelta, int]:
    """When to look again, and how many looks in a row that makes."""
    if outcome.changed or outcome.concluded:
        return schedule.READ_BACK[0], 1
    if drawn.under_way or outcome.waiting:
        return schedule.gap(schedule.READ_BACK, job.tries), job.tries + 1
    # An addition whose answer was lost may show long after its quarantine, wanted or not.
    watched = seen.known.wants or seen.known.attempts
    return (schedule.WATCH if watched else schedule.IDLE), 0
