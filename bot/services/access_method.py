"""What differs between access methods, for the services that are written once for all of them."""

from collections.abc import Sequence
from typing import Protocol

from bot.domain import schedule
from bot.domain.grant import Grant
from bot.domain.method import Method
from bot.domain.observation import Observation
from bot.domain.operation import Operation
from bot.domain.policy.rules import Rule
from bot.domain.request import Request, Terms
from bot.domain.subject import Subject
from bot.domain.target import Target
from bot.ports import AuditContext, Transaction
from bot.services.request_input import RequestInput


class RequestedEntry(Protocol):
    """An entry that a person names, to be added, adopted or removed on one target."""

    @property
    def target(self) -> Target:
        """The database or the space."""
        ...

    @property
    def subject(self) -> Subject:
        """The network or the AWS accounts."""
        ...

    @property
    def observation(self) -> Observation | None:
        """The last observation of the target; None if it was never observed."""
        ...

    def require_supported(self) -> None:
        """Refuses a target that cannot have this access method."""
        ...

    def require_allowed(self, rule: Rule) -> None:
        """Refuses a subject that is wider than the policy rule allows."""
        ...

    async def require_grantable(self, tx: Transaction, terms: Terms, request_input: RequestInput) -> Terms:
        """Refuses what the last observation shows to be impossible.

        A target that was never observed is not a reason to refuse; the reconciler finds out.

        Returns:
            The terms, with the operation that must come first if there is one.
        """
        ...

    async def live_grants(self, tx: Transaction) -> Sequence[Grant]:
        """Returns the grants that removing the entry would end, locked.

        Raises:
            Refused: the entry covers some grants only in part.
        """
        ...

    async def require_present(self, tx: Transaction) -> None:
        """Refuses an entry without a live grant that is not at Heroku, or that is being removed already."""
        ...

    async def require_adoptable(self, tx: Transaction) -> None:
        """Refuses an entry that is not at Heroku, or that pgaccess manages already."""
        ...


class AccessMethod(Protocol):
    """One access method; ``open_services`` lists them all."""

    @property
    def method(self) -> Method:
        """Its name in requests, grants and commands."""
        ...

    def parse_subject(self, text: str) -> Subject:
        """Parses what a person typed as the address; raises ``Refused`` with a working example."""
        ...

    async def at(self, tx: Transaction, target: Target, subject: Subject) -> RequestedEntry:
        """Returns the entry that a subject names on a known target; raises ``TypeError`` for another kind."""
        ...

    async def resolve(self, tx: Transaction, request_input: RequestInput) -> RequestedEntry:
        """Parses the subject and finds the target that a person names.

        Raises:
            Refused: the subject cannot be read, or no target fits, or several do.
        """
        ...

    async def open_grant(
        self, tx: Transaction, request: Request, grant: Grant, *, doing: AuditContext
    ) -> Grant:
        """Records the grant of an approved request, and whatever has to be done before it is applied.

        Returns:
            The grant as it was recorded.
        """
        ...

    async def prepare_operation(self, tx: Transaction, operation: Operation) -> Operation:
        """Fixes what an approved operation is about, by what the last observation shows.

        Raises:
            Refused: nothing is left that it could be about.
        """
        ...


async def open_grant(tx: Transaction, request: Request, grant: Grant, *, doing: AuditContext) -> None:
    """Records a grant with the deadline by which it must be applied."""
    terms = request.terms
    within = schedule.opening_deadline(enables_mtls=terms.enables_mtls, method=terms.method)
    await tx.grants.open(grant, within=within, doing=doing)
