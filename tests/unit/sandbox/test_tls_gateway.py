"""The TLS gateway without the bot: source addresses, and how the server follows Heroku."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.environment import HEROKU_TOKEN
from sandbox.heroku import HerokuEmulator, TransitionTimes, default_world
from sandbox.heroku.fixtures import DATABASE
from sandbox.tls_gateway import AmbiguousSourceError, TlsGateway
from sandbox.tls_gateway.pg_hba import pg_hba_conf
from sandbox.tls_gateway.source_addresses import (
    LOOPBACK,
    check_distinguishable,
    loopback_address,
    loopback_network,
)
from tests.flow.psql_client import LINE, Visitor, raised_or_skipped

ADDRESSES = st.integers(0, 2**32 - 1).map(IPv4Address)
NETWORKS = st.tuples(ADDRESSES, st.integers(0, 32)).map(lambda each: IPv4Network(each, strict=False))

OFFICE = "198.51.100.9"
"""An address that a rule has allowed from the start."""


@given(source=ADDRESSES, network=NETWORKS)
def test_a_source_maps_into_its_network_and_any_other_is_distinguishable_or_rejected(
    source: IPv4Address, network: IPv4Network
) -> None:
    assert loopback_address(source) in LOOPBACK
    assert loopback_network(network).subnet_of(LOOPBACK)
    if source in network:
        check_distinguishable(source, [network])
        assert loopback_address(source) in loopback_network(network)
        return
    try:
        check_distinguishable(source, [network])
    except AmbiguousSourceError:
        assert loopback_address(source) in loopback_network(network)
    else:
        assert loopback_address(source) not in loopback_network(network)


def test_two_sources_that_differ_only_in_the_first_byte_are_ambiguous() -> None:
    with pytest.raises(AmbiguousSourceError, match=r"198\.0\.113\.4 would be taken for .* 203\.0\.113\.0/24"):
        check_distinguishable(IPv4Address("198.0.113.4"), [IPv4Network("203.0.113.0/24")])


def test_pg_hba_conf_has_a_line_for_each_network_and_requires_certificate_and_password() -> None:
    networks = [IPv4Network("203.0.113.4/32"), IPv4Network("198.51.100.0/24")]
    assert pg_hba_conf(networks, user="u1", base="d1").splitlines() == [
        "local all pgaccess trust",
        "hostssl d1 u1 127.0.113.4/32 scram-sha-256 clientcert=verify-ca  # 203.0.113.4/32",
        "hostssl d1 u1 127.51.100.0/24 scram-sha-256 clientcert=verify-ca  # 198.51.100.0/24",
    ]
    assert pg_hba_conf([], user="u1", base="d1") == "local all pgaccess trust\n"


@pytest.fixture
def heroku() -> HerokuEmulator:
    return default_world(token=HEROKU_TOKEN, times=TransitionTimes.of(0))


@pytest.fixture
async def gateway(heroku: HerokuEmulator) -> AsyncIterator[TlsGateway]:
    async with raised_or_skipped(heroku, DATABASE) as gateway:
        gateway.set_source(OFFICE)
        yield gateway


@pytest.fixture
def visitor(heroku: HerokuEmulator, tmp_path: Path) -> Visitor:
    return Visitor(heroku, tmp_path)


def newest(heroku: HerokuEmulator) -> str:
    return str(heroku.certificates(DATABASE, now=datetime.now(UTC))[-1].id)


async def test_enabled_anew_it_has_another_authority_and_believes_no_earlier_certificate(
    heroku: HerokuEmulator, gateway: TlsGateway, visitor: Visitor
) -> None:
    await visitor.download(DATABASE, newest(heroku))
    assert (await visitor.pastes(LINE)).allowed
    heroku.disable_mtls_externally(DATABASE, now=datetime.now(UTC))
    off = await visitor.pastes(LINE)
    heroku.enable_mtls_externally(DATABASE, now=datetime.now(UTC))
    heroku.add_rule_externally(DATABASE, f"{OFFICE}/32", now=datetime.now(UTC))
    root = (visitor.folder / "root.crt").read_text()
    stale = await visitor.pastes(LINE)
    earlier = {name: (visitor.folder / f"postgresql.{name}").read_text() for name in ("crt", "key")}
    await visitor.download(DATABASE, newest(heroku))
    fresh = await visitor.pastes(LINE)
    visitor.keep(root=(visitor.folder / "root.crt").read_text(), **earlier)
    mixed = await visitor.pastes(LINE)

    assert "server closed the connection unexpectedly" in off.words
    assert (
        "certificate verify failed" in stale.words
    )  # the client's own doubt: this is not the server it knew
    assert fresh.allowed
    assert "unknown ca" in mixed.words
    assert root != (visitor.folder / "root.crt").read_text()


async def test_the_right_certificate_with_a_wrong_password_opens_nothing(
    heroku: HerokuEmulator, gateway: TlsGateway, visitor: Visitor
) -> None:
    await visitor.download(DATABASE, newest(heroku))
    line = LINE.replace('psql "$', 'PGPASSWORD=guessed psql "$').replace(
        "-a billing)", "-a billing | sed 's|:[^:@]*@|@|')"
    )
    said = await visitor.pastes(line)
    assert "password authentication failed" in said.words


async def test_a_source_that_would_pass_for_another_is_let_in_nowhere(
    heroku: HerokuEmulator, gateway: TlsGateway, visitor: Visitor
) -> None:
    await visitor.download(DATABASE, newest(heroku))
    gateway.set_source("203.51.100.9")
    failures: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context["exception"]))
    assert not (await visitor.pastes(LINE)).allowed
    assert [type(trouble) for trouble in failures] == [AmbiguousSourceError]


async def test_its_place_is_in_the_config_vars_while_it_stands(heroku: HerokuEmulator) -> None:
    async with raised_or_skipped(heroku, DATABASE):
        url = heroku.connection(DATABASE)
        assert "@127.0.0.1:" in url
    assert "emulated.example" in heroku.connection(DATABASE)
    with pytest.raises(psycopg.OperationalError):
        await psycopg.AsyncConnection.connect(url, connect_timeout=5)
