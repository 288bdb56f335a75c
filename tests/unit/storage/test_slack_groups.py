"""The cache of user groups: each is due, in doubt or unreadable by itself."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.person import Person
from bot.ports import GROUP_READINGS
from storage.tables import slack_groups
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories

ENGINEER = factories.person()
LEASE = timedelta(minutes=2)
LEADS, ADMINS = "S0LEADS", "S0ADMINS"


async def keep(
    store: PostgresStore,
    id: str = LEADS,
    members: Iterable[str] = (ENGINEER.id,),
    *,
    read: datetime | None = None,
) -> None:
    async with store.transaction() as tx:
        await tx.slack_users.save([ENGINEER])
        await tx.slack_users.save_group(id, members, read=read)
        await tx.commit()


async def doubt(store: PostgresStore, id: str = LEADS) -> None:
    async with store.transaction() as tx:
        await tx.slack_users.doubt_group(id)
        await tx.commit()


async def fail(store: PostgresStore, error: str, id: str = LEADS) -> None:
    async with store.transaction() as tx:
        await tx.slack_users.group_failed(id, error, wait=timedelta(minutes=5))
        await tx.commit()


async def due(store: PostgresStore, *ids: str) -> tuple[str, ...]:
    async with store.transaction() as tx:
        claimed = await tx.slack_users.claim_groups(ids, lease=LEASE)
        await tx.commit()
        return claimed.ids


async def untold(store: PostgresStore) -> dict[str, tuple[str, ...]]:
    async with store.transaction() as tx:
        found = await tx.slack_users.untold([LEADS, ADMINS])
        await tx.commit()
        return dict(found)


async def engineer(store: PostgresStore, *, however_old: bool = False) -> Person:
    async with store.transaction() as tx:
        found = await tx.slack_users.find(ENGINEER.id, groups=[LEADS, ADMINS], however_old=however_old)
    assert found is not None
    return found


async def test_a_group_in_doubt_is_unknown_and_its_last_members_close(store: PostgresStore) -> None:
    await keep(store)
    await keep(store, ADMINS)
    await doubt(store)
    now, last = await engineer(store), await engineer(store, however_old=True)
    assert now.groups == {ADMINS}
    assert now.unknown_groups == {LEADS}
    assert last.groups == {ADMINS, LEADS}
    assert last.unknown_groups == frozenset()


async def test_a_group_that_cannot_be_read_spoils_no_other(store: PostgresStore) -> None:
    await keep(store)
    await keep(store, ADMINS)
    await fail(store, "no_such_subteam")
    now, last = await engineer(store), await engineer(store, however_old=True)
    assert now.groups == {ADMINS}
    assert now.unknown_groups == {LEADS}
    assert last.groups == {ADMINS, LEADS}


async def test_a_group_that_was_never_read_is_unknown_for_closing_too(store: PostgresStore) -> None:
    await keep(store)
    await due(store, LEADS, ADMINS)
    last = await engineer(store, however_old=True)
    assert last.groups == {LEADS}
    assert last.unknown_groups == {ADMINS}


async def test_members_read_before_a_doubt_do_not_settle_it(store: PostgresStore) -> None:
    await keep(store)
    async with store.transaction() as tx:
        began = await tx.slack_users.current_time()
    await doubt(store)
    await keep(store, read=began)
    assert (await engineer(store)).unknown_groups == {LEADS, ADMINS}
    await keep(store)
    assert (await engineer(store)).unknown_groups == {ADMINS}


async def test_groups_that_were_never_read_are_due_at_once_and_for_one_worker(store: PostgresStore) -> None:
    assert set(await due(store, LEADS, ADMINS)) == {LEADS, ADMINS}
    assert await due(store, LEADS, ADMINS) == ()


async def test_a_group_is_due_again_before_its_members_are_too_old(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await keep(store)
    assert await due(store, LEADS) == ()
    await database.make_older(engine, slack_groups, "due_at", by=timedelta(minutes=5))
    assert await due(store, LEADS) == (LEADS,)


async def test_a_doubt_makes_a_group_due_at_once_and_only_that_group(store: PostgresStore) -> None:
    await keep(store)
    await keep(store, ADMINS)
    await doubt(store)
    async with store.transaction() as tx:
        assert await tx.slack_users.next_doubtful_group() == timedelta()
        assert (await tx.slack_users.claim_doubtful_group(lease=LEASE)).ids == (LEADS,)
        assert (await tx.slack_users.claim_doubtful_group(lease=LEASE)).ids == ()


async def test_a_rate_limit_holds_up_groups_in_doubt(store: PostgresStore) -> None:
    await keep(store)
    await doubt(store)
    async with store.transaction() as tx:
        await tx.periodic_tasks.hold(GROUP_READINGS, wait=timedelta(seconds=20))
        assert (await tx.slack_users.claim_doubtful_group(lease=LEASE)).ids == ()
        wait = await tx.slack_users.next_doubtful_group()
    assert wait is not None
    assert wait > timedelta(seconds=19)


async def test_a_change_of_a_group_that_no_policy_names_leaves_nothing(store: PostgresStore) -> None:
    await doubt(store, "S0OTHERS")
    async with store.transaction() as tx:
        assert await tx.slack_users.next_doubtful_group() is None


async def test_an_error_is_told_once_and_its_end_once(store: PostgresStore) -> None:
    await keep(store)
    await keep(store, ADMINS)
    assert await untold(store) == {}
    await fail(store, "no_such_subteam")
    assert await untold(store) == {"no_such_subteam": (LEADS,)}
    await fail(store, "no_such_subteam")
    assert await untold(store) == {}
    await keep(store)
    assert await untold(store) == {"": (LEADS,)}
    assert await untold(store) == {}


async def test_groups_with_the_same_error_are_told_together(store: PostgresStore) -> None:
    await due(store, LEADS, ADMINS)
    await fail(store, "missing_scope")
    await fail(store, "missing_scope", ADMINS)
    assert await untold(store) == {"missing_scope": (ADMINS, LEADS)}


async def request(store: PostgresStore, id: str = LEADS) -> bool:
    async with store.transaction() as tx:
        requested = await tx.slack_users.request_group(id)
        await tx.commit()
        return requested


async def test_a_group_that_somebody_waits_for_is_due_at_once(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await keep(store)
    await database.make_older(engine, slack_groups, "fetched_at", by=timedelta(minutes=11))
    assert await request(store)
    async with store.transaction() as tx:
        assert (await tx.slack_users.claim_doubtful_group(lease=LEASE)).ids == (LEADS,)


async def test_nobody_waits_for_a_group_that_slack_refuses_or_no_policy_names(store: PostgresStore) -> None:
    await keep(store)
    await fail(store, "no_such_subteam")
    assert not await request(store)
    assert not await request(store, "S0OTHERS")
