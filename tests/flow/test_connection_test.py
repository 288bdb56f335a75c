"""Connection tests of new certificates against a real server behind the TLS gateway."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from bot.domain.mtls.connection_test import ConnectionResult
from bot.heroku.client import HerokuClient
from bot.heroku.connection_test import PostgresConnectionTest
from bot.ports import Credential, Login
from sandbox.environment import HEROKU_TOKEN, start_environment
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import DATABASE
from sandbox.heroku.server import app as heroku_server
from sandbox.tls_gateway import TlsGateway
from tests.flow.actions import Acts, heroku_emulator
from tests.flow.psql_client import raised_or_skipped
from tests.unit.factories import emulated_database

OFFICE, ELSEWHERE = "198.51.100.7", "203.0.113.4"
"""An allowed address: the emulated database allows the office, 198.51.100.0/24, and no other network."""


@pytest.fixture
def heroku() -> HerokuEmulator:
    return heroku_emulator()


@pytest.fixture
async def gateway(heroku: HerokuEmulator) -> AsyncIterator[TlsGateway]:
    """The TLS gateway in front of the app ``billing``'s database; the bot connects from the office."""
    async with raised_or_skipped(heroku, DATABASE) as gateway:
        gateway.set_source(OFFICE)
        yield gateway


# --- one connection ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Brought:
    """The input of a connection test, as Heroku returns it."""

    certificate: UUID
    login: Login
    credential: Credential
    root: str

    async def tried(self) -> ConnectionResult:
        return await PostgresConnectionTest().connect(self.login, self.credential, root=self.root)


async def fetched(heroku: HerokuEmulator) -> Brought:
    transport = httpx.ASGITransport(heroku_server(heroku))
    base = "http://heroku.test"
    client = HerokuClient(token=HEROKU_TOKEN, platform_url=base, data_url=base, transport=transport)
    found = heroku.certificates(DATABASE, now=datetime.now(UTC))
    certificate = next(each.id for each in found if each.status == "ready")
    try:
        return Brought(
            certificate,
            await client.login("billing", "DATABASE_URL"),
            await client.credential(emulated_database(), certificate),
            await client.authority(emulated_database()),
        )
    finally:
        await client.close()


async def test_the_answer_of_a_real_server_becomes_a_result(
    heroku: HerokuEmulator, gateway: TlsGateway
) -> None:
    brought, other = await fetched(heroku), await fetched(heroku_emulator())
    assert await brought.tried() is ConnectionResult.CONNECTED
    wrong = replace(brought, login=replace(brought.login, password="wrong"))
    assert await wrong.tried() is ConnectionResult.OTHER
    assert await replace(brought, credential=other.credential).tried() is ConnectionResult.NOT_ACCEPTED
    # No other server is sent the password.
    assert await replace(brought, root=other.root).tried() is ConnectionResult.OTHER
    gateway.set_source(ELSEWHERE)
    assert await brought.tried() is ConnectionResult.NOT_LET_IN
    gateway.set_source(OFFICE)
    heroku.delete_certificate_externally(DATABASE, brought.certificate, now=datetime.now(UTC))
    assert await brought.tried() is ConnectionResult.NOT_ACCEPTED


# --- the button --------------------------------------------------------------------------------------


@pytest.fixture
async def acts(database_url: str, heroku: HerokuEmulator, gateway: TlsGateway) -> AsyncIterator[Acts]:
    """An environment in which the bot may test certificates."""
    async with start_environment(database_url, heroku, probes=True) as environment:
        acts = Acts(environment)
        await acts.settle()
        yield acts


async def rotated(acts: Acts) -> None:
    """Rotates the engineer's certificate, request 1, by request 2, up to the new one being ready."""
    await acts.ask("/pgaccess mtls certificate new on billing because nightly export")
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", "is ready"))
    await acts.ask("/pgaccess mtls certificate rotate 1")
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", "is ready (#2)"))


async def test_the_owner_is_told_the_result_and_no_secret_is_left_behind(
    acts: Acts, gateway: TlsGateway
) -> None:
    await rotated(acts)
    gateway.set_source(ELSEWHERE)
    assert (await acts.press_own("engineer", "certificate.test", saying="is ready (#2)")).ok
    await acts.until(lambda: acts.told("engineer", "rejects the address of pgaccess"))
    assert any("Connecting to billing with the new certificate" in said for said in acts.private("engineer"))
    gateway.set_source(OFFICE)
    assert (await acts.press_own("engineer", "certificate.test", saying="is ready (#2)")).ok
    # Its own copy of the card, and the message that delivered the certificate.
    await acts.until(lambda: len(acts.told("engineer", "accepted the new certificate")) == 2)
    await acts.until(lambda: "accepted the new certificate" in acts.card())
    assert not acts.told("engineer", "rejects the address")
    await _no_secret_is_left(acts)


async def test_the_database_itself_is_tested_and_not_a_follower_that_has_taken_its_config_var(
    acts: Acts,
) -> None:
    await rotated(acts)
    heroku = acts.environment.heroku
    heroku.add_beside(DATABASE, "postgresql-new-1")
    # No discovery has seen it yet: what was stored leads to the other one.
    heroku.promote("postgresql-new-1")
    assert (await acts.press_own("engineer", "certificate.test", saying="is ready (#2)")).ok
    await acts.until(lambda: "accepted the new certificate" in acts.card())


async def _no_secret_is_left(acts: Acts) -> None:
    """Neither the store nor Slack has anything that the bot connected with."""
    brought = await fetched(acts.environment.heroku)
    tables = await acts.query(
        "SELECT quote_ident(table_name) FROM information_schema.tables WHERE table_schema = 'public'"
    )
    left = [str(await acts.query(f"SELECT t::text FROM {table} AS t")) for (table,) in tables]
    left += [f"{entry.sent}{entry.received}" for entry in acts.environment.slack.request_log]
    secrets = (brought.login.password, brought.login.user, brought.credential.key.splitlines()[1])
    assert [secret for secret in secrets for text in left if secret in text] == []
