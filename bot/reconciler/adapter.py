"""What differs between access methods; everything else of a reconcile run is written once."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from bot.domain.observation import Observation
from bot.domain.operation import Operation, OperationState
from bot.domain.owned_entry import Plan, StoredState
from bot.ports import MessageKind, ReconcileJob, Transaction
from bot.reconciler.reconciliation import Reconciliation

Run = TypeVar("Run", bound=Reconciliation)
"""A method's reconcile run, with what its store knows."""

Seen = TypeVar("Seen")
"""What a method observes of a target."""

Planned = TypeVar("Planned", bound=Plan[Any])
"""A method's plan."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """How the end of an operation is announced.

    Attributes:
        message: the notification to its owner; None where another message says it.
        details: what the audit line says besides.
    """

    message: MessageKind | None
    details: Mapping[str, str] = field(default_factory=dict)


class MethodAdapter(ABC, Generic[Run, Seen, Planned]):
    """Connects one access method to the reconciler: load, observe, plan, apply, record."""

    @abstractmethod
    async def load(self, tx: Transaction, job: ReconcileJob, *, held_since: float) -> Run:
        """Reads what the store knows, in the transaction of the claim.

        Args:
            tx: not committed yet.
            job: what was claimed.
            held_since: monotonic seconds, taken before the lease was.
        """

    @abstractmethod
    def stored(self, run: Run) -> StoredState[Any, Any]:
        """Returns what the store knew when the run began."""

    @abstractmethod
    async def observe(self, run: Run) -> Seen:
        """Reads what Heroku has.

        Raises:
            HerokuError: nothing was observed.
            LeaseLostError: the lease is lost.
        """

    @abstractmethod
    def plan(self, run: Run, seen: Seen) -> Planned:
        """Compares stored state with the observation; no input or output."""

    @abstractmethod
    async def apply(self, run: Run, seen: Seen, plan: Planned) -> Seen:
        """Makes the planned changes, each intent recorded before its call and its result after it.

        Returns:
            The observation, with what was read besides.

        Raises:
            HerokuError: nothing may follow from the observation after all: it was of something else.
            LeaseLostError: the lease is lost.
        """

    @abstractmethod
    async def record(
        self, tx: Transaction, run: Run, seen: Seen, plan: Planned, now: datetime
    ) -> Observation:
        """Writes down what was proven of owned entries, reports drift, and returns the observation to keep.

        Args:
            tx: the commit that records the whole run.
            run: grants and operations are settled already.
            seen: what was observed.
            plan: what followed from it.
            now: business time.
        """

    def is_complete(self, seen: Seen) -> bool:
        """Whether the observation is of the whole list, so that what it lacks is not there."""
        return True

    @abstractmethod
    def is_watched(self, run: Run, plan: Planned) -> bool:
        """Whether the target is observed every minute although nothing is under way."""

    async def completion(self, tx: Transaction, before: Operation, after: Operation) -> Completion:
        """Decides how the end of an operation is announced.

        Args:
            tx: the commit that records the run.
            before: the operation as it was.
            after: the operation, done or failed.
        """
        done = after.state is OperationState.DONE
        return Completion(message=MessageKind.DONE if done else MessageKind.NOT_DONE)


AnyAdapter = MethodAdapter[Any, Any, Any]
"""An adapter of one method or another; the controller gives each only its own runs."""
