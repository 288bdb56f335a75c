"""What every use case shares: the store, the rules, the time, and doing a thing once."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.domain.grant import Grant
from bot.domain.method import Method
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.observation import Observation
from bot.domain.person import Person, require_member
from bot.domain.policy import Policy, Rule
from bot.domain.request import Request
from bot.domain.target import Database, choose
from bot.domain.text import cite
from bot.errors import Refusal, Refused, StoreUnavailableError
from bot.ports import AuditContext, Clock, RequestDetails, Store, Transaction

Work = Callable[[Transaction], Awaitable[int | RequestDetails]]
"""Work in a transaction that is not committed yet; returns the request that it is about, or its number."""


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
            await tx.slack_users.request_lookup(person)
            await tx.commit()

    async def recount_people(self) -> None:
        """Has people and user groups counted at once instead of at their next turn."""
        async with self._store.transaction() as tx:
            await tx.periodic_tasks.due_in("people", wait=timedelta())
            await tx.commit()

    async def _once(self, key: str, person: str, work: Work) -> RequestDetails:
        """Does the work once for a key, and finds its outcome again when the commit's answer was lost.

        Args:
            key: what tells this command or click from every other.
            person: who wants it; whoever is unknown, they or the requester, is looked up for the next try.
            work: what is to be done; refused, nothing of it is recorded.
        """
        try:
            async with self._store.transaction() as tx:
                outcome = await work(tx)
                number = outcome.request.id if isinstance(outcome, RequestDetails) else outcome
                # Last, where the outcome is known: whoever comes second waits here, and rolls back.
                if await tx.idempotency_keys.claim(key, request=number):
                    await tx.commit()
                    # What is shown of it is read when it is done: others need not wait for that.
                    return outcome if isinstance(outcome, RequestDetails) else await details_of(tx, outcome)
        except Refused as refused:
            # What the first of two has done leaves the second nothing to do: it is told the same.
            earlier = await self._recorded(key)
            if earlier is not None:
                return earlier
            if refused.reason is Refusal.PERSON_UNKNOWN:
                await self.forget_person(str(refused.params.get("person", person)))
            raise
        except StoreUnavailableError:
            # The commit may have gone through all the same: the key tells.
            pass
        earlier = await self._recorded(key)
        if earlier is None:
            raise StoreUnavailableError("nothing was recorded")
        return earlier

    async def _recorded(self, key: str) -> RequestDetails | None:
        """What a command or click with this key has led to; None when it was not acted on."""
        async with self._store.transaction() as tx:
            request = await tx.idempotency_keys.request(key)
            return None if request is None else await details_of(tx, request)

    async def _member(self, tx: Transaction, person: str) -> Person:
        """The person, if they are a full, active, human member; raises ``Refused`` for everybody else.

        Who is in a group that the policy names has to be known too: a rule that denies a group would
        otherwise be passed over.
        """
        known = await tx.slack_users.find(person, groups=self._policy.groups)
        member = require_member(known)
        if not member.groups_known:
            raise Refused(Refusal.GROUPS_UNKNOWN)
        return member

    async def _database(self, tx: Transaction, word: str | None) -> Database:
        """The database that a person means; raises ``Refused`` when none fits, or several do."""
        return (await self._seen(tx, word, Method.MTLS))[0]

    async def _seen(
        self, tx: Transaction, word: str | None, method: Method
    ) -> tuple[Database, Observation | None]:
        """The database that a person means, and the last look at it.

        All databases are only read for a word that is not clear.

        Raises:
            Refused: none fits, or several do.
        """
        aliases = {one.alias: one.database for one in self._policy.targets}
        meant = {alias.lower(): name for alias, name in aliases.items()}
        found = {}
        if word is not None:
            found = dict(await tx.targets.called(meant.get(word.lower(), word), method))
        database = choose(tuple(found) or await tx.targets.all(), word, aliases)
        if database in found:
            return database, found[database]
        return database, await tx.reconcile_queue.look(database.id, method)

    async def _certificate(self, tx: Transaction, handle: str | None) -> KnownCertificate:
        """The certificate that a person means, by its request's number or the beginning of Heroku's id.

        Raises:
            Refused: none was said, none is called so (any more), or several are.
        """
        if handle is None:
            raise Refused(Refusal.CERTIFICATE_MISSING)
        found = await tx.certificates.called(handle)
        if not found:
            raise Refused(Refusal.CERTIFICATE_UNKNOWN, handle=cite(handle))
        if len(found) > 1:
            known = ", ".join(each.id.hex for each in found)
            raise Refused(Refusal.CERTIFICATE_AMBIGUOUS, handle=cite(handle), known=known)
        return found[0]

    def _rule_of(self, request: Request) -> Rule:
        """The rule under which a request was asked; raises ``Refused`` when the policy has it no more."""
        rule = self._policy.rule_named(request.rule)
        if rule is None:
            raise Refused(Refusal.POLICY_CHANGED, id=request.id)
        return rule

    def _by(self, person: str) -> AuditContext:
        return AuditContext(actor=person, at=self._clock.now())


async def details_of(tx: Transaction, request: int) -> RequestDetails:
    """A request with all that is shown of it; raises ``Refused`` when there is none of that number."""
    case = await tx.requests.case(request)
    if case is None:
        raise Refused(Refusal.REQUEST_UNKNOWN, id=request)
    return case


async def grant_of(tx: Transaction, request: int) -> Grant:
    """The grant that a request opened, locked; raises ``Refused`` when there is none."""
    grant = await tx.grants.of_request(request)
    if grant is None:
        await details_of(tx, request)
        raise Refused(Refusal.GRANT_NOT_OPEN, id=request)
    return grant
