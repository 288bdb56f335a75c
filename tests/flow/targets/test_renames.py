"""Names that change at Heroku change what people read, and nothing else."""

from collections.abc import Callable

import pytest

from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import DATABASE, SECOND_DATABASE, SPACE
from tests.flow.targets.directory import ALLOWED, LONG, Directory

NEW = "postgresql-renamed-1"


@pytest.mark.parametrize(
    ("rename", "target", "told"),
    [
        (
            lambda heroku: heroku.rename_database(DATABASE, NEW),
            NEW,
            f"The add-on {DATABASE} of billing is now called {NEW}.",
        ),
        (
            lambda heroku: heroku.rename_app("billing", "invoices"),
            "invoices",
            "The app billing is now called invoices",
        ),
        (
            lambda heroku: heroku.rename_space(SPACE, "acme-secure"),
            "billing",
            f"The space {SPACE} is now called acme-secure",
        ),
    ],
    ids=["add-on", "app", "space"],
)
async def test_a_renamed_database_stays_in_its_environment_and_operations_hear_it_once(
    directory: Directory, rename: Callable[[HerokuEmulator], object], target: str, told: str
) -> None:
    rename(directory.heroku)
    await directory.discover()
    await directory.discover()

    assert "8h" in await directory.refused(LONG.format(target=target))
    assert (await directory.judged(ALLOWED.format(target=target)))[:2] == ("production", 2)
    # The alias means what it meant.
    assert (await directory.judged(ALLOWED.format(target="money")))[:2] == ("production", 2)
    await directory.until(directory.renames)
    (said,) = directory.renames()
    assert told in said
    assert "production" in said
    assert directory.offers() == []


async def test_two_swapped_names_change_nothing(directory: Directory) -> None:
    directory.heroku.swap_names(DATABASE, SECOND_DATABASE)
    await directory.discover()

    assert await directory.judged(ALLOWED.format(target="money")) == ("production", 2, SECOND_DATABASE)
    assert await directory.judged(LONG.format(target="ledger")) == ("everything else", 1, DATABASE)
    # The name that the policy has is another database's now.
    assert await directory.judged(LONG.format(target=DATABASE)) == ("everything else", 1, DATABASE)
    await directory.until(lambda: len(directory.renames()) == 2)
    assert directory.offers() == []


async def test_two_swapped_apps_change_nothing(directory: Directory) -> None:
    for name, new in (("billing", "between"), ("ledger", "billing"), ("between", "ledger")):
        directory.heroku.rename_app(name, new)
    await directory.discover()

    assert await directory.judged(ALLOWED.format(target="ledger")) == ("production", 2, DATABASE)
    assert await directory.judged(LONG.format(target="billing")) == ("everything else", 1, SECOND_DATABASE)


async def test_a_name_that_a_reconcile_run_finds_first_is_told_once_all_the_same(
    directory: Directory,
) -> None:
    directory.heroku.set_behavior(uuid_in_path=False)
    await directory.ask_and_open_twice()
    directory.heroku.rename_database(DATABASE, NEW)
    await directory.environment.refresh_everything()
    # Nobody asks for a discovery here: the run that found the name does.
    await directory.until(directory.renames)
    await directory.discover()

    assert len(directory.renames()) == 1
    assert f"{DATABASE} of billing is now called {NEW}" in directory.renames()[0]
    assert "8h" in await directory.refused(LONG.format(target=NEW))


async def test_a_database_that_takes_the_name_of_an_entry_gets_nothing_of_it(directory: Directory) -> None:
    directory.heroku.rename_database(DATABASE, NEW)
    directory.heroku.rename_database(SECOND_DATABASE, DATABASE)
    await directory.discover()

    assert await directory.judged(LONG.format(target=DATABASE)) == ("everything else", 1, DATABASE)
    assert await directory.judged(ALLOWED.format(target="money")) == ("production", 2, NEW)


async def test_what_is_open_stays_open_and_ends_under_another_name(directory: Directory) -> None:
    await directory.ask_and_open_twice()
    directory.heroku.rename_database(DATABASE, NEW)
    directory.heroku.rename_app("billing", "invoices")
    await directory.discover()
    await directory.type("engineer", "/pgaccess done 1")
    await directory.until(lambda: directory.told("engineer", "#1 has ended"))

    assert directory.ours(NEW) == []
    assert "invoices" in directory.told("engineer", "#1 has ended")[-1]


async def test_names_from_heroku_are_shown_as_they_are_written(directory: Directory) -> None:
    directory.heroku.rename_app("billing", "<!channel>&*b*")
    await directory.discover()
    await directory.until(directory.renames)
    assert "&lt;!channel&gt;&amp;" in directory.renames()[0]
