"""Heroku for whoever only watches: there is no method that changes anything, and no other call is sent."""

from typing_extensions import override

from bot.domain.mtls.observation import IpRule
from bot.domain.outside.redaction import Redactor
from bot.domain.target import Database, Space
from bot.domain.timings import DEFAULT, Timings
from bot.heroku.client import HerokuClient
from bot.ports import WatchedHeroku


class HerokuReader(WatchedHeroku):
    """Reads what the watch judges.

    Args:
        token: an API token. Which scope the Data API wants is not documented: ``read`` may be too little.
        platform_url: base of the Platform API.
        data_url: base of the Data API.
        redactor: removes secrets from what Heroku answers.
        timings: with the deadline of a call.
    """

    def __init__(
        self,
        *,
        token: str,
        platform_url: str,
        data_url: str,
        redactor: Redactor,
        timings: Timings = DEFAULT,
    ) -> None:
        # Without the shared rate budget, which is in the store: this has to work while that does not.
        self._client = HerokuClient(
            token=token,
            platform_url=platform_url,
            data_url=data_url,
            redactor=redactor,
            timings=timings,
            reads_only=True,
        )

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()

    @override
    async def databases(self) -> tuple[Database, ...]:
        return await self._client.databases()

    @override
    async def spaces(self) -> tuple[Space, ...]:
        return await self._client.spaces()

    @override
    async def rules(self, database: Database) -> tuple[IpRule, ...]:
        return await self._client.rules(database)
