"""What operators do in a drill, and what they see."""

from collections.abc import Callable
from dataclasses import replace

from bot.app import open_app
from sandbox.environment import Environment
from tests.flow.actions import Acts


class Drill(Acts):
    """User actions, and the loss and restore of the store.

    Args:
        environment: the running bot.
        url: of its store.
        copy: makes a copy of a store, and returns its address.
    """

    def __init__(self, environment: Environment, *, url: str, copy: Callable[[str], str]) -> None:
        super().__init__(environment)
        self._url = url
        self._copy = copy

    async def backup(self) -> str:
        """Copies the store while the bot is stopped, and starts it again."""
        environment = self.environment
        assert environment.bot is not None
        await environment.bot.stop()
        copied = self._copy(self._url)
        await self.start_on(self._url)
        return copied

    async def start_on(self, url: str, *, installation: str | None = None) -> None:
        """Stops the bot, and starts it on another store."""
        self._url = url
        await self.environment.restart_on(url, installation=installation)
        await self.settle()

    async def installation(self) -> str:
        async with self.environment.app.store.transaction() as tx:
            return (await tx.installations.current()).name

    async def open(self, *addresses: str, person: str = "engineer") -> None:
        """Asks for addresses one by one, has each approved, and waits until all are in force."""
        for address in addresses:
            await self.ask(f"/pgaccess mtls add {address} for 8h because drill", person=person)
            assert (await self.approve()).ok
        await self.until(lambda: all(f"{address}/32" in self.ours() for address in addresses))

        async def in_force() -> bool:
            return (await self.states()).count("in_force") >= len(addresses)

        await self.until(in_force)

    async def rebuild(self, *, apply: bool = False, types: str = "") -> list[str]:
        """Runs ``pgaccess rebuild``, beside a worker or without one; returns its lines."""
        app = self.environment.app
        return [line async for line in app.rebuilder().run(apply=apply, ask=lambda _: types)]

    async def rebuild_stopped(self, url: str, *, installation: str, apply: bool = False) -> list[str]:
        """Runs ``pgaccess rebuild`` on a store that no process runs on; returns its lines."""
        environment = self.environment
        assert environment.bot is not None
        settings = replace(environment.bot.settings, database_url=url, installation=installation)
        async with open_app(settings, environment.app.policy, clock=environment.clock) as app:
            return [line async for line in app.rebuilder().run(apply=apply, ask=lambda _: "")]

    async def all_are(self, state: str, count: int) -> None:
        """Waits until so many grants there are, all in one state."""

        async def reached() -> bool:
            return await self.states() == [state] * count

        await self.until(reached)
