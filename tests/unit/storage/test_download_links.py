"""What the store keeps of links to certificates' files: digests, turns, a line for each change of state."""

from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.mtls import download_link as download_links
from bot.domain.mtls.download_link import HELD, DownloadLink, DownloadLinkState
from bot.domain.one_time_link import LIFE
from bot.ports import AuditContext, MessageKind, MessageRef
from storage.tables import audit, outbox
from storage.tables import download_links as links_table
from storage.transaction import PostgresStore
from tests import database
from tests.unit.factories import NOW
from tests.unit.services import certificates
from tests.unit.storage import store_helpers

SECRET: Final = "s" * 43
BY_OWNER: Final = AuditContext(actor="U0ENGINEER", at=NOW)
PLACE: Final = MessageRef(channel="D0ENGINEER", ts="1.000001")


@pytest.fixture
async def link(store: PostgresStore) -> DownloadLink:
    """A link to the files of the one certificate that there is."""
    await store_helpers.discover(store)
    request = await certificates.own(store)
    return await make(store, request)


async def make(store: PostgresStore, request: int, *, secret: str = SECRET) -> DownloadLink:
    download_link = DownloadLink.begin(
        id=uuid4(),
        secret=secret,
        certificate=certificates.ID,
        request=request,
        target=certificates.TARGET,
        owner="U0ENGINEER",
        now=NOW,
    )
    async with store.transaction() as tx:
        await tx.download_links.add(download_link, doing=BY_OWNER)
        await tx.commit()
    return download_link


async def hold(store: PostgresStore, link: DownloadLink, *, within: timedelta = HELD) -> UUID:
    async with store.transaction() as tx:
        lease = await tx.download_links.lease(link, within=within)
        await tx.commit()
    return lease


async def read(store: PostgresStore, link: DownloadLink) -> DownloadLink:
    async with store.transaction() as tx:
        found = await tx.download_links.lock(link.id)
    assert found is not None
    return found


async def move(store: PostgresStore, before: DownloadLink, after: DownloadLink) -> None:
    async with store.transaction() as tx:
        await tx.download_links.update(before, after, doing=BY_OWNER)
        await tx.commit()


async def lines(engine: AsyncEngine) -> list[tuple[str, str]]:
    found = await database.audit_lines(engine, "before", "after", subject="certificate files")
    return [(before, after) for before, after in found]


async def test_a_link_is_read_as_it_was_made(store: PostgresStore, link: DownloadLink) -> None:
    assert await read(store, link) == link


async def test_an_id_that_no_link_has_finds_none(store: PostgresStore, link: DownloadLink) -> None:
    async with store.transaction() as tx:
        assert await tx.download_links.lock(uuid4()) is None


async def test_no_column_of_any_table_has_the_secret(
    store: PostgresStore, engine: AsyncEngine, link: DownloadLink
) -> None:
    rows = await database.rows(engine, links_table) + await database.rows(engine, audit)
    assert len(rows) > 1
    assert [row for row in rows if SECRET in str(row) or SECRET.encode().hex() in str(row)] == []
    assert len(await database.value(engine, links_table, "digest")) == 32


async def test_a_link_that_is_held_is_busy_until_it_is_released(
    store: PostgresStore, link: DownloadLink
) -> None:
    lease = await hold(store, link)
    assert (await read(store, link)).busy
    async with store.transaction() as tx:
        await tx.download_links.release(link.id, lease)
        await tx.commit()
    assert not (await read(store, link)).busy


async def test_a_turn_that_nobody_ended_ends_by_itself(
    store: PostgresStore, engine: AsyncEngine, link: DownloadLink
) -> None:
    lease = await hold(store, link)
    await database.end_leases(engine, links_table)
    assert not (await read(store, link)).busy
    async with store.transaction() as tx:
        assert await tx.download_links.lock_leased(link.id, lease) is None


async def test_only_the_latest_turn_holds(store: PostgresStore, link: DownloadLink) -> None:
    first, second = await hold(store, link), await hold(store, link)
    async with store.transaction() as tx:
        assert await tx.download_links.lock_leased(link.id, first) is None
        assert await tx.download_links.lock_leased(link.id, second) is not None


async def test_an_earlier_turn_releases_nothing_of_a_later_one(
    store: PostgresStore, link: DownloadLink
) -> None:
    first, second = await hold(store, link), await hold(store, link)
    async with store.transaction() as tx:
        await tx.download_links.release(link.id, first)
        assert await tx.download_links.lock_leased(link.id, second) is not None


async def test_each_change_of_state_has_one_audit_line_and_a_guess_has_none(
    store: PostgresStore, engine: AsyncEngine, link: DownloadLink
) -> None:
    guessed = download_links.guessed(link)
    await move(store, link, guessed)
    assert (await read(store, link)).guesses == 1
    await move(store, guessed, download_links.delivered(guessed, now=NOW))
    assert await lines(engine) == [("", "open"), ("open", "delivered")]


async def test_an_audit_line_names_the_certificate_and_the_link(
    store: PostgresStore, engine: AsyncEngine, link: DownloadLink
) -> None:
    details = await database.value(engine, audit, "details", subject="certificate files")
    assert details == {"certificate": str(certificates.ID), "link": str(link.id)}
    row = await database.rows(engine, audit, "actor", "request_id", "target_id", subject="certificate files")
    assert row == [("U0ENGINEER", link.request, certificates.TARGET)]


async def test_a_link_that_is_over_holds_nobody_up(store: PostgresStore, link: DownloadLink) -> None:
    lease = await hold(store, link)
    await move(store, link, download_links.delivered(link, now=NOW))
    async with store.transaction() as tx:
        assert await tx.download_links.lock_leased(link.id, lease) is None


async def test_only_open_links_of_one_certificate_are_open(store: PostgresStore, link: DownloadLink) -> None:
    newer = await make(store, link.request)
    await move(store, link, replace(link, state=DownloadLinkState.REPLACED))
    async with store.transaction() as tx:
        assert [each.id for each in await tx.download_links.open_of(certificates.ID)] == [newer.id]
        assert await tx.download_links.open_of(uuid4()) == ()


async def test_a_handing_out_is_noted_with_the_certificate(store: PostgresStore, link: DownloadLink) -> None:
    async with store.transaction() as tx:
        await tx.certificates.delivered(certificates.ID, at=NOW)
        await tx.commit()
    assert (await certificates.get(store)).delivered_at == NOW


# --- the message with the link, which a web process posts itself -------------------------------------


async def announce(store: PostgresStore, link: DownloadLink) -> int:
    async with store.transaction() as tx:
        number = await tx.outbox.reserve(
            MessageKind.DOWNLOAD_LINK,
            to="U0ENGINEER",
            key="download_link:1",
            request=link.request,
            again=LIFE,
        )
        await tx.commit()
    return number


async def due(engine: AsyncEngine) -> None:
    await database.make_due(engine, outbox)


async def test_a_message_made_by_hand_is_replaced_only_when_its_link_is_over(
    store: PostgresStore, engine: AsyncEngine, link: DownloadLink
) -> None:
    number = await announce(store, link)
    async with store.transaction() as tx:
        assert await tx.outbox.claim() is None
        wait = await tx.outbox.next_due()
    assert wait is not None
    assert timedelta(minutes=14) < wait <= LIFE
    await due(engine)
    async with store.transaction() as tx:
        post = await tx.outbox.claim()
    assert post is not None
    assert (post.id, post.kind) == (number, MessageKind.DOWNLOAD_LINK)


async def test_a_message_whose_place_is_not_known_is_searched_for(
    store: PostgresStore, engine: AsyncEngine, link: DownloadLink
) -> None:
    await announce(store, link)
    await due(engine)
    async with store.transaction() as tx:
        post = await tx.outbox.claim()
    assert post is not None
    assert post.place is None
    assert post.posting_since is not None


async def test_a_message_whose_place_is_known_is_edited_there(
    store: PostgresStore, engine: AsyncEngine, link: DownloadLink
) -> None:
    number = await announce(store, link)
    async with store.transaction() as tx:
        await tx.outbox.confirm(number, PLACE)
        await tx.commit()
    await due(engine)
    async with store.transaction() as tx:
        post = await tx.outbox.claim()
    assert post is not None
    assert (post.place, post.posting_since) == (PLACE, None)


async def test_a_place_that_a_notifier_has_found_stays(store: PostgresStore, link: DownloadLink) -> None:
    number = await announce(store, link)
    async with store.transaction() as tx:
        await tx.outbox.confirm(number, PLACE)
        await tx.outbox.confirm(number, MessageRef(channel="D0ENGINEER", ts="2.000002"))
        assert await tx.outbox.message_ref("download_link:1") == PLACE


async def test_a_message_that_slack_did_not_take_is_forgotten(
    store: PostgresStore, engine: AsyncEngine, link: DownloadLink
) -> None:
    number = await announce(store, link)
    async with store.transaction() as tx:
        await tx.outbox.cancel(number)
        await tx.commit()
    assert await database.count(engine, outbox) == 0


async def test_a_message_that_stands_is_not_forgotten(
    store: PostgresStore, engine: AsyncEngine, link: DownloadLink
) -> None:
    number = await announce(store, link)
    async with store.transaction() as tx:
        await tx.outbox.confirm(number, PLACE)
        await tx.outbox.cancel(number)
        await tx.commit()
    assert await database.count(engine, outbox) == 1


async def test_a_message_that_is_to_say_something_else_is_due_at_once(
    store: PostgresStore, link: DownloadLink
) -> None:
    await announce(store, link)
    async with store.transaction() as tx:
        assert await tx.outbox.refresh("download_link:1", params={"state": "delivered"})
        await tx.commit()
    async with store.transaction() as tx:
        post = await tx.outbox.claim()
    assert post is not None
    assert post.params == {"state": "delivered"}
