"""One name for one database: what people read can be typed back, and means the same."""

from collections.abc import AsyncIterator

import pytest

from sandbox.environment import POLICY, start_environment
from sandbox.heroku.fixtures import DATABASE
from tests.flow.actions import heroku_emulator, words
from tests.flow.targets.directory import Directory

ANALYTICS = "postgresql-round-11111"


@pytest.fixture
async def two(database_url: str) -> AsyncIterator[Directory]:
    """Two databases of one app, both with mTLS."""
    heroku = heroku_emulator()
    heroku.add_database(
        ANALYTICS,
        app="billing",
        plan="heroku-postgresql:private-0",
        tls_endpoint="Operational",
        config_vars=("ANALYTICS_URL",),
    )
    async with start_environment(database_url, heroku, policy=POLICY) as environment:
        acts = Directory(environment)
        await acts.settle()
        yield acts


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("billing::ANALYTICS", ANALYTICS),
        ("billing::DATABASE", DATABASE),
        ("Billing::analytics", ANALYTICS),
        ("`billing::ANALYTICS`", ANALYTICS),
        (ANALYTICS, ANALYTICS),
        (DATABASE, DATABASE),
    ],
)
async def test_a_label_means_one_database(two: Directory, typed: str, name: str) -> None:
    _, _, asked = await two.judged(f"mtls add 203.0.113.4 to {typed} for 1h")
    assert asked == name
    label = "billing::ANALYTICS" if name == ANALYTICS else "billing::DATABASE"
    await two.until(lambda: f"203.0.113.4/32 → {label}" in two.card())
    await two.until(lambda: two.told("engineer", label))


async def test_the_app_alone_is_answered_with_the_labels(two: Directory, subtests: pytest.Subtests) -> None:
    for line in [
        "mtls add 203.0.113.4 to billing for 1h",
        "status billing",
        "mtls enable billing",
        "mtls certificate new on billing",
        "privatelink add 123456789012 to billing for 1h",
        "list billing",
        "why billing",
    ]:
        with subtests.test(line):
            said = await two.refused(line)
            assert "billing::ANALYTICS" in said
            assert "billing::DATABASE" in said


async def test_an_answer_about_a_database_names_that_one(two: Directory, subtests: pytest.Subtests) -> None:
    for line in ["status billing::ANALYTICS", "why billing::ANALYTICS", "mtls list billing::ANALYTICS"]:
        with subtests.test(line):
            said = await two.refused(line)
            assert "billing::ANALYTICS" in said
            assert "billing::DATABASE" not in said


async def test_a_line_to_copy_can_be_typed_back(two: Directory) -> None:
    await two.ask("/pgaccess mtls add 203.0.113.4 to billing::ANALYTICS for 1h")
    await two.approve()
    await two.until(lambda: two.told("engineer", "can reach billing::ANALYTICS"))
    await two.type("engineer", "/pgaccess done 1")
    await two.until(lambda: two.told("engineer", "#1 has ended"))
    assert two.rules(DATABASE) == ["198.51.100.0/24"]
    await two.type("engineer", "/pgaccess mtls add 203.0.113.4 to billing::ANALYTICS for 1h")
    await two.until(lambda: len(two.cards()) == 2)
    assert "billing::ANALYTICS" in words(two.cards()[-1])


async def test_of_two_databases_one_goes_and_the_app_names_the_other_again(two: Directory) -> None:
    two.heroku.delete_database(ANALYTICS)
    await two.discover()
    _, _, asked = await two.judged("mtls add 203.0.113.4 to billing for 1h")
    assert asked == DATABASE
    await two.until(lambda: "203.0.113.4/32 → billing*" in two.card())
