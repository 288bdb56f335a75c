"""AWS accounts of a database's PrivateLink as requested entries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.domain.grant import Grant
from bot.domain.method import Method
from bot.domain.observation import privatelink_observation
from bot.domain.operation import Operation
from bot.domain.policy.rules import Policy, Rule
from bot.domain.privatelink.aws_account import accounts, parse_accounts, short
from bot.domain.privatelink.observation import LEAVING, PrivateLinkObservation, has_privatelink
from bot.domain.request import Kind, Request, Terms
from bot.domain.subject import Accounts, Subject, accounts_of, covers
from bot.domain.target import Database, Target
from bot.errors import Refusal, Refused
from bot.ports import AuditContext, Transaction
from bot.services.access_method import open_grant
from bot.services.lookups import find_observed_database
from bot.services.request_input import RequestInput

PRIVATELINK: Final = Method.PRIVATELINK


@dataclass(frozen=True, slots=True)
class RequestedAccounts:
    """AWS accounts that a person names."""

    target: Database
    subject: Accounts
    observation: PrivateLinkObservation | None

    def require_supported(self) -> None:
        """Refuses a database whose plan has no PrivateLink."""
        require_privatelink(self.target)

    def require_allowed(self, rule: Rule) -> None:
        """Refuses nothing: a policy rule sets no width for accounts."""

    async def require_grantable(self, tx: Transaction, terms: Terms, _request_input: RequestInput) -> Terms:
        """Refuses while PrivateLink is being closed: a new grant would be cut off at once."""
        await _require_not_closing(tx, self.target)
        return terms

    async def live_grants(self, tx: Transaction) -> Sequence[Grant]:
        """Returns the live grants of these accounts, locked.

        Raises:
            Refused: a grant has further accounts, or some of these have no grant while others do.
        """
        requested = set(self.subject.arns)
        live = [
            (grant, set(grant.subject.arns))
            for grant in await tx.grants.running(self.target.id, PRIVATELINK)
            if isinstance(grant.subject, Accounts) and requested & set(grant.subject.arns)
        ]
        # A grant ends as a whole: what is left of it would be access that nobody approved in that form.
        for grant, arns in live:
            if not covers(self.subject, grant.subject):
                complete = " ".join(map(short, accounts(arns | requested).arns))
                raise Refused(Refusal.LINK_SOME, id=grant.request, accounts=complete, app=self.target.label)
        without_grant = requested.difference(*(arns for _, arns in live))
        if live and without_grant:
            raise Refused(Refusal.LINK_NOBODY, accounts=accounts(without_grant), app=self.target.label)
        return [grant for grant, _ in live]

    async def require_present(self, tx: Transaction) -> None:
        """Refuses accounts that are not allowed at Heroku, or that are being removed already."""
        if await tx.grants.is_closing(self.target.id, PRIVATELINK, self.subject):
            raise Refused(Refusal.CLOSING_ALREADY, address=self.subject, app=self.target.label)
        observation = await require_endpoint(tx, self.target)
        if any(observation.account(arn) is None for arn in self.subject.arns):
            raise Refused(Refusal.LINK_NOBODY, accounts=self.subject, app=self.target.label)

    async def require_adoptable(self, tx: Transaction) -> None:
        """Refuses accounts unless all of them are allowed at Heroku and none is managed by pgaccess."""
        observation = await require_endpoint(tx, self.target)
        if any(observation.account(arn) is None for arn in self.subject.arns):
            raise Refused(Refusal.LINK_NOBODY, accounts=self.subject, app=self.target.label)
        if not {account.arn for account in observation.unmanaged}.issuperset(self.subject.arns):
            raise Refused(Refusal.LINK_OURS, accounts=self.subject, app=self.target.label)


@dataclass(frozen=True, slots=True)
class PrivateLinkRequests:
    """PrivateLink as an access method: AWS accounts of a database's endpoint."""

    policy: Policy
    method: Method = PRIVATELINK

    def parse_subject(self, text: str) -> Accounts:
        """Parses one or more AWS accounts."""
        return parse_accounts(text)

    async def at(self, tx: Transaction, target: Target, subject: Subject) -> RequestedAccounts:
        """Returns accounts on a known database."""
        if not isinstance(target, Database):
            raise TypeError(f"{target.name} is not a database")
        observation = privatelink_observation(await tx.reconcile_queue.observation(target.id, PRIVATELINK))
        arns = Accounts(accounts_of(subject))
        return RequestedAccounts(target=target, subject=arns, observation=observation)

    async def resolve(self, tx: Transaction, request_input: RequestInput) -> RequestedAccounts:
        """Parses the accounts and finds the database that a person names."""
        subject = self.parse_subject(request_input.address or "")
        database, observation = await find_observed_database(
            tx, self.policy, request_input.target, PRIVATELINK
        )
        return RequestedAccounts(
            target=database, subject=subject, observation=privatelink_observation(observation)
        )

    async def open_grant(
        self, tx: Transaction, request: Request, grant: Grant, *, doing: AuditContext
    ) -> Grant:
        """Records the grant; the reconciler opens the endpoint if it is the first one."""
        await open_grant(tx, request, grant, doing=doing)
        return grant

    async def prepare_operation(self, _tx: Transaction, operation: Operation) -> Operation:
        """Returns the operation as it is: accounts have no ids but their own."""
        return operation


def require_privatelink(database: Database) -> None:
    """Refuses a database whose plan has no PrivateLink."""
    if not has_privatelink(database.plan):
        raise Refused(Refusal.LINK_PLAN, app=database.label, plan=database.plan)


async def require_endpoint(tx: Transaction, database: Database) -> PrivateLinkObservation:
    """Returns the last observation of a PrivateLink endpoint that is there to stay.

    Raises:
        Refused: there is none, it is being closed, or it was never observed.
    """
    observation = privatelink_observation(await tx.reconcile_queue.observation(database.id, PRIVATELINK))
    if observation is None:
        raise Refused(Refusal.LINK_UNSEEN, app=database.label)
    if observation.status is None:
        raise Refused(Refusal.LINK_NONE, app=database.label)
    if observation.status in LEAVING:
        raise Refused(Refusal.LINK_CLOSING, app=database.label)
    await _require_not_closing(tx, database)
    return observation


async def _require_not_closing(tx: Transaction, database: Database) -> None:
    """Refuses while an approved operation is closing the endpoint."""
    under_way = await tx.operations.unfinished(database.id, PRIVATELINK)
    if any(operation.kind is Kind.CLOSE for operation in under_way):
        raise Refused(Refusal.LINK_CLOSING, app=database.label)
