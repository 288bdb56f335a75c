"""What every use case shares: the store, the rules, the time, and doing a thing once."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.domain.grant import Grant
from bot.domain.person import Person, require_member
from bot.domain.policy import Policy, Rule
from bot.domain.request import Request
from bot.errors import Refusal, Refused, StoreUnavailableError
from bot.ports import Case, Clock, Doing, Store, Transaction

Work = Callable[[Transaction], Awaitable[int]]
"""Work in a transaction that is not committed yet; returns the number of the request that it is about."""


class UseCases:
    """The common ground.

    Args:
        store: the truth.
        policy: the rules that every decision follows.
        clock: business time.
    """

    def __init__(self, *, store: Store, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock

    @property
    def policy(self) -> Policy:
        """The rules that every decision follows."""
        return self._policy

    async def require_member(self, person: str) -> None:
        """Refuses everybody but full, active, human members; somebody unknown is looked up."""
        try:
            async with self._store.transaction() as tx:
                await self._member(tx, person)
        except Refused as refused:
            if refused.reason is Refusal.PERSON_UNKNOWN:
                await self.forget_person(person)
            raise

    async def forget_person(self, person: str) -> None:
        """Has somebody looked up afresh; until then they can neither ask nor decide."""
        async with self._store.transaction() as tx:
            await tx.people.ask_for(person)
            await tx.commit()

    async def recount_people(self) -> None:
        """Has people and user groups counted at once instead of at their next turn."""
        async with self._store.transaction() as tx:
            await tx.chores.due_in("people", wait=timedelta())
            await tx.commit()

    async def _once(self, key: str, person: str, work: Work) -> Case:
        """Does the work once for a key, and finds its outcome again when the commit's answer was lost.

        Args:
            key: what tells this command or click from every other.
            person: who wants it; whoever is unknown, they or the requester, is looked up for the next try.
            work: what is to be done; refused, nothing of it is recorded.
        """
        try:
            async with self._store.transaction() as tx:
                if await tx.received.first(key):
                    request = await work(tx)
                    await tx.received.conclude(key, request=request)
                    case = await case_of(tx, request)
                    await tx.commit()
                    return case
        except Refused as refused:
            if refused.reason is Refusal.PERSON_UNKNOWN:
                await self.forget_person(str(refused.params.get("person", person)))
            raise
        except StoreUnavailableError:
            # The commit may have gone through all the same: the key tells.
            pass
        async with self._store.transaction() as tx:
            recorded = await tx.received.request(key)
            if recorded is None:
                raise StoreUnavailableError("nothing was recorded")
            return await case_of(tx, recorded)

    async def _member(self, tx: Transaction, person: str) -> Person:
        """The person, if they are a full, active, human member; raises ``Refused`` for everybody else.

        Who is in a group that the policy names has to be known too: a rule that denies a group would
        otherwise be passed over.
        """
        member = require_member(await tx.people.find(person))
        if not await tx.people.knows_groups(self._policy.groups):
            raise Refused(Refusal.GROUPS_UNKNOWN)
        return member

    def _rule_of(self, request: Request) -> Rule:
        """The rule under which a request was asked; raises ``Refused`` when the policy has it no more."""
        rule = self._policy.rule_named(request.rule)
        if rule is None:
            raise Refused(Refusal.POLICY_CHANGED, id=request.id)
        return rule

    def _by(self, person: str) -> Doing:
        return Doing(actor=person, at=self._clock.now())


async def case_of(tx: Transaction, request: int) -> Case:
    """A request with all that is shown of it; raises ``Refused`` when there is none of that number."""
    case = await tx.requests.case(request)
    if case is None:
        raise Refused(Refusal.REQUEST_UNKNOWN, id=request)
    return case


async def grant_of(tx: Transaction, request: int) -> Grant:
    """The grant that a request opened, locked; raises ``Refused`` when there is none."""
    grant = await tx.grants.of_request(request)
    if grant is None:
        await case_of(tx, request)
        raise Refused(Refusal.GRANT_NOT_OPEN, id=request)
    return grant
