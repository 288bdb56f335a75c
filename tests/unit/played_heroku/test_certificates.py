"""The list of client certificates. Facts: herokux (c822fb4, 2025-08) and its sample (2020-09)."""

from datetime import timedelta

import httpx
import pytest

from sandbox.heroku import PlayedHeroku, Switches
from sandbox.heroku.certificates import CertificateStatus
from tests.unit.played_heroku.conftest import TLS, Clock

CERTIFICATES = f"{TLS}/certificates"


async def test_a_certificate_is_listed_without_its_key_and_chain(api: httpx.AsyncClient) -> None:
    # API reference 1.2: the list has neither private key nor chain.
    (certificate,) = (await api.get(CERTIFICATES)).json()
    assert certificate.keys() == {"id", "name", "status", "created_at", "updated_at", "expires_at"}
    assert certificate["status"] == "ready"


@pytest.mark.parametrize("status", ["pending", "ready", "disabling", "disabled"])
async def test_every_status_is_listed_and_a_pending_one_has_no_end(
    api: httpx.AsyncClient, heroku: PlayedHeroku, clock: Clock, status: CertificateStatus
) -> None:
    # API reference 1.2 and 1.3: disabled ones are listed too; the end is null while pending.
    end = clock.now + timedelta(days=3)
    heroku.add_certificate_by_hand("postgresql-curved-12345", expires_at=end, status=status, now=clock.now)
    shown = (await api.get(CERTIFICATES)).json()[-1]
    assert shown["status"] == status
    assert (shown["expires_at"] is None) is (status == "pending")


@pytest.mark.parametrize(
    ("switches", "written"),
    [
        (Switches(dates="rfc3339"), "2027-01-01T10:00:00.000+00:00"),
        (Switches(dates="offset"), "2027-01-01 10:00:00 +0000"),
        (Switches(dates="utc"), "2027-01-01 10:00:00 UTC"),
    ],
)
async def test_dates_are_written_as_the_switch_says(
    api: httpx.AsyncClient, heroku: PlayedHeroku, clock: Clock, written: str
) -> None:
    # API reference 1.5: three forms.
    end = clock.now.replace(year=2027, month=1, day=1, hour=10, minute=0)
    heroku.add_certificate_by_hand("postgresql-curved-12345", expires_at=end, now=clock.now)
    assert (await api.get(CERTIFICATES)).json()[-1]["expires_at"] == written


async def test_without_mtls_there_is_no_list(api: httpx.AsyncClient, clock: Clock) -> None:
    # API reference 1.2: 404 when mTLS is not enabled.
    await api.delete(TLS)
    clock.wait(61)
    assert (await api.get(CERTIFICATES)).status_code == 404


async def test_other_methods_are_not_played(api: httpx.AsyncClient) -> None:
    assert (await api.post(CERTIFICATES)).status_code == 404
