"""Runs over a database's PrivateLink."""

from datetime import timedelta
from typing import ClassVar

from bot.domain.method import Method
from bot.domain.observation import privatelink_observation
from bot.domain.privatelink.aws_account import parse_accounts
from bot.domain.subject import Subject
from bot.reconciler.adapter import AnyAdapter
from bot.reconciler.privatelink.adapter import PrivateLinkAdapter
from sandbox.heroku.fixtures import DATABASE
from storage.tables import privatelink_accounts
from tests import database
from tests.flow.reconciler.harness import Harness
from tests.unit.factories import POLICY
from tests.unit.storage import store_helpers

ACCOUNT, OTHER = "123456789012", "210987654321"


class PrivateLinkHarness(Harness):
    """Runs over the app ``billing``'s database."""

    method: ClassVar[Method] = Method.PRIVATELINK
    subject: ClassVar[str] = ACCOUNT
    runs_to_open: ClassVar[int] = 3

    def _parse(self, subject: str) -> Subject:
        return parse_accounts(subject)

    def _adapter(self) -> AnyAdapter:
        return PrivateLinkAdapter(store=self.store, heroku=self.client, policy=POLICY, clock=self.clock)

    async def _discover(self) -> int:
        found = await self.client.databases()
        await store_helpers.discover(self.store, *found, method=Method.PRIVATELINK)
        self.target = next(database for database in found if database.name == DATABASE)
        return len(found)

    async def wait_a_minute(self) -> None:
        """What waits for Heroku has waited for 81 seconds."""
        passed = timedelta(seconds=81)
        await database.make_older(
            self.engine, privatelink_accounts, "ambiguous_until", "removal_requested_at", by=passed
        )
        await self.age_requests(by=passed)

    async def wait_an_hour(self) -> None:
        """An hour has gone by since the app's config vars were read."""
        observation = privatelink_observation(await self.observation())
        assert observation is not None
        if observation.vars_read_at is not None:
            read_at = (observation.vars_read_at - timedelta(hours=1)).isoformat()
            await database.set_observation(
                self.engine, {"vars_read_at": read_at}, target_id=self.target.id, method=self.method
            )

    def accounts(self) -> list[str]:
        """The numbers of the accounts that Heroku allows."""
        link = self.heroku.privatelink(DATABASE, now=self.now)
        return [] if link is None else [arn.split(":")[4] for arn in link.accounts]

    def status(self) -> str | None:
        """The endpoint's status at Heroku; None where there is none."""
        link = self.heroku.privatelink(DATABASE, now=self.now)
        return None if link is None else link.status(self.now)
