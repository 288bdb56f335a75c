"""Lookups: what fails is tried ever more rarely, and what nobody waits for is paced."""

from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.directory.groups import GroupReader
from bot.directory.lookups import Allowance, LookupWorker
from bot.domain.person import Person
from bot.errors import SlackError
from storage.tables import slack_users
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories


class FailingSlack:
    """A Slack that tells of nobody.

    Attributes:
        error: what it answers.
        asked: whom it was asked for.
    """

    def __init__(self, error: SlackError) -> None:
        self.error = error
        self.asked: list[str] = []

    async def person(self, id: str) -> Person | None:
        self.asked.append(id)
        raise self.error


def worker(store: PostgresStore, slack: FailingSlack) -> LookupWorker:
    groups = GroupReader(store=store, slack=cast("Any", slack), policy=factories.ruled())
    return LookupWorker(store=store, slack=cast("Any", slack), groups=groups)


async def request(store: PostgresStore, *people: str) -> None:
    async with store.transaction() as tx:
        for person in people:
            await tx.slack_users.request_lookup(person)
        await tx.commit()


async def due_in(store: PostgresStore) -> timedelta:
    async with store.transaction() as tx:
        wait = await tx.slack_users.next_lookup()
    assert wait is not None
    return wait


@pytest.mark.parametrize(
    ("waited", "seconds"),
    [(timedelta(), 5), (timedelta(seconds=40), 40), (timedelta(hours=1), 60)],
    ids=["at first", "later", "in the long run"],
)
async def test_a_lookup_that_fails_is_tried_ever_more_rarely(
    store: PostgresStore, engine: AsyncEngine, waited: timedelta, seconds: int
) -> None:
    await request(store, "U0NEW")
    await database.make_older(engine, slack_users, "doubted_at", by=waited)
    await worker(store, FailingSlack(SlackError("fatal_error"))).answer_all()
    assert timedelta(seconds=seconds - 1) < await due_in(store) <= timedelta(seconds=seconds + 1)


async def test_a_failure_of_one_is_nobody_elses(store: PostgresStore) -> None:
    await request(store, "U0ONE", "U0OTHER")
    slack = FailingSlack(SlackError("fatal_error"))
    await worker(store, slack).answer_all()
    assert slack.asked == ["U0ONE", "U0OTHER"]


async def test_a_limit_is_everybodys_for_as_long_as_slack_says(store: PostgresStore) -> None:
    await request(store, "U0ONE", "U0OTHER")
    slack = FailingSlack(SlackError("ratelimited", retry_after_s=20))
    await worker(store, slack).answer_all()
    assert slack.asked == ["U0ONE"]
    assert timedelta(seconds=19) < await due_in(store) <= timedelta(seconds=20)


async def test_whom_nobody_waits_for_is_looked_up_at_a_pace(store: PostgresStore) -> None:
    async with store.transaction() as tx:
        for number in range(30):
            await tx.slack_users.doubt(f"U0CHANGED{number}")
        await tx.commit()
    slack = FailingSlack(SlackError("fatal_error"))
    looking_up = worker(store, slack)
    await looking_up.answer_all()
    assert len(slack.asked) == 10
    wait = await looking_up.next_due()
    assert wait is not None
    assert timedelta() < wait <= timedelta(seconds=2)
    await request(store, "U0WAITS")
    await looking_up.answer_all()
    assert slack.asked[10:] == ["U0WAITS"]


def test_an_allowance_is_used_up_and_paid_back() -> None:
    allowance = Allowance(burst=2, every=timedelta(minutes=1))
    assert allowance.wait() == timedelta()
    allowance.take()
    assert allowance.wait() == timedelta()
    allowance.take()
    assert timedelta(seconds=59) < allowance.wait() <= timedelta(minutes=1)
