"""The one place where everything is built and joined."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, cast

from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
from slack_bolt.authorization import AuthorizeResult
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.access import Access
from bot.census import Census
from bot.clock import SystemClock
from bot.config import Settings
from bot.courier import Courier
from bot.domain.policy import Policy
from bot.heroku.client import HerokuClient
from bot.keeper import Keeper
from bot.loops import WorkLoop, running
from bot.ports import Clock, Loop
from bot.slack import SlackClient
from handlers.clock import Ticking
from handlers.gate import Gate
from handlers.listeners import Listeners
from handlers.pages import health_routes
from storage.bell import PostgresBell
from storage.transaction import PostgresStore, engine_for

SLACK_PATH: Final = "/slack/events"
"""Where commands, interactions and events arrive."""

KEEPERS: Final = 10
"""Databases kept at once in a process: as many calls as are made to Heroku at once."""

COURIERS: Final = 4
"""Messages shown at once in a process; Slack takes about one a second in each channel."""


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """Everything that both processes share."""

    settings: Settings
    policy: Policy
    clock: Clock
    store: PostgresStore
    bell: PostgresBell
    slack: SlackClient
    heroku: HerokuClient
    access: Access

    async def web(self) -> Starlette:
        """What serves Slack and browsers; asks Slack once who we are."""
        identity = await self.slack.identity()
        authorized = AuthorizeResult(
            enterprise_id=identity.enterprise,
            team_id=identity.team,
            bot_id=identity.bot_id,
            bot_user_id=identity.bot_user,
            bot_token=self.settings.slack_token,
        )
        listeners = Listeners(access=self.access, desk=self.slack, team=identity.team, authorized=authorized)
        secrets = self.settings.signing_secrets
        app = listeners.app(signing_secret=secrets[0])
        # An ASGI application, typed by Bolt more narrowly than ASGI is.
        bolt = cast("ASGIApp", AsyncSlackRequestHandler(app, path=SLACK_PATH))
        gate = Gate(bolt, secrets=secrets, path=SLACK_PATH)
        return Starlette(routes=[Route(SLACK_PATH, gate), *health_routes(self.access.databases)])

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Keeps the mirrors for the length of a ``with`` block."""
        keeper = Keeper(store=self.store, heroku=self.heroku, policy=self.policy, clock=self.clock)
        courier = Courier(store=self.store, slack=self.slack, policy=self.policy, clock=self.clock)
        census = Census(store=self.store, heroku=self.heroku, slack=self.slack)
        ticking = Ticking(access=self.access, census=census, clock=self.clock, bell=self.bell)
        keeping = WorkLoop(name=Loop.KEEPER, worker=keeper, bell=self.bell, at_once=KEEPERS)
        telling = WorkLoop(name=Loop.COURIER, worker=courier, bell=self.bell, at_once=COURIERS)
        await self.look_again()
        await census.run_due()
        async with running(keeping.run, telling.run, ticking.run):
            yield

    async def look_again(self) -> None:
        """Makes everything due: after a start nobody knows what was missed, and after a jump in time too."""
        async with self.store.transaction() as tx:
            await tx.targets.look_at_all()
            await tx.commit()
        self.bell.ring(Loop)


@contextlib.asynccontextmanager
async def open_house(
    settings: Settings, policy: Policy, *, clock: Clock | None = None
) -> AsyncIterator[House]:
    """Builds everything, and takes it down again at the end of the ``with`` block.

    Args:
        settings: from the environment.
        policy: the rules.
        clock: business time; the machine's unless the played world brings one that can be moved.
    """
    engine = engine_for(settings.database_url)
    clock = clock or SystemClock()
    heroku = HerokuClient(
        token=settings.heroku_token,
        platform_url=settings.heroku_url,
        data_url=settings.heroku_data_url,
    )
    try:
        async with (
            PostgresBell(url=settings.database_url) as bell,
            SlackClient(token=settings.slack_token, url=settings.slack_url) as slack,
        ):
            store = PostgresStore(engine, bell)
            yield House(
                settings=settings,
                policy=policy,
                clock=clock,
                store=store,
                bell=bell,
                slack=slack,
                heroku=heroku,
                access=Access(store=store, policy=policy, clock=clock),
            )
    finally:
        await heroku.close()
        await engine.dispose()
