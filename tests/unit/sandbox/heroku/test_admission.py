"""Which clients a TLS server in front of a database accepts, with real handshakes.

Fact: Heroku Dev Center, heroku-postgres-via-mtls: it takes a client certificate and an address on the list.
"""

import asyncio
import contextlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from sandbox.heroku import HerokuEmulator, Refused, TransitionTimes, default_world
from sandbox.heroku.model.certificate_authority import Credential
from sandbox.heroku.server import app
from tests.unit.sandbox.heroku.conftest import CIDR, TLS, TOKEN, Clock

DATABASE = "postgresql-curved-12345"
CERTIFICATES = f"{TLS}/certificates"
OFFICE, ELSEWHERE = "198.51.100.9", "203.0.113.9"


def serials(heroku: HerokuEmulator, clock: Clock) -> list[int]:
    return sorted(heroku.admission(DATABASE, now=clock.now).serials)


async def test_a_certificate_admits_from_ready_until_the_moment_it_is_deleted(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock
) -> None:
    # herokux documentation, postgres_mtls_certificate: deleting invalidates at once.
    before = serials(heroku, clock)
    made = (await api.post(CERTIFICATES)).json()["id"]
    assert serials(heroku, clock) == before
    clock.wait(120)
    chain = (await api.get(f"{CERTIFICATES}/{made}")).json()["certificate_with_chain"]
    serial = x509.load_pem_x509_certificates(chain.encode())[0].serial_number
    assert serial in serials(heroku, clock)
    await api.delete(f"{CERTIFICATES}/{made}")
    assert serials(heroku, clock) == before


def test_an_expired_certificate_admits_nobody(heroku: HerokuEmulator, clock: Clock) -> None:
    before = serials(heroku, clock)
    heroku.add_certificate_externally(DATABASE, expires_at=clock.now, now=clock.now - timedelta(days=9))

    assert serials(heroku, clock) == before


def test_what_was_deleted_or_has_expired_is_on_the_list_that_the_authority_signs(
    heroku: HerokuEmulator, clock: Clock
) -> None:
    standing = heroku.admission(DATABASE, now=clock.now)
    old = heroku.add_certificate_externally(DATABASE, expires_at=clock.now, now=clock.now - timedelta(days=9))
    gone = heroku.add_certificate_externally(
        DATABASE, expires_at=clock.now + timedelta(days=9), now=clock.now
    )
    heroku.delete_certificate_externally(DATABASE, gone.id, now=clock.now)

    admission = heroku.admission(DATABASE, now=clock.now)
    signed = x509.load_pem_x509_crl(heroku.revocations(DATABASE, now=clock.now).encode())
    authority = x509.load_pem_x509_certificate(admission.authority.encode())

    assert (standing.revoked, admission.serials) == (frozenset(), standing.serials)
    assert admission.revoked == {each.serial_number for each in signed} == {old.id.int, gone.id.int}
    key = authority.public_key()
    assert isinstance(key, EllipticCurvePublicKey)
    assert signed.is_signature_valid(key)
    assert authority.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign


def test_both_a_certificate_and_an_address_on_the_list_are_needed(
    heroku: HerokuEmulator, clock: Clock
) -> None:
    admission = heroku.admission(DATABASE, now=clock.now)
    [serial] = admission.serials

    assert admission.admits(OFFICE, serial)
    assert not admission.admits(ELSEWHERE, serial)
    assert not admission.admits(OFFICE, serial + 1)
    assert not admission.admits("2001:db8::1", serial)


def test_a_rule_admits_once_it_is_authorized(heroku: HerokuEmulator, clock: Clock) -> None:
    # herokux: Authorizing, then Authorized.
    heroku.add_rule_externally(DATABASE, CIDR, now=clock.now)
    early = heroku.admission(DATABASE, now=clock.now).networks
    clock.wait(600)

    assert [str(network) for network in early] == ["198.51.100.0/24"]
    assert CIDR in map(str, heroku.admission(DATABASE, now=clock.now).networks)


def test_nobody_is_let_in_once_mtls_is_being_disabled(heroku: HerokuEmulator, clock: Clock) -> None:
    heroku.disable_mtls_externally(DATABASE, now=clock.now)
    admission = heroku.admission(DATABASE, now=clock.now)

    assert (admission.networks, admission.serials) == ((), frozenset())
    clock.wait(60)
    with pytest.raises(Refused):
        heroku.admission(DATABASE, now=clock.now)
    with pytest.raises(Refused):
        heroku.server_credential(DATABASE, host="127.0.0.1", now=clock.now)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_real_client_and_a_real_server_connect_with_what_the_api_gives_out(
    tmp_path: Path, host: str
) -> None:
    # The official plugin's certificates:download writes them to postgresql.crt, postgresql.key and root.crt.
    heroku = default_world(token=TOKEN, times=TransitionTimes.of(0))
    transport = httpx.ASGITransport(app(heroku))
    headers = {"Accept": "application/vnd.heroku+json; version=3", "Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://heroku.test", headers=headers) as api:
        mine = (await api.post(CERTIFICATES)).json()["id"]
        bundle = (await api.get(f"{CERTIFICATES}/{mine}")).json()
        root = (await api.get(TLS)).json()["certificate_authority_chain"]

    now = datetime.now(UTC)
    server = server_context(heroku, host, now, tmp_path)
    credential = Credential(key=bundle["private_key"], chain=bundle["certificate_with_chain"])
    seen = await shaken(server, client_context(root, credential, tmp_path), host)

    assert seen in heroku.admission(DATABASE, now=now).serials


async def test_without_a_certificate_or_with_another_databases_there_is_no_handshake(tmp_path: Path) -> None:
    heroku = default_world(token=TOKEN, databases=2, times=TransitionTimes.of(0))
    now = datetime.now(UTC)
    server = server_context(heroku, "localhost", now, tmp_path)
    root = heroku._account.addon(DATABASE).endpoint
    other = heroku._account.addon("postgresql-graceful-54321").endpoint
    assert root
    assert other
    strange = other.clients.client("x.example", serial=7, since=now, until=now + timedelta(days=1))

    for credential in (None, strange):
        client = client_context(root.server.certificate, credential, tmp_path)
        assert await shaken(server, client, "localhost") is None


def server_context(heroku: HerokuEmulator, host: str, now: datetime, folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load(context, heroku.server_credential(DATABASE, host=host, now=now), folder / "server.pem")
    context.load_verify_locations(cadata=heroku.admission(DATABASE, now=now).authority)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(root: str, credential: Credential | None, folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=root)
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # Python's own default since 3.13
    if credential:
        load(context, credential, folder / "client.pem")
    return context


def load(context: ssl.SSLContext, credential: Credential, file: Path) -> None:
    file.write_text(credential.key + credential.chain)
    context.load_cert_chain(file)


async def shaken(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> int | None:
    """Number of the client's certificate as a server on this machine saw it; None if it let nobody in."""
    seen: list[bytes] = []

    async def served(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
        writer.write(b"hello")
        writer.close()

    async with await asyncio.start_server(served, "127.0.0.1", 0, ssl=server) as listening:
        port = listening.sockets[0].getsockname()[1]
        # In TLS 1.3 the client is done before it is refused: that comes with the first bytes it reads.
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=client, server_hostname=host
            )
            await reader.read()
            writer.close()
    return x509.load_der_x509_certificate(seen[0]).serial_number if seen else None
