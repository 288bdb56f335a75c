"""A store whose commits may lose their answer, or crash the process."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from bot.errors import StoreUnavailableError
from storage.transaction import PostgresStore, PostgresTransaction
from tests.model.delayed_network import Killed

Where = Literal["before", "after"]


@dataclass
class CommitFaults:
    """Faults of the next commits.

    Attributes:
        cuts_at: which commit from now loses its connection; 0 for none.
        cut: before or after Postgres executes it.
        dies_at: in which commit from now the process is killed; 0 for none.
        dies: before or after Postgres executes it.
    """

    cuts_at: int = 0
    cut: Where = "before"
    dies_at: int = 0
    dies: Where = "before"

    def next_fault(self) -> tuple[Where | None, Where | None]:
        """Faults of the present commit: where it is cut, and where the process is killed."""
        cut = self.cut if self.cuts_at == 1 else None
        dies = self.dies if self.dies_at == 1 else None
        self.cuts_at, self.dies_at = max(0, self.cuts_at - 1), max(0, self.dies_at - 1)
        return cut, dies

    def clear(self) -> None:
        """Removes all faults."""
        self.cuts_at = self.dies_at = 0


class CrashingTransaction(PostgresTransaction):
    """A real unit of work with commit faults."""

    def __init__(self, inner: PostgresTransaction, commit_faults: CommitFaults) -> None:
        self.__dict__.update(inner.__dict__)
        self._commit_faults = commit_faults

    async def commit(self) -> None:
        """Commits, with the faults that are due."""
        cut, dies = self._commit_faults.next_fault()
        self._fail("before", cut, dies)
        await super().commit()
        self._fail("after", cut, dies)

    def _fail(self, here: Where, cut: Where | None, dies: Where | None) -> None:
        if dies == here:
            raise Killed
        if cut == here:
            raise StoreUnavailableError("the connection to Postgres was lost")


class CrashingStore(PostgresStore):
    """The real store with commit faults."""

    commit_faults: CommitFaults

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTransaction]:
        """Begins a unit of work."""
        async with super().transaction() as tx:
            yield CrashingTransaction(tx, self.commit_faults)
