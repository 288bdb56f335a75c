"""A range on a space opens every database inside it: each of them is asked for."""

from collections.abc import AsyncIterator

import pytest

from sandbox.environment import start_environment
from sandbox.heroku.fixtures import SPACE
from tests.flow.actions import heroku_emulator
from tests.flow.targets.directory import CHANNELS, Directory

DENIED = f"""{CHANNELS}
admins = ["U0LEAD"]

[targets.money]
database = "postgresql-curved-12345"
environment = "production"

[[rules]]
name = "production stays closed"
deny = true
environments = ["production"]

[[rules]]
name = "everything else"
environments = ["default"]
approvers = ["U0LEAD"]
longest_duration = "5d"
permanent = true
widest = "/8"
"""

STRICTEST = f"""{CHANNELS}
admins = ["U0LEAD"]

[targets.money]
database = "postgresql-curved-12345"
environment = "production"

[targets.books]
database = "ledger"
environment = "staging"

[targets.own]
space = "empty-space"
environment = "spaces"

[[rules]]
name = "production"
environments = ["production"]
approvers = ["S0LEADS"]
approvals = 2
longest_duration = "5d"
widest = "/24"

[[rules]]
name = "staging"
environments = ["staging"]
approvers = ["U0LEAD", "U0ENGINEER2"]
longest_duration = "8h"
widest = "/16"
minimum_reason = 5

[[rules]]
name = "spaces"
environments = ["spaces"]
approvers = ["U0LEAD"]
longest_duration = "2d"
"""


async def environment(database_url: str, policy: str) -> AsyncIterator[Directory]:
    """Two databases in one space, and a space without any."""
    heroku = heroku_emulator(databases=2)
    heroku.add_space("empty-space", trusted=("198.51.100.0/24",))
    async with start_environment(database_url, heroku, policy=policy) as started:
        acts = Directory(started)
        await acts.settle()
        yield acts


@pytest.fixture
async def denied(database_url: str) -> AsyncIterator[Directory]:
    async for acts in environment(database_url, DENIED):
        yield acts


@pytest.fixture
async def strictest(database_url: str) -> AsyncIterator[Directory]:
    async for acts in environment(database_url, STRICTEST):
        yield acts


@pytest.mark.parametrize("target", ["money", SPACE, "billing", "ledger"])
@pytest.mark.parametrize("what", ["8.0.0.0/8 for ever", "203.0.113.4 for 1h"])
async def test_a_denial_for_a_database_denies_its_whole_space(
    denied: Directory, target: str, what: str
) -> None:
    network, _, length = what.partition(" ")
    said = await denied.refused(f"trusted add {network} to {target} {length} because of a BI tool")
    assert "production stays closed" in said


async def test_the_space_stays_denied_when_space_app_and_add_on_are_renamed(denied: Directory) -> None:
    denied.heroku.rename_space(SPACE, "acme-secure")
    denied.heroku.rename_app("billing", "play")
    denied.heroku.rename_database("postgresql-curved-12345", "postgresql-play-1")
    await denied.discover()
    said = await denied.refused("trusted add 203.0.113.4 to acme-secure for 1h because of a BI tool")
    assert "production stays closed" in said


async def test_the_space_stays_denied_until_its_database_is_proven_to_be_gone(denied: Directory) -> None:
    asked = f"trusted add 203.0.113.4 to {SPACE} for 1h because of a BI tool"
    denied.heroku.delete_database("postgresql-curved-12345")
    await denied.discover()
    assert await denied.query("SELECT 1 FROM targets WHERE absent_at IS NOT NULL")
    assert "production stays closed" in await denied.refused(asked)
    await denied.query("UPDATE targets SET gone_at = now() WHERE absent_at IS NOT NULL")
    assert (await denied.judged(asked))[0] == "everything else"


async def test_a_space_without_databases_is_judged_by_what_covers_itself(denied: Directory) -> None:
    rule, needed, name = await denied.judged("trusted add 203.0.113.4 to empty-space for 1h because of BI")
    assert (rule, needed, name) == ("everything else", 1, "empty-space")


async def test_the_strictest_terms_of_all_databases_inside_hold(strictest: Directory) -> None:
    line = f"trusted add {{network}} to {SPACE} {{length}} because of a BI tool"
    assert "8h" in await strictest.refused(line.format(network="203.0.113.4", length="for 1d"))
    assert "/24" in await strictest.refused(line.format(network="203.0.112.0/20", length="for 8h"))
    await strictest.type("engineer", f"/pgaccess trusted add 203.0.113.4 to {SPACE} for 8h because BI")
    # A reason that is too short is asked for in the form.
    assert strictest.environment.slack.view_for("engineer") is not None
    await strictest.environment.people.closes("engineer", everything=True)
    rule, needed, _ = await strictest.judged(line.format(network="203.0.113.4", length="for 8h"))
    assert (rule, needed) == ("production + staging", 2)


async def test_every_rule_of_a_space_needs_its_own_approvers(strictest: Directory) -> None:
    await strictest.ask(f"/pgaccess trusted add 203.0.113.4 to {SPACE} for 8h because of a BI tool")
    await strictest.approve("engineer-2")
    assert await strictest.states() == ["pending"]
    await strictest.approve("lead-2")
    assert await strictest.states() == ["pending"]
    await strictest.approve("lead")
    assert await strictest.states() != ["pending"]


async def test_a_space_of_its_own_entry_counts_that_entry(strictest: Directory) -> None:
    rule, needed, _ = await strictest.judged("trusted add 203.0.113.4 to own for 2d")
    assert (rule, needed) == ("spaces", 1)
    assert "2d" in await strictest.refused("trusted add 203.0.113.5 to empty-space for 3d")


async def test_a_database_that_may_be_a_replacement_closes_its_space_until_an_admin_tells(
    strictest: Directory,
) -> None:
    strictest.heroku.add_beside("postgresql-curved-12345", "postgresql-new-1")
    await strictest.discover()
    line = f"trusted add 203.0.113.4 to {SPACE} for 8h because of a BI tool"
    assert "postgresql-new-1" in await strictest.refused(line)
    await strictest.tell("lead", "target.replace.0")
    assert (await strictest.judged(line))[:2] == ("production + staging", 2)
