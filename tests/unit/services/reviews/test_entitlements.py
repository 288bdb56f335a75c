"""The weekly review: what is on it, in how many messages, and who may keep what."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.policy.environments import PolicyTarget
from bot.domain.policy.rules import Policy
from bot.domain.target import KnownAs
from bot.errors import Refusal, Refused
from bot.ports import MessageKind
from bot.services import Services
from bot.services.reviews.entitlements import LISTED, REVIEW
from storage.tables import outbox, periodic_tasks
from storage.transaction import PostgresStore
from tests.unit import factories
from tests.unit.factories import SetClock
from tests.unit.services import actions
from tests.unit.services.actions import COLLEAGUE, ENGINEER, LEAD

DENIED: Policy = replace(
    actions.APP,
    rules=(
        replace(factories.ruled(name="contractors").rules[0], requesters=frozenset({ENGINEER}), denies=True),
        *actions.APP.rules,
    ),
)
"""The policy after somebody decided that the engineer may not ask any more."""


async def open_grants(services: Services, count: int) -> list[int]:
    found = []
    for number in range(count):
        asked = await actions.ask(services, replace(actions.REQUEST_INPUT, address=f"203.0.113.{number + 1}"))
        found.append((await actions.approve(services, asked)).request.id)
    return found


async def sent(engine: AsyncEngine) -> list[dict[str, str]]:
    """The params of each message of the review, in their order."""
    statement = select(outbox.c.params).where(outbox.c.kind == MessageKind.ENTITLEMENTS).order_by(outbox.c.id)
    async with engine.connect() as connection:
        return list((await connection.execute(statement)).scalars())


async def send(services: Services, engine: AsyncEngine) -> None:
    """Sends the review of the first week."""
    await services.entitlements.send_weekly_review()
    async with engine.begin() as connection:
        due = periodic_tasks.update().where(periodic_tasks.c.name == REVIEW)
        await connection.execute(due.values(due_at=factories.NOW))
    await services.entitlements.send_weekly_review()


async def test_more_than_fits_into_one_message_is_split(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    numbers = await open_grants(services, LISTED + 2)
    await send(actions.under(DENIED, store, clock), engine)
    first, second = await sent(engine)
    assert (first["part"], second["part"], second["parts"]) == ("1", "2", "2")
    shown = [row["request"] for part in (first, second) for row in json.loads(part["grants"])]
    assert shown == numbers
    assert [len(json.loads(part["grants"])) for part in (first, second)] == [LISTED, 2]


async def test_a_second_process_sends_nothing_more(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    await open_grants(services, 1)
    denied = actions.under(DENIED, store, clock)
    await send(denied, engine)
    await denied.entitlements.send_weekly_review()
    assert len(await sent(engine)) == 1


async def test_who_is_not_known_at_the_moment_is_on_no_list(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    await open_grants(services, 1)
    async with store.transaction() as tx:
        await tx.slack_users.doubt(ENGINEER)
        await tx.commit()
    await send(actions.under(DENIED, store, clock), engine)
    assert await sent(engine) == []


@pytest.mark.parametrize(
    ("person", "reason"), [(ENGINEER, Refusal.APPROVER_SELF), (COLLEAGUE, Refusal.APPROVER_NOT)]
)
async def test_only_an_approver_keeps_and_never_their_own(
    services: Services, store: PostgresStore, clock: SetClock, person: str, reason: Refusal
) -> None:
    (number,) = await open_grants(services, 1)
    denied = actions.under(DENIED, store, clock)
    with pytest.raises(Refused) as refused:
        await denied.entitlements.keep(number, message=1, person=person, key="a")
    assert refused.value.reason is reason


async def test_what_is_kept_says_by_whom_and_against_what(
    services: Services, store: PostgresStore, clock: SetClock
) -> None:
    (number,) = await open_grants(services, 1)
    denied = actions.under(DENIED, store, clock)
    details = await denied.entitlements.keep(number, message=1, person=LEAD, key="a")
    assert details.grant is not None
    assert details.grant.kept is not None
    assert (details.grant.kept.by, details.grant.kept.at) == (LEAD, factories.NOW)
    assert "contractors" in details.grant.kept.under


async def test_a_database_that_nobody_has_told_apart_hides_nothing(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    (number,) = await open_grants(services, 1)
    money = PolicyTarget(alias="money", database="postgresql-a", environment="production")
    details = await services.queries.request(number)
    known = KnownAs(contested=frozenset({money.key}), name="postgresql-b", app="billing", space="acme")
    async with store.transaction() as tx:
        await tx.targets.bind({details.target.id: known})
        await tx.commit()
    await send(actions.under(replace(DENIED, targets=(money,)), store, clock), engine)
    (params,) = await sent(engine)
    (row,) = json.loads(params["grants"])
    assert row["request"] == number
