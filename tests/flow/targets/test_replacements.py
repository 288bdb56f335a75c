"""A database that may have replaced another gets nothing until an admin has told."""

from collections.abc import AsyncIterator, Callable

import pytest

from sandbox.environment import start_environment
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import DATABASE
from sandbox.heroku.model.resources import LONG_AGO
from tests.flow.actions import heroku_emulator, words
from tests.flow.targets.directory import ALLOWED, CHANNELS, LONG, POLICY, RULES, Directory

NEW = "postgresql-new-1"
REPLACE, KEEP = "target.replace.0", "target.keep.0"


def forked(heroku: HerokuEmulator) -> None:
    """A fork or a follower in the same app, while the old one is still the primary."""
    heroku.add_beside(DATABASE, NEW)
    heroku.enable_mtls_externally(NEW, now=LONG_AGO)


def promoted(heroku: HerokuEmulator) -> None:
    """Upgrade by follower: made, promoted, and the old one destroyed."""
    forked(heroku)
    heroku.promote(NEW)
    heroku.delete_database(DATABASE)


def recreated(heroku: HerokuEmulator) -> None:
    """Another add-on in another app under the name that the policy has."""
    heroku.delete_database(DATABASE)
    heroku.add_database(
        DATABASE,
        app="ledger",
        plan="heroku-postgresql:private-4",
        config_vars=("B_URL",),
        tls_endpoint="Operational",
    )


@pytest.fixture
async def patterns(database_url: str) -> AsyncIterator[Directory]:
    """The same policy, and a pattern that would match every new database."""
    pattern = '[[match]]\naddon = "*"\nenvironment = "default"\n\n'
    policy = POLICY.replace("[targets.money]", f"{pattern}[targets.money]")
    async with start_environment(database_url, heroku_emulator(databases=2), policy=policy) as environment:
        acts = Directory(environment)
        await acts.settle()
        yield acts


@pytest.mark.parametrize(
    ("change", "name"), [(forked, NEW), (promoted, NEW), (recreated, DATABASE)], ids=lambda it: str(it)[:20]
)
async def test_a_new_database_in_the_place_of_a_named_one_is_refused_until_an_admin_confirms_it(
    directory: Directory, change: Callable[[HerokuEmulator], None], name: str
) -> None:
    change(directory.heroku)
    await directory.discover()
    await directory.discover()

    assert "money" in await directory.refused(LONG.format(target=name))
    await directory.refused(ALLOWED.format(target=name))
    (offer,) = [await directory.offered()]
    assert len(directory.offers()) == 1
    said = words(offer)
    for expected in ("<@U0LEAD>", name, "money", "production", f"Treat {name} as money from now on"):
        assert expected in said

    assert f"{name} is money" in await directory.tell("lead", REPLACE)
    assert await directory.judged(ALLOWED.format(target="money")) == ("production", 2, name)
    assert "8h" in await directory.refused(LONG.format(target=name))
    await directory.until(lambda: not directory.offers())
    assert any(f"{name} is money from now on" in each for each in directory.operations())
    rows = await directory.query("SELECT actor, before, after FROM audit WHERE subject = 'target'")
    assert [tuple(row) for row in rows] == [("U0LEAD", "", "money=postgresql-curved-12345")]


async def test_a_pattern_does_not_cover_what_may_be_a_replacement(patterns: Directory) -> None:
    forked(patterns.heroku)
    await patterns.discover()
    assert "money" in await patterns.refused(LONG.format(target=NEW))
    await patterns.tell("lead", KEEP)
    assert (await patterns.judged(LONG.format(target=NEW)))[0] == "everything else"


async def test_denied_it_is_a_database_of_its_own_and_the_old_one_keeps_its_alias(
    directory: Directory,
) -> None:
    forked(directory.heroku)
    await directory.discover()
    assert f"{NEW} is not money" in await directory.tell("lead", KEEP)
    assert await directory.judged(LONG.format(target=NEW)) == ("everything else", 1, NEW)
    assert await directory.judged(ALLOWED.format(target="money")) == ("production", 2, DATABASE)
    await directory.until(lambda: not directory.offers())
    await directory.discover()
    assert directory.offers() == []


async def test_the_offer_says_what_stays_behind(directory: Directory) -> None:
    await directory.ask_and_open_twice()
    forked(directory.heroku)
    await directory.discover()
    said = words(await directory.offered())
    assert "#1" in said
    assert "stays there until its end" in said
    assert "Client certificates" in said
    await directory.tell("lead", REPLACE)
    # What was open on the old one is still open there, and can be ended.
    assert directory.ours() == ["203.0.113.4/32"]
    await directory.type("engineer", "/pgaccess done 1")
    await directory.until(lambda: directory.told("engineer", "#1 has ended"))
    assert directory.ours() == []


@pytest.mark.parametrize("person", ["lead-2", "engineer"])
async def test_only_an_admin_tells(directory: Directory, person: str) -> None:
    forked(directory.heroku)
    await directory.discover()
    offer = await directory.offered()
    value = _value(offer, REPLACE)
    outcome = await directory.environment.people.clicks(
        person, channel="#operations", ts=offer["ts"], action_id=REPLACE
    )
    # Who is not in the channel cannot even press.
    if outcome.ok:
        await directory.until(lambda: directory.private(person))
    assert "money" in await directory.refused(LONG.format(target=NEW))
    assert value.endswith(f".money={DATABASE}")


async def test_the_same_press_twice_does_nothing_twice_and_the_opposite_is_refused(
    directory: Directory,
) -> None:
    forked(directory.heroku)
    await directory.discover()
    offer = await directory.offered()
    outcome = await directory.environment.people.clicks(
        "lead", channel="#operations", ts=offer["ts"], action_id=REPLACE
    )
    assert outcome.ok
    assert outcome.delivery is not None
    await directory.environment.people.replays(outcome.delivery)
    rows = await directory.query("SELECT count(*) FROM audit WHERE subject = 'target'")
    assert rows[0][0] == 1


async def test_a_press_on_what_is_gone_says_so_and_the_offer_goes_with_it(directory: Directory) -> None:
    forked(directory.heroku)
    await directory.discover()
    offer = await directory.offered()
    # Known to Heroku alone until the next discovery.
    directory.heroku.delete_database(NEW)
    await directory.discover()
    await directory.until(lambda: not directory.offers())
    shown = next(m for m in directory.messages("#operations", "lead") if m["ts"] == offer["ts"])
    assert f"{NEW} is gone" in words(shown)


async def test_without_admins_those_who_approve_production_tell(database_url: str) -> None:
    policy = f"""{CHANNELS}
[targets.money]
database = "postgresql-curved-12345"
environment = "production"
{RULES}"""
    async with start_environment(database_url, heroku_emulator(), policy=policy) as environment:
        directory = Directory(environment)
        await directory.settle()
        forked(directory.heroku)
        await directory.discover()
        assert "<!subteam^S0LEADS>" in words(await directory.offered())
        assert f"{NEW} is money" in await directory.tell("lead", REPLACE)


async def test_a_follower_that_was_denied_is_offered_again_when_it_is_promoted(directory: Directory) -> None:
    forked(directory.heroku)
    await directory.discover()
    await directory.tell("lead", KEEP)
    await directory.until(lambda: not directory.offers())
    directory.heroku.promote(NEW)
    await directory.discover()
    assert "may have taken that place" in words(await directory.offered())
    # Until then it is what it was.
    assert (await directory.judged(LONG.format(target=NEW)))[0] == "everything else"
    await directory.tell("lead", REPLACE)
    assert await directory.judged(ALLOWED.format(target="money")) == ("production", 2, NEW)


def _value(message: dict[str, object], action: str) -> str:
    blocks = message["blocks"]
    assert isinstance(blocks, list)
    return next(
        str(element["value"])
        for block in blocks
        for element in block.get("elements", [])
        if element.get("action_id") == action
    )
