"""Download links: for a certificate's owner alone, one at a time, and only for a ready certificate."""

import re
from dataclasses import replace
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.one_time_link import LIFE
from bot.errors import Refusal, Refused
from bot.ports import MessageRef
from bot.services import IssuedLink, Services
from storage.tables import download_links, outbox
from storage.transaction import PostgresStore
from tests import database
from tests.unit.factories import NOW, SetClock
from tests.unit.services import actions, certificates
from tests.unit.services.actions import COLLEAGUE, ENGINEER, LEAD
from tests.unit.storage import store_helpers

OTHER: Final = UUID("8d3c1d0f-0000-4000-8000-000000000002")


async def link(services: Services, handle: str | None, *, person: str = ENGINEER) -> IssuedLink:
    made = await services.download_links.issue(handle, person=person, key=actions.key())
    assert made is not None
    return made


async def refused(services: Services, handle: str | None, *, person: str = ENGINEER) -> Refused:
    with pytest.raises(Refused) as caught:
        await services.download_links.issue(handle, person=person, key=actions.key())
    return caught.value


async def states(engine: AsyncEngine) -> list[str]:
    found = await database.rows(engine, download_links, "made_at", "state")
    return [state for _, state in sorted(found)]


async def test_the_owner_gets_a_link_for_a_quarter_of_an_hour(
    services: Services, store: PostgresStore
) -> None:
    number = await certificates.own(store)
    made = await link(services, str(number))
    assert (made.owner, made.handle, made.database) == (ENGINEER, str(number), "billing")
    assert made.expires_at == NOW + LIFE
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", made.secret)
    assert made.secret not in repr(made)


async def test_no_two_links_have_the_same_secret(services: Services, store: PostgresStore) -> None:
    number = await certificates.own(store)
    assert len({(await link(services, str(number))).secret for _ in range(5)}) == 5


async def test_an_id_finds_the_certificate_too(services: Services, store: PostgresStore) -> None:
    number = await certificates.own(store)
    assert (await link(services, certificates.ID.hex[:8])).handle == str(number)


async def test_a_newer_link_replaces_the_older_one(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    number = await certificates.own(store)
    older = await link(services, str(number))
    await link(services, str(number))
    assert sorted(await states(engine)) == ["open", "replaced"]
    params = await database.value(engine, outbox, "params", id=older.message_id)
    assert params == {"state": "replaced"}


async def test_links_to_other_certificates_are_not_replaced(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    first, second = await certificates.own(store), await certificates.own(store, OTHER)
    await link(services, str(first))
    await link(services, str(second))
    assert await states(engine) == ["open", "open"]


@pytest.mark.parametrize("person", [COLLEAGUE, LEAD])
async def test_nobody_but_the_owner_gets_a_link(
    services: Services, store: PostgresStore, person: str
) -> None:
    number = await certificates.own(store)
    error = await refused(services, str(number), person=person)
    assert (error.reason, error.params) == (Refusal.FILES_NOT_YOURS, {"handle": str(number)})


async def test_nobody_gets_a_link_to_an_unmanaged_certificate(
    services: Services, store: PostgresStore
) -> None:
    await certificates.see(store, certificates.listed())
    assert (await refused(services, certificates.ID.hex[:8])).reason is Refusal.FILES_UNMANAGED


@pytest.mark.parametrize("status", ["pending", "disabling"])
async def test_a_certificate_that_is_not_ready_has_no_files(
    services: Services, store: PostgresStore, status: str
) -> None:
    number = await certificates.own(store)
    await certificates.see(store, certificates.listed(status=status))
    assert (await refused(services, str(number))).reason is Refusal.CERTIFICATE_NOT_READY


@pytest.mark.parametrize("handle", ["4711", "deadbeef", "nonsense", ""])
async def test_a_link_for_an_unknown_handle_is_refused(services: Services, handle: str) -> None:
    assert (await refused(services, handle)).reason is Refusal.CERTIFICATE_UNKNOWN


async def test_a_link_for_an_absent_certificate_is_refused(services: Services, store: PostgresStore) -> None:
    number = await certificates.own(store)
    await certificates.see(store)
    assert (await refused(services, str(number))).reason is Refusal.CERTIFICATE_UNKNOWN


async def test_without_a_handle_a_link_is_refused(services: Services) -> None:
    assert (await refused(services, None)).reason is Refusal.CERTIFICATE_MISSING


async def test_an_unknown_person_gets_no_link(services: Services, store: PostgresStore) -> None:
    number = await certificates.own(store, owner="U0NEW")
    assert (await refused(services, str(number), person="U0NEW")).reason is Refusal.PERSON_UNKNOWN


async def test_a_refused_link_leaves_no_trace(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    number = await certificates.own(store)
    before = await store_helpers.counts(engine)
    await refused(services, str(number), person=COLLEAGUE)
    assert await store_helpers.counts(engine) == before


async def test_the_same_click_twice_issues_one_link(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    number = await certificates.own(store)
    assert await services.download_links.issue(str(number), person=ENGINEER, key="click:1") is not None
    assert await services.download_links.issue(str(number), person=ENGINEER, key="click:1") is None
    assert await states(engine) == ["open"]


async def test_an_unsent_link_is_over_and_its_message_removed(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    made = await link(services, str(await certificates.own(store)))
    await services.download_links.record_unsent(made)
    assert await states(engine) == ["unsent"]
    assert await database.count(engine, outbox, id=made.message_id) == 0


async def test_the_place_of_the_message_is_recorded(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    made = await link(services, str(await certificates.own(store)))
    await services.download_links.record_sent(made, MessageRef(channel="D0ENGINEER", ts="1.000001"))
    stored = await database.row(engine, outbox, "channel", "ts", id=made.message_id)
    assert stored == ("D0ENGINEER", "1.000001")


async def test_the_end_of_a_link_follows_business_time(
    services: Services, store: PostgresStore, clock: SetClock
) -> None:
    number = await certificates.own(store)
    clock.present = NOW + actions.HOUR
    assert (await link(services, str(number))).expires_at == NOW + actions.HOUR + LIFE


async def test_whom_a_rule_denies_by_now_gets_no_link(
    services: Services, store: PostgresStore, clock: SetClock
) -> None:
    number = await certificates.own(store)
    (rule,) = actions.APP.rules
    denying = replace(rule, name="contractors", denies=True, requesters=frozenset({ENGINEER}))
    today = actions.under(replace(actions.APP, rules=(rule, denying)), store, clock)
    await refused(today, str(number))
