"""Enables and disables mTLS on a database, as approved changes say."""

from bot.domain.grant import Why
from bot.domain.mtls import endpoint
from bot.domain.mtls.endpoint import PROVISIONING, Step
from bot.domain.operation import Change
from bot.domain.request import Kind
from bot.reconciler.mtls.observer import RulesTurn, Seen
from bot.reconciler.mtls.operations import Hands
from bot.reconciler.mtls.recorder import Outcome


class EndpointHands(Hands):
    """One step a pass for each change; what it takes is read back by the passes to come."""

    async def work(self, turn: RulesTurn, seen: Seen, outcome: Outcome) -> None:
        """Does what follows from the endpoint's status.

        Raises:
            HerokuBusyError: the rate limit is used up.
            HerokuDeniedError: the token is refused.
            LeaseLostError: the turn is over.
        """
        for change in turn.changes_of(Kind.DISABLE)[:1]:
            await self._disable(turn, change, seen, outcome)
        for change in turn.changes_of(Kind.ENABLE):
            if turn.changes_of(Kind.DISABLE):
                outcome.fail(change, Why.CLOSED_ELSEWHERE)
        for change in turn.changes_of(Kind.ENABLE)[:1]:
            if change.id not in outcome.concluded:
                await self._enable(turn, change, seen, outcome)

    async def _enable(self, turn: RulesTurn, change: Change, seen: Seen, outcome: Outcome) -> None:
        switch, at = endpoint.switch_of(change), turn.job.claimed_at
        step, why = endpoint.enabling(switch, seen.status, at=at, overdue=change.overdue)
        match step:
            case Step.ASK:
                await self._ask_to_enable(turn, change, outcome)
            case Step.READ_CERTIFICATES if switch.operational_at is None:
                await self.note(turn, change, lambda it: endpoint.operational(it, at=at))
            case Step.WAIT if seen.status == PROVISIONING and switch.asked_at and not switch.seen:
                await self.note(turn, change, endpoint.seen)
            case Step.DONE:
                outcome.finish(change)
            case Step.FAIL:
                outcome.fail(change, why)
        outcome.waiting |= step in (Step.WAIT, Step.READ_CERTIFICATES)

    async def _ask_to_enable(self, turn: RulesTurn, change: Change, outcome: Outcome) -> None:
        name, present = turn.job.database.name, turn.present
        asked = await self.note(turn, change, lambda it: endpoint.asking(it, at=present))
        if asked is None:
            return
        done = await self.call(
            turn, asked, outcome, lambda: self.heroku.enable_endpoint(name), undo=endpoint.not_asked
        )
        if done:
            await self.note(turn, asked, endpoint.seen)

    async def _disable(self, turn: RulesTurn, change: Change, seen: Seen, outcome: Outcome) -> None:
        switch, at = endpoint.switch_of(change), turn.job.claimed_at
        step, why = endpoint.disabling(switch, seen.status, at=at, overdue=change.overdue)
        match step:
            case Step.ASK:
                await self._ask_to_disable(turn, change, outcome)
            case Step.DONE:
                outcome.finish(change)
            case Step.FAIL:
                outcome.fail(change, why)
        outcome.waiting |= step is Step.WAIT

    async def _ask_to_disable(self, turn: RulesTurn, change: Change, outcome: Outcome) -> None:
        """Asks Heroku, which may say that there is nothing (left) to disable: the looks to come prove it."""
        name, present = turn.job.database.name, turn.present
        await self.observer.confirm_name(turn)
        asked = await self.note(turn, change, lambda it: endpoint.asking(it, at=present))
        if asked is not None:
            await self.call(
                turn, asked, outcome, lambda: self.heroku.disable_endpoint(name), undo=endpoint.not_asked
            )
