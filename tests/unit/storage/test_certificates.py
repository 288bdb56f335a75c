"""The inventory: what a complete list changes in it, how certificates are called, and whose they are."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.mtls.certificate import Certificate, InventoryChange
from bot.domain.subject import CertificateId
from storage.tables import certificates as certificates_table
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.services import certificates
from tests.unit.services.certificates import END, ID, TARGET, listed
from tests.unit.storage import store_helpers

OTHER = UUID("8d3c1daf-0000-4000-8000-000000000002")
TWIN = UUID("7c2b0c9e-ffff-4000-8000-000000000003")


@pytest.fixture(autouse=True)
async def _discovered(store: PostgresStore) -> None:
    await store_helpers.discover(store)


async def see(store: PostgresStore, *found: Certificate) -> InventoryChange:
    async with store.transaction() as tx:
        sighting = await tx.certificates.save_list(TARGET, found)
        await tx.commit()
        return sighting


async def called(store: PostgresStore, handle: str) -> list[UUID]:
    async with store.transaction() as tx:
        return [known.id for known in await tx.certificates.matching(handle)]


async def test_a_list_tells_what_appeared_and_what_went(store: PostgresStore) -> None:
    first = await see(store, listed())
    assert [known.id for known in first.appeared] == [ID]
    second = await see(store, listed(OTHER))
    assert ([known.id for known in second.appeared], [known.id for known in second.gone]) == ([OTHER], [ID])
    assert await see(store, listed(OTHER)) == InventoryChange()


async def test_a_disabled_one_is_gone_though_heroku_goes_on_listing_it(store: PostgresStore) -> None:
    await see(store, listed())
    assert [known.id for known in (await see(store, listed(status="disabled"))).gone] == [ID]
    gone = await certificates.get(store)
    assert gone.absent_at is not None
    assert await see(store, listed(status="disabled")) == InventoryChange()


async def test_one_that_was_disabled_before_we_ever_saw_it_stays_out(store: PostgresStore) -> None:
    assert await see(store, listed(status="disabled")) == InventoryChange()


async def test_what_is_listed_again_is_back(store: PostgresStore) -> None:
    await see(store, listed())
    await see(store)
    await see(store, listed())
    assert (await certificates.get(store)).absent_at is None


async def test_an_end_is_kept_as_it_was_read_last(store: PostgresStore) -> None:
    await see(store, listed(status="pending", end=None))
    assert (await certificates.get(store)).expires_at is None
    await see(store, listed(end=END))
    assert (await certificates.get(store)).expires_at == END


async def test_whose_it_is_and_what_for_outlives_every_list(store: PostgresStore) -> None:
    number = await certificates.own(store, purpose="nightly export")
    await see(store, listed(end=END + timedelta(days=1)))
    known = await certificates.get(store)
    assert (known.request, known.owner, known.purpose) == (number, "U0ENGINEER", "nightly export")
    assert known.handle == str(number)


async def test_only_an_owner_with_a_known_end_is_to_be_reminded(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await see(store, listed())
    assert await database.count(engine, certificates_table, remind_at=database.PRESENT) == 0
    await see(store)
    await certificates.own(store, end=None)
    assert await database.count(engine, certificates_table, remind_at=database.PRESENT) == 0
    await see(store, listed(end=END))
    assert await database.count(engine, certificates_table, remind_at=database.PRESENT) == 1


async def test_a_certificate_is_called_by_its_requests_number_or_how_its_id_begins(
    store: PostgresStore,
) -> None:
    number = await certificates.own(store)
    for handle in (str(number), ID.hex[:8], ID.hex[:8].upper(), str(ID), ID.hex):
        assert await called(store, handle) == [ID]


@pytest.mark.parametrize("handle", ["", "7c2b0c9", "%", "_" * 8, "7c2b0c9e'", "0", "９", "9" * 40])
async def test_anything_else_is_no_name(store: PostgresStore, handle: str) -> None:
    await see(store, listed())
    assert await called(store, handle) == []


async def test_one_name_may_mean_two(store: PostgresStore) -> None:
    await see(store, listed(), listed(TWIN))
    assert sorted(await called(store, "7c2b0c9e")) == sorted([ID, TWIN])


async def test_one_that_is_gone_has_no_name_any_more(store: PostgresStore) -> None:
    number = await certificates.own(store)
    await see(store)
    assert await called(store, str(number)) == []


async def test_nothing_is_given_that_was_never_listed(store: PostgresStore) -> None:
    async with store.transaction() as tx:
        with pytest.raises(ValueError, match="ever listed"):
            await tx.certificates.assign(ID, request=1, owner="U0ENGINEER", purpose="")


async def test_the_certificates_of_databases_that_heroku_has_no_more_are_left_out(
    store: PostgresStore,
) -> None:
    await see(store, listed())
    await store_helpers.discover(store, factories.database("crm", 2))
    async with store.transaction() as tx:
        assert await tx.certificates.present() == ()
        assert [known.id for known in await tx.certificates.present(TARGET)] == [ID]


async def test_a_request_knows_the_certificate_that_it_is_about(store: PostgresStore) -> None:
    await see(store, listed())
    asked = factories.request(endless=True)
    asked = replace(asked, terms=replace(asked.terms, subject=CertificateId(ID)))
    recorded = await store_helpers.record(store, asked)
    async with store.transaction() as tx:
        case = await tx.requests.details(recorded.id)
    assert case is not None
    assert case.certificate is not None
    assert case.certificate.id == ID
