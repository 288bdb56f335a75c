"""A store with few connections: processes share them, a burst waits for them, and a release waits for one."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy import make_url

from sandbox.postgres import PrivatePostgres
from storage.engine import QUEUE
from tests.acceptance.processes import POLICY, SECRETS, Machine, machine, until
from tests.acceptance.test_two_processes import query
from tests.bench.load import Answers, click, command, drive
from tests.summary import CONNECTIONS

LIMIT = 20
"""Connections that the role may have, as on Heroku's smallest plans (Heroku Dev Center)."""

SECRET = SECRETS["SLACK_SIGNING_SECRET"]
OPEN = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'few'"
COMMANDS, APPROVALS = 200, 100
AT_REST = 3 + 2 * 6
"""Of a web process that nobody asks, and of two workers, whose schedulers have several steps at once."""

LATE = "handlers.try_again"
"""In the log, once for each person whose answer was due before the work was done."""

Record = Callable[[str, object], None]


@pytest.fixture
def few(postgres: PrivatePostgres) -> Iterator[str]:
    """An empty database of a role with few connections."""
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE few LOGIN CONNECTION LIMIT {LIMIT}")
        connection.execute("CREATE DATABASE few OWNER few")
        url = make_url(postgres.url("few")).set(username="few")
        yield url.render_as_string(hide_password=False)
        connection.execute("DROP DATABASE few WITH (FORCE)")
        connection.execute("DROP ROLE few")


@pytest.fixture
def company(few: str) -> Iterator[Machine]:
    """The emulators, web and two workers."""
    with machine(few) as started:
        started.start_world()
        started._environ["PGACCESS_POLICY_TOML"] = f"pending_per_person = 100000\n{POLICY}"
        started.start_bot()
        started.start("worker-2", "bot", "worker")
        yield started


def opened(postgres: PrivatePostgres) -> int:
    return int(str(query(postgres.url(), OPEN)[0][0]))


def send(running: Machine, texts: list[bytes]) -> Answers:
    """Sends requests at once, each on a connection of its own."""
    left = itertools.chain(texts)
    port = urlsplit(running.bot).port or 0
    return asyncio.run(drive(port, lambda: next(left), clients=len(texts), requests=len(texts)))


def commands(count: int, *, first: int) -> list[bytes]:
    """Commands that ask for addresses that differ."""
    addresses = [f"203.0.{number // 200}.{number % 200 + 1}" for number in range(first, first + count)]
    lines = [f"mtls add {address} for 8h because quarterly migration" for address in addresses]
    return [command(line, secret=SECRET) for line in lines]


def approvals(running: Machine, url: str) -> list[bytes]:
    """Clicks on the buttons of so many cards, whose requests are made before."""
    for first in range(0, 2 * APPROVALS, 5):
        if recorded(url)[0] >= APPROVALS:
            break
        send(running, commands(5, first=first))
    until(lambda: len(cards(running)) >= APPROVALS, seconds=60)
    answer_to = f"{running.slack}/respond/nobody"
    return [
        click("request.approve", value, secret=SECRET, person="U0LEAD", answer_to=answer_to)
        for value in cards(running)[:APPROVALS]
    ]


def recorded(url: str) -> tuple[int, int]:
    """Requests and decisions in the store."""
    [(requests, decisions)] = query(url, "SELECT count(*), (SELECT count(*) FROM decisions) FROM requests")
    return int(str(requests)), int(str(decisions))


def cards(running: Machine) -> list[str]:
    return [
        element["value"]
        for message in running.messages("C0APPROVALS")
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
        if element["action_id"] == "request.approve"
    ]


@pytest.mark.timeout(300)
def test_a_burst_on_twenty_connections_waits_for_them_and_a_release_gets_in(
    company: Machine, postgres: PrivatePostgres, few: str, record_property: Record
) -> None:
    both = [*commands(COMMANDS, first=2 * APPROVALS), *approvals(company, few)]
    before, told = recorded(few)[0], company.printed().count(LATE)

    answers = send(company, both)
    most = opened(postgres)
    begun = time.monotonic()
    assert company.run("bot", "release") == 0
    released = time.monotonic() - begun

    # What people were told too early is recorded all the same, or its wait was given up.
    given_up = time.monotonic() + 2 * QUEUE.total_seconds()
    while time.monotonic() < given_up and sum(recorded(few)) < before + len(both):
        time.sleep(0.1)
    requests, decisions = recorded(few)
    told = company.printed().count(LATE) - told
    ranked = sorted(answers.took_ms)
    record_property(
        CONNECTIONS,
        f"{len(both)} commands and approvals at once on {LIMIT} connections ({most} open): answered in "
        f"{answers.seconds:.1f} s, the median after {ranked[len(ranked) // 2]:.0f} ms; {told} told to look "
        f"later; {requests - before} requests, {decisions} decisions recorded; release in {released:.1f} s",
    )
    assert requests - before + decisions + told >= len(both)
    assert most <= LIMIT - 1
    for sentence in ("no connection free", "too many connections", "Traceback"):
        assert sentence not in company.printed()
    until(lambda: opened(postgres) <= AT_REST, seconds=90)
    record_property(CONNECTIONS, f"at rest {opened(postgres)} connections of three processes")
