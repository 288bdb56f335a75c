"""An emulated Heroku in the default world, a clock that tests move, and a client at its door."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from sandbox.heroku import Behavior, HerokuEmulator, TransitionTimes, default_world
from sandbox.heroku.server import app

TOKEN = "HRKU-emulated"
ACCEPT = {"Accept": "application/vnd.heroku+json; version=3"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
TLS = "/postgres/v0/databases/postgresql-curved-12345/tls-endpoint"
RULES = f"{TLS}/ip-rules"
CIDR = "203.0.113.4/32"


@dataclass
class Clock:
    """A time that stands still until a test moves it."""

    now: datetime = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        """Moves time."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def behavior() -> Behavior:
    """As they are by default; a test parametrizes this to turn some."""
    return Behavior()


@pytest.fixture
def heroku(behavior: Behavior) -> HerokuEmulator:
    times = TransitionTimes(
        provision=300,
        authorize=600,
        deprovision=60,
        certify=120,
        invalidate=30,
        link=200,
        admit=400,
        unlink=50,
        publish=30,
        connect=10,
        announce=500,
    )
    return default_world(token=TOKEN, databases=2, behavior=behavior, times=times, now=Clock().now)


@pytest.fixture
async def anonymous(heroku: HerokuEmulator, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """A client that says nothing by itself, neither who it is nor what it accepts."""
    transport = httpx.ASGITransport(app(heroku, now=clock))
    async with httpx.AsyncClient(transport=transport, base_url="http://heroku.test") as client:
        yield client


@pytest.fixture
async def api(heroku: HerokuEmulator, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the token and the right media type."""
    transport = httpx.ASGITransport(app(heroku, now=clock))
    headers = {**ACCEPT, **BEARER}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://heroku.test", headers=headers
    ) as client:
        yield client
