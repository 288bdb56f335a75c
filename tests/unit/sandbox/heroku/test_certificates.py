"""Client certificates. Facts: herokux (c822fb4, 2025-08) and its sample (2020-09)."""

from datetime import timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from sandbox.heroku import Behavior, HerokuEmulator
from sandbox.heroku.model.certificates import CertificateStatus
from tests.unit.sandbox.heroku.conftest import TLS, Clock

CERTIFICATES = f"{TLS}/certificates"


async def test_a_certificate_is_listed_without_its_key_and_chain(api: httpx.AsyncClient) -> None:
    # API reference 1.2: the list has neither private key nor chain.
    (certificate,) = (await api.get(CERTIFICATES)).json()
    assert certificate.keys() == {"id", "name", "status", "created_at", "updated_at", "expires_at"}
    assert certificate["status"] == "ready"


@pytest.mark.parametrize("status", ["pending", "ready", "disabling", "disabled"])
async def test_every_status_is_listed_and_a_pending_one_has_no_end(
    api: httpx.AsyncClient, heroku: HerokuEmulator, clock: Clock, status: CertificateStatus
) -> None:
    # API reference 1.2 and 1.3: disabled ones are listed too; the end is null while pending.
    end = clock.now + timedelta(days=3)
    heroku.add_certificate_externally("postgresql-curved-12345", expires_at=end, status=status, now=clock.now)
    shown = (await api.get(CERTIFICATES)).json()[-1]
    assert shown["status"] == status
    assert (shown["expires_at"] is None) is (status == "pending")


@pytest.mark.parametrize(
    ("behavior", "written"),
    [
        (Behavior(dates="rfc3339"), "2027-01-01T10:00:00.000+00:00"),
        (Behavior(dates="offset"), "2027-01-01 10:00:00 +0000"),
        (Behavior(dates="utc"), "2027-01-01 10:00:00 UTC"),
    ],
)
async def test_dates_are_written_as_the_switch_says(
    api: httpx.AsyncClient, heroku: HerokuEmulator, clock: Clock, written: str
) -> None:
    # API reference 1.5: three forms.
    end = clock.now.replace(year=2027, month=1, day=1, hour=10, minute=0)
    heroku.add_certificate_externally("postgresql-curved-12345", expires_at=end, now=clock.now)
    assert (await api.get(CERTIFICATES)).json()[-1]["expires_at"] == written


async def test_without_mtls_there_is_no_list(api: httpx.AsyncClient, clock: Clock) -> None:
    # API reference 1.2: 404 when mTLS is not enabled.
    await api.delete(TLS)
    clock.wait(61)
    assert (await api.get(CERTIFICATES)).status_code == 404


DATABASE = "postgresql-curved-12345"
SECRET = {"private_key", "certificate_with_chain"}


async def made(api: httpx.AsyncClient) -> str:
    """A certificate is made; its path."""
    return f"{CERTIFICATES}/{(await api.post(CERTIFICATES)).json()['id']}"


async def test_making_one_answers_201_pending_and_it_is_ready_after_a_while(
    api: httpx.AsyncClient, clock: Clock
) -> None:
    # herokux, mtls_cert.go and pull request 10: 201, pending, expires_at null; then ready.
    answer = await api.post(CERTIFICATES, json={})
    fresh = answer.json()

    assert (answer.status_code, fresh["status"], fresh["expires_at"]) == (201, "pending", None)
    assert not SECRET & fresh.keys()
    clock.wait(119)
    assert (await api.get(CERTIFICATES)).json()[-1]["status"] == "pending"
    clock.wait(1)
    ready = (await api.get(CERTIFICATES)).json()[-1]
    assert (ready["id"], ready["name"], ready["status"]) == (fresh["id"], fresh["name"], "ready")
    assert ready["updated_at"] > ready["created_at"]
    assert not SECRET & ready.keys()


async def test_its_name_is_a_host_of_herokus_choice(api: httpx.AsyncClient) -> None:
    # herokux documentation, postgres_mtls_certificate: the name cannot be chosen; in the sample it is a host.
    names = [(await api.post(CERTIFICATES, json={"name": "mine"})).json()["name"] for _ in range(2)]

    assert names == [f"client-{number}.{DATABASE}.emulated.example" for number in (2, 3)]


async def test_one_alone_brings_the_same_key_and_chain_at_each_fetch(
    api: httpx.AsyncClient, clock: Clock
) -> None:
    # herokux, mtls_cert.go: the resource reads both again at each refresh.
    path = await made(api)
    clock.wait(120)
    first, again = (await api.get(path)).json(), (await api.get(path)).json()

    assert first == again
    key = serialization.load_pem_private_key(first["private_key"].encode(), password=None)
    leaf, authority = x509.load_pem_x509_certificates(first["certificate_with_chain"].encode())
    assert leaf.public_key() == key.public_key()
    leaf.verify_directly_issued_by(authority)
    assert leaf.subject.rfc4514_string() == f"CN={first['name']}"


@pytest.mark.parametrize(
    ("behavior", "days"),
    [(Behavior(), 395), (Behavior(validity_days=365), 365)],
    ids=["sample", "documented"],
)
async def test_it_ends_when_it_says_after_a_year_or_thirteen_months(
    api: httpx.AsyncClient, clock: Clock, days: int
) -> None:
    # herokux: documented is one year, the sample of pull request 10 has 395 days.
    path = await made(api)
    end = clock.now + timedelta(days=days)
    clock.wait(120)
    shown = (await api.get(path)).json()
    leaf = x509.load_pem_x509_certificates(shown["certificate_with_chain"].encode())[0]

    assert shown["expires_at"] == f"{end:%Y-%m-%d %H:%M:%S} +0000"
    assert (leaf.not_valid_before_utc, leaf.not_valid_after_utc) == (clock.now - timedelta(seconds=120), end)


async def test_two_databases_have_authorities_of_their_own(
    api: httpx.AsyncClient, heroku: HerokuEmulator, clock: Clock
) -> None:
    certificates = (
        heroku.admission(DATABASE, now=clock.now),
        heroku.admission("postgresql-graceful-54321", now=clock.now),
    )
    server = (await api.get(TLS)).json()["certificate_authority_chain"]

    assert len({server, *(each.authority for each in certificates)}) == 3
    assert (await api.get(TLS)).json()["certificate_authority_chain"] == server


@pytest.mark.parametrize(
    ("behavior", "shown"),
    [(Behavior(), {}), (Behavior(pending_key="null"), dict.fromkeys(SECRET))],
    ids=["absent", "null"],
)
async def test_while_it_is_pending_there_is_no_key(api: httpx.AsyncClient, shown: dict[str, object]) -> None:
    # Nobody recorded what stands for it, hence a switch.
    found = (await api.get(await made(api))).json()

    assert {name: value for name, value in found.items() if name in SECRET} == shown


@pytest.mark.parametrize(
    ("behavior", "begin"),
    [
        (Behavior(), "-----BEGIN PRIVATE KEY-----"),
        (Behavior(key_format="traditional"), "-----BEGIN EC PRIVATE"),
    ],
    ids=["pkcs8", "traditional"],
)
async def test_a_key_is_written_in_one_of_two_ways(api: httpx.AsyncClient, clock: Clock, begin: str) -> None:
    # The published sample is cut after BEGIN, hence a switch.
    path = await made(api)
    clock.wait(120)

    assert (await api.get(path)).json()["private_key"].startswith(begin)


@pytest.mark.parametrize("behavior", [Behavior(), Behavior(certificate_deleted=204)])
async def test_deleting_one_disables_it_after_a_while_and_it_stays_in_the_list(
    api: httpx.AsyncClient, clock: Clock, behavior: Behavior
) -> None:
    # herokux, mtls_cert.go: disabling, then disabled: a 404 alone and in the list for ever. Code unrecorded.
    path = await made(api)
    clock.wait(120)
    gone = await api.delete(path)

    assert gone.status_code == behavior.certificate_deleted
    assert (await api.get(CERTIFICATES)).json()[-1]["status"] == "disabling"
    clock.wait(29)
    assert (await api.delete(path)).status_code == behavior.certificate_deleted
    assert (await api.get(path)).json().keys() >= SECRET
    clock.wait(1)
    assert (await api.get(CERTIFICATES)).json()[-1]["status"] == "disabled"
    for answer in (await api.get(path), await api.delete(path)):
        assert (answer.status_code, answer.json()["id"]) == (404, "not_found")


async def test_one_may_be_deleted_while_it_is_pending(api: httpx.AsyncClient, clock: Clock) -> None:
    await api.delete(await made(api))
    clock.wait(120)

    assert (await api.get(CERTIFICATES)).json()[-1]["status"] == "disabled"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("key", ["nonsense", "6f1c0000-0000-4000-8000-000000000000"])
async def test_an_unknown_one_is_not_found(api: httpx.AsyncClient, method: str, key: str) -> None:
    answer = await api.request(method, f"{CERTIFICATES}/{key}")

    assert (answer.status_code, answer.json()["resource"]) == (404, "certificate")


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_there_is_no_renewal_and_no_change(api: httpx.AsyncClient, method: str) -> None:
    # No client has an update of a certificate, and the official plugin has no such command.
    assert (await api.request(method, await made(api))).status_code == 404


@pytest.mark.parametrize(("behavior", "status"), [(Behavior(), 404), (Behavior(off=422), 422)])
async def test_one_cannot_be_made_unless_mtls_is_operational(
    api: httpx.AsyncClient, clock: Clock, status: int
) -> None:
    # herokux documentation: mTLS has to be enabled first; with which code it is refused nobody recorded.
    await api.delete(TLS)
    deprovisioning = await api.post(CERTIFICATES)
    clock.wait(60)
    off = await api.post(CERTIFICATES)
    await api.post(TLS)
    provisioning = await api.post(CERTIFICATES)

    assert {answer.status_code for answer in (deprovisioning, off, provisioning)} == {status}


@pytest.mark.parametrize(
    ("behavior", "early"),
    [(Behavior(), []), (Behavior(first_certificate="at_once"), ["pending"])],
    ids=["late", "early"],
)
async def test_enabling_mtls_makes_a_first_certificate_by_itself(
    api: httpx.AsyncClient, clock: Clock, early: list[str]
) -> None:
    # herokux documentation, postgres_mtls: find it in the list. When it appears nobody recorded.
    await api.delete(TLS)
    clock.wait(60)
    await api.post(TLS)

    async def statuses() -> list[str]:
        return [certificate["status"] for certificate in (await api.get(CERTIFICATES)).json()]

    assert await statuses() == early
    clock.wait(300)
    assert len(await statuses()) == 1
    clock.wait(120)
    assert await statuses() == ["ready"]


async def test_disabling_mtls_takes_every_certificate_away(api: httpx.AsyncClient, clock: Clock) -> None:
    # herokux, mtls.go: the endpoint ends in a 404, and what hangs on it with it.
    path = await made(api)
    clock.wait(120)
    await api.delete(TLS)

    assert {each["status"] for each in (await api.get(CERTIFICATES)).json()} == {"disabling"}
    clock.wait(60)
    assert (await api.get(path)).status_code == 404
    await api.post(TLS)
    clock.wait(420)
    [new] = (await api.get(CERTIFICATES)).json()
    assert new["id"] not in path


def test_a_credential_does_not_show_its_key(heroku: HerokuEmulator, clock: Clock) -> None:
    credential = heroku.server_credential(DATABASE, host="127.0.0.1", now=clock.now)

    assert "PRIVATE KEY" in credential.key
    assert "PRIVATE KEY" not in repr(credential)
