"""A store whose commits may lose their answer, or be the last thing that a process does."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from bot.errors import StoreUnavailableError
from storage.transaction import PostgresStore, PostgresTransaction
from tests.model.delayed_network import Killed

Where = Literal["before", "after"]


@dataclass
class Fate:
    """What becomes of commits.

    Attributes:
        cuts_at: at how many commits from now the connection is cut; 0 is never.
        cut: whether Postgres has carried that commit out.
        dies_at: at how many commits from now the process is killed; 0 is never.
        dies: whether Postgres has carried that commit out.
    """

    cuts_at: int = 0
    cut: Where = "before"
    dies_at: int = 0
    dies: Where = "before"

    def befalls(self) -> tuple[Where | None, Where | None]:
        """Where the present commit is cut, and where the process is killed in it."""
        cut = self.cut if self.cuts_at == 1 else None
        dies = self.dies if self.dies_at == 1 else None
        self.cuts_at, self.dies_at = max(0, self.cuts_at - 1), max(0, self.dies_at - 1)
        return cut, dies

    def clear(self) -> None:
        """Lets everything go well."""
        self.cuts_at = self.dies_at = 0


class MortalTransaction(PostgresTransaction):
    """A real unit of work with a fate."""

    def __init__(self, inner: PostgresTransaction, fate: Fate) -> None:
        self.__dict__.update(inner.__dict__)
        self._fate = fate

    async def commit(self) -> None:
        """Commits, unless something befalls it."""
        cut, dies = self._fate.befalls()
        self._fail("before", cut, dies)
        await super().commit()
        self._fail("after", cut, dies)

    def _fail(self, here: Where, cut: Where | None, dies: Where | None) -> None:
        if dies == here:
            raise Killed
        if cut == here:
            raise StoreUnavailableError("the connection to Postgres was lost")


class MortalStore(PostgresStore):
    """The real store with a fate."""

    fate: Fate

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTransaction]:
        """Begins a unit of work."""
        async with super().transaction() as tx:
            yield MortalTransaction(tx, self.fate)
