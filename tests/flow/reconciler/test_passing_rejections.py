"""A rejection that passes by itself fails nothing at once: what was approved waits within its deadline."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.request import Kind
from sandbox.heroku import fault_injection
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.fixtures import default_world
from storage.transaction import PostgresStore
from tests.flow.reconciler.harness import TOKEN, Harness, heroku_client
from tests.flow.reconciler.mtls_harness import CREATE, MtlsHarness
from tests.flow.reconciler.privatelink_harness import PrivateLinkHarness
from tests.flow.reconciler.trusted_ips_harness import TrustedIpsHarness

WRITES = "^(POST|PUT) "
Making = Callable[[type[Harness]], AbstractAsyncContextManager[Harness]]


@pytest.fixture
def making(store: PostgresStore, engine: AsyncEngine) -> Making:
    @asynccontextmanager
    async def made(method: type[Harness]) -> AsyncIterator[Harness]:
        times, behavior = TransitionTimes.of(0), Behavior(provisioning_errors=0)
        heroku = default_world(token=TOKEN, times=times, behavior=behavior)
        async with heroku_client(heroku) as client:
            harness = method(store=store, engine=engine, heroku=heroku, client=client)
            await harness.begin()
            yield harness

    return made


METHODS = [MtlsHarness, PrivateLinkHarness, TrustedIpsHarness]


@pytest.mark.parametrize("method", METHODS)
async def test_an_approved_opening_waits_until_the_upgrade_is_through(
    making: Making, method: type[Harness]
) -> None:
    async with making(method) as harness:
        grant = await harness.approve()
        harness.heroku.fault(fault_injection.upgrading(), on=WRITES, times=2)
        await harness.reconcile()
        # Soon, but not in a loop.
        assert timedelta(seconds=3) < await harness.due() <= timedelta(seconds=15)
        await harness.reconcile()
        assert await harness.state(grant) == "applying"
        await harness.reconcile(harness.runs_to_open + 1)
        assert await harness.state(grant) == "in_force"


@pytest.mark.parametrize("method", METHODS)
async def test_an_upgrade_that_does_not_end_in_time_fails_the_opening(
    making: Making, method: type[Harness]
) -> None:
    async with making(method) as harness:
        grant = await harness.approve()
        harness.heroku.fault(fault_injection.upgrading(), on=WRITES, times=None)
        await harness.reconcile()
        await harness.pass_deadlines()
        await harness.reconcile()
        assert (await harness.state(grant), await harness.reason(grant)) == ("failed", "deadline")


async def test_a_certificate_waits_as_well(making: Making) -> None:
    async with making(MtlsHarness) as harness:
        operation = await harness.start(Kind.ISSUE)
        harness.heroku.fault(fault_injection.upgrading(), on=CREATE)
        await harness.reconcile()
        assert await harness.result(operation) == ("doing", None)
        await harness.reconcile(4)
        assert (await harness.result(operation), len(harness.calls(CREATE))) == (("done", None), 2)
