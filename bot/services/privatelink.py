"""PrivateLink: asking for AWS accounts to be let in, ending that, and closing it as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.domain import grant as grants
from bot.domain.grant import Grant, Why
from bot.domain.method import Method
from bot.domain.observation import privatelink_observation
from bot.domain.person import Person
from bot.domain.policy import Rule, require_reason, rule_for
from bot.domain.privatelink.aws_account import accounts, parse_accounts, short
from bot.domain.privatelink.observation import LEAVING, PrivateLinkObservation, has_privatelink
from bot.domain.request import Kind, Terms
from bot.domain.subject import Accounts, Subject, Whole, covers
from bot.domain.target import Database
from bot.errors import Refusal, Refused
from bot.ports import RequestDetails, Transaction
from bot.services.access_requests import Asking, RequestInput
from bot.services.grants import RemovalResult

_LINK: Final = Method.PRIVATELINK


@dataclass(frozen=True, kw_only=True, slots=True)
class CloseImpact:
    """What closing a database's PrivateLink would cut off.

    Attributes:
        requests: whose grants would end.
    """

    database: Database
    observation: PrivateLinkObservation
    requests: tuple[int, ...]


class Linking(Asking):
    """Each is one transaction; a wish's ``address`` holds the accounts, as they were typed."""

    async def ask_link(self, request_input: RequestInput, *, person: str, key: str) -> RequestDetails:
        """Records a wish for AWS accounts to be let in, pending approval; the first one opens PrivateLink.

        Raises:
            Refused: the person may not ask, or the wish cannot be granted as it stands.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            member = await self._member(tx, person)
            subject = parse_accounts(request_input.address or "")
            database, rule = await self._place(tx, request_input, member)
            duration, until = self._length(request_input, rule, member, self._clock.now())
            require_reason(rule, request_input.reason or "")
            await _require_not_closing(tx, database)
            terms = _terms(database, subject, request_input, duration=duration, until=until)
            return await self._record(tx, Kind.OPEN, terms, rule, person)

        return await self._once(key, person, work)

    async def remove_accounts(self, request_input: RequestInput, *, person: str, key: str) -> RemovalResult:
        """Lets accounts in no longer: at once if all their grants are one's own, else as a request.

        Accounts that somebody else let in at Heroku are removed by an approved request of its own kind.

        Raises:
            Refused: nobody let them in, or a grant has further accounts.
            StoreUnavailableError: nothing was recorded.
        """
        closing: list[int] = []

        async def work(tx: Transaction) -> int:
            member = await self._member(tx, person)
            subject = parse_accounts(request_input.address or "")
            database, rule = await self._place(tx, request_input, member)
            live = await _touched(tx, database, subject)
            if live and all(grant.owner == person for grant in live):
                closing.extend(grant.request for grant in live)
                for grant in live:
                    after = grants.closing(grant, Why.DONE)
                    await tx.grants.change(grant, after, doing=self._by(person))
                    await tx.outbox.refresh_cards(grant.request)
                await tx.reconcile_queue.want(database.id, _LINK)
                return live[0].request
            kind = Kind.REMOVE if live else await _unmanaged(tx, database, subject)
            require_reason(rule, request_input.reason or "")
            return await self._record(tx, kind, _terms(database, subject, request_input), rule, person)

        case = await self._once(key, person, work)
        is_request = case.request.kind is not Kind.OPEN
        ended = tuple(closing) or (() if is_request else (case.request.id,))
        return RemovalResult(requested=case if is_request else None, closing=ended, case=case)

    async def adopt_accounts(self, request_input: RequestInput, *, person: str, key: str) -> RequestDetails:
        """Records a wish to take accounts over that somebody else let in, pending approval.

        Nothing changes at Heroku: they are ours from then on, and stay until their removal is approved.

        Raises:
            Refused: they are not let in, or are ours already.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            member = await self._member(tx, person)
            subject = parse_accounts(request_input.address or "")
            database, rule = await self._place(tx, request_input, member)
            observation = await _require_link(tx, database)
            if not {account.arn for account in observation.unmanaged}.issuperset(subject.arns):
                raise Refused(Refusal.LINK_OURS, accounts=subject, app=database.app)
            require_reason(rule, request_input.reason or "")
            return await self._record(tx, Kind.ADOPT, _terms(database, subject, request_input), rule, person)

        return await self._once(key, person, work)

    async def may_close(self, target: str | None, *, person: str) -> CloseImpact:
        """What closing PrivateLink would cut off, before the form is opened; nothing is recorded.

        Raises:
            Refused: the person may not ask for it, or there is nothing to close.
        """
        async with self._store.transaction() as tx:
            member = await self._member(tx, person)
            database, _ = await self._place(tx, RequestInput(target=target), member)
            observation = await _require_link(tx, database)
            live = await tx.grants.running(database.id, _LINK)
        requests = tuple(sorted(grant.request for grant in live))
        return CloseImpact(database=database, observation=observation, requests=requests)

    async def close_link(
        self, request_input: RequestInput, *, typed: str, person: str, key: str
    ) -> RequestDetails:
        """Records a wish for PrivateLink to be closed as a whole, pending approval.

        Args:
            wish: where, and why.
            typed: the app's name as the person typed it, so that nobody closes another one by a slip.
            person: Slack id of who asks.
            key: as for ``ask_link``.

        Raises:
            Refused: the name is another one, or there is nothing to close.
            StoreUnavailableError: nothing was recorded.
        """

        async def work(tx: Transaction) -> int:
            member = await self._member(tx, person)
            database, rule = await self._place(tx, request_input, member)
            await _require_link(tx, database)
            if typed.strip().casefold() != database.app.casefold():
                raise Refused(Refusal.LINK_NAME, app=database.app)
            require_reason(rule, request_input.reason or "")
            terms = _terms(database, Whole(), request_input)
            return await self._record(tx, Kind.CLOSE, terms, rule, person)

        return await self._once(key, person, work)

    async def _place(
        self, tx: Transaction, request_input: RequestInput, member: Person
    ) -> tuple[Database, Rule]:
        """The database that is meant, and the rule under which this person may ask for its PrivateLink."""
        database = await self._database(tx, request_input.target)
        if not has_privatelink(database.plan):
            raise Refused(Refusal.LINK_PLAN, app=database.app, plan=database.plan)
        return database, rule_for(self._policy, target=database, method=_LINK, ids=member.ids)


def _terms(
    database: Database,
    subject: Subject,
    request_input: RequestInput,
    *,
    duration: timedelta | None = None,
    until: datetime | None = None,
) -> Terms:
    return Terms(
        method=_LINK,
        target=database.id,
        subject=subject,
        duration=duration,
        until=until,
        reason=request_input.reason or "",
    )


async def _require_not_closing(tx: Transaction, database: Database) -> None:
    """Refuses while an approved closing is under way: what is let in now would be cut off at once."""
    under_way = await tx.operations.under_way(database.id, _LINK)
    if any(change.kind is Kind.CLOSE for change in under_way):
        raise Refused(Refusal.LINK_CLOSING, app=database.app)


async def _require_link(tx: Transaction, database: Database) -> PrivateLinkObservation:
    """What the last look saw, if there is something to close."""
    observation = privatelink_observation(await tx.reconcile_queue.look(database.id, _LINK))
    if observation is None:
        raise Refused(Refusal.LINK_UNSEEN, app=database.app)
    if observation.status is None:
        raise Refused(Refusal.LINK_NONE, app=database.app)
    if observation.status in LEAVING:
        raise Refused(Refusal.LINK_CLOSING, app=database.app)
    await _require_not_closing(tx, database)
    return observation


async def _touched(tx: Transaction, database: Database, subject: Accounts) -> Sequence[Grant]:
    """The grants that the accounts have, all of them and nothing beyond.

    Raises:
        Refused: a grant has further accounts, or some of these have none while others do.
    """
    asked = set(subject.arns)
    live = [
        (grant, set(grant.subject.arns))
        for grant in await tx.grants.running(database.id, _LINK)
        if isinstance(grant.subject, Accounts) and asked & set(grant.subject.arns)
    ]
    for grant, arns in live:
        if not covers(subject, grant.subject):
            whole = accounts(arns | asked)
            spelt = " ".join(map(short, whole.arns))
            raise Refused(Refusal.LINK_SOME, id=grant.request, accounts=spelt, app=database.app)
    left = asked.difference(*(arns for _, arns in live))
    if live and left:
        raise Refused(Refusal.LINK_NOBODY, accounts=accounts(left), app=database.app)
    return [grant for grant, _ in live]


async def _unmanaged(tx: Transaction, database: Database, subject: Accounts) -> Kind:
    """The kind of request that removes accounts which somebody else let in, or which were taken over.

    Raises:
        Refused: they are being removed already, or are not there.
    """
    if await tx.grants.is_closing(database.id, _LINK, subject):
        raise Refused(Refusal.CLOSING_ALREADY, address=subject, app=database.app)
    observation = await _require_link(tx, database)
    if any(observation.account(arn) is None for arn in subject.arns):
        raise Refused(Refusal.LINK_NOBODY, accounts=subject, app=database.app)
    return Kind.REMOVE_UNMANAGED
