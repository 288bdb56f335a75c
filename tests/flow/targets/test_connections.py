"""A command to connect never names a config var or an app that leads to another database."""

from collections.abc import AsyncIterator, Callable

import pytest

from sandbox.environment import start_environment
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import DATABASE
from tests.flow.actions import heroku_emulator
from tests.flow.targets.directory import POLICY, Directory

NEW = "postgresql-new-1"
ADD = "/pgaccess mtls add 203.0.113.4 to billing for 2h because a migration"


@pytest.fixture
async def opened(database_url: str) -> AsyncIterator[Directory]:
    """``billing``, whose primary database an engineer can reach."""
    policy = POLICY.replace("approvals = 2", "approvals = 1")
    async with start_environment(database_url, heroku_emulator(), policy=policy) as environment:
        acts = Directory(environment)
        await acts.settle()
        await acts.ask_and_open(ADD)
        assert acts.told("engineer", "heroku config:get DATABASE_URL -a billing")
        yield acts


def promoted(heroku: HerokuEmulator) -> None:
    heroku.add_beside(DATABASE, NEW)
    heroku.promote(NEW)


def promoted_and_destroyed(heroku: HerokuEmulator) -> None:
    promoted(heroku)
    heroku.delete_database(DATABASE)


def renamed(heroku: HerokuEmulator) -> None:
    heroku.rename_app("billing", "invoices")


@pytest.mark.parametrize(
    ("change", "line"),
    [(promoted, "heroku config:get HEROKU_POSTGRESQL_"), (renamed, "DATABASE_URL -a invoices")],
    ids=["promoted", "renamed"],
)
async def test_who_holds_a_command_is_told_when_it_has_changed(
    opened: Directory, change: Callable[[HerokuEmulator], None], line: str
) -> None:
    change(opened.heroku)
    await opened.discover()
    await opened.until(lambda: opened.told("engineer", "the command to connect to"))
    assert all(line in said for said in opened.told("engineer", "the command to connect to"))
    # The earlier message is edited: nothing to copy is left that leads elsewhere.
    await opened.until(lambda: not opened.told("engineer", "config:get DATABASE_URL -a billing"))
    await opened.discover()
    assert len(opened.told("engineer", "the command to connect to")) == 1


async def test_nothing_is_told_while_nothing_has_changed(opened: Directory) -> None:
    opened.heroku.add_beside(DATABASE, NEW)
    await opened.discover()
    await opened.discover()
    assert not opened.told("engineer", "the command to connect to")


async def test_why_shows_the_command_as_it_is_now(opened: Directory) -> None:
    promoted(opened.heroku)
    await opened.discover()
    heard = len(opened.private("engineer"))
    await opened.type("engineer", f"/pgaccess why {DATABASE}")
    await opened.until(lambda: len(opened.private("engineer")) > heard)
    assert "config:get HEROKU_POSTGRESQL_" in opened.private("engineer")[-1]


async def test_the_primary_of_an_app_is_not_what_was_granted_once_another_was_promoted(
    opened: Directory,
) -> None:
    promoted_and_destroyed(opened.heroku)
    await opened.discover()
    heard = len(opened.private("engineer"))
    await opened.type("engineer", "/pgaccess why billing")
    await opened.until(lambda: len(opened.private("engineer")) > heard)
    assert "You have no active or pending request here" in opened.private("engineer")[-1] or (
        "mTLS is not enabled" in opened.private("engineer")[-1]
    )
