"""Runs over a space's list of trusted IP ranges."""

from datetime import timedelta
from typing import ClassVar

from bot.domain.method import Method
from bot.reconciler.adapter import AnyAdapter
from bot.reconciler.trusted_ips.adapter import TrustedIpsAdapter
from sandbox.heroku.fixtures import SPACE
from storage.tables import data_service_access
from tests import database
from tests.flow.reconciler.harness import Harness
from tests.unit.factories import POLICY

MINE = "203.0.113.4/32"


class TrustedIpsHarness(Harness):
    """Runs over the space, and what somebody else writes to its list."""

    method: ClassVar[Method] = Method.TRUSTED
    subject: ClassVar[str] = MINE

    def _adapter(self) -> AnyAdapter:
        return TrustedIpsAdapter(store=self.store, heroku=self.client, policy=POLICY, clock=self.clock)

    async def _discover(self) -> int:
        (space,) = await self.client.spaces()
        await self.do(lambda tx: tx.targets.save_discovery([], [space]))
        self.target = space
        return 1

    async def _let_pass(self) -> None:
        await self.wait(seconds=1)

    async def wait(self, *, seconds: int) -> None:
        """The last write is so much longer ago."""
        passed = timedelta(seconds=seconds)
        await database.make_older(self.engine, data_service_access, "written_at", by=passed)

    async def wait_a_minute(self) -> None:
        """What waits for Heroku has waited for 81 seconds."""
        passed = timedelta(seconds=81)
        await database.make_older(self.engine, data_service_access, "ambiguous_until", by=passed)

    def sources(self) -> list[str]:
        """The list, as Heroku has it."""
        return [rule.source for rule in self.heroku.ruleset(SPACE).rules]

    def write_externally(self, *sources: str) -> None:
        """Somebody else writes the list whole."""
        self.heroku.put_ruleset_externally(SPACE, sources, now=self.now)

    def writes(self) -> int:
        """How many writes reached the list."""
        return len(self.calls(r"^PUT .*/inbound-ruleset$"))
