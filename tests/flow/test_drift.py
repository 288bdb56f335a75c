"""Drift of all three access methods: reported to operations, shown as status, and acted upon."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from sandbox.environment import start_environment
from sandbox.heroku.fixtures import DATABASE, OFFICE, SPACE
from tests.flow.actions import Acts, heroku_emulator

RULE, RANGE = "192.0.2.7/32", "192.0.2.8/32"
ACCOUNT = "210987654321"


class Drifting(Acts):
    """External changes at Heroku, and what the bot makes of them."""

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def make_rule(self, network: str = RULE) -> None:
        self.environment.heroku.add_rule_externally(DATABASE, network, "the ETL vendor", now=self.now)

    def remove_rule(self, network: str) -> None:
        heroku = self.environment.heroku
        for rule in heroku.rules(DATABASE, now=self.now):
            if rule.cidr == network:
                heroku.delete_rule_externally(DATABASE, rule.id, now=self.now)

    def write_list(self, *sources: str) -> None:
        self.environment.heroku.put_ruleset_externally(SPACE, sources, now=self.now)

    async def operations_hear(self, what: str) -> str:
        """Waits until operations is sent a text; returns the whole message."""

        async def heard() -> bool:
            await self.environment.refresh_everything()
            return any(what in said for said in self.everything()["operations"])

        await self.until(heard)
        (said,) = [said for said in self.everything()["operations"] if what in said]
        return said

    async def answered(self, line: str, what: str) -> str:
        """Repeats a command until its answer, which comes from the last observation, has a text."""
        answer: list[str] = []

        async def seen() -> bool:
            await self.type("engineer", f"/pgaccess {line}")
            answer.append(self.private("engineer")[-1])
            return what in answer[-1]

        await self.until(seen)
        return answer[-1]


@pytest.fixture
async def drifting(database_url: str) -> AsyncIterator[Drifting]:
    async with start_environment(database_url, heroku_emulator()) as environment:
        drifting = Drifting(environment)
        await drifting.settle()
        yield drifting


async def test_an_unmanaged_rule_is_reported_shown_adopted_and_removed_by_approved_requests(
    drifting: Drifting,
) -> None:
    drifting.make_rule()
    told = await drifting.operations_hear(f"{RULE} was allowed to billing outside pgaccess")
    assert f"`/pgaccess mtls adopt {RULE} on billing`" in told
    await drifting.answered("status billing", f"`{RULE}`  Authorized, not managed by pgaccess")

    await drifting.ask(f"/pgaccess mtls adopt {RULE} on billing because it is the ETL vendor's")
    assert f"Adopt {RULE} on billing" in drifting.card()
    assert "described as: the ETL vendor" in drifting.card()
    assert (await drifting.approve()).ok
    await drifting.until(lambda: drifting.told("engineer", "#1 done"))
    removal = f"/pgaccess mtls remove {RULE} from billing"
    await drifting.until(lambda: any(removal in said for said in drifting.told("engineer", "#1 done")))
    await drifting.answered("status billing", f"`{RULE}`  Authorized, –")

    await drifting.ask(f"/pgaccess mtls remove {RULE} from billing because the vendor is gone")
    assert f"Remove {RULE} from billing" in drifting.card()
    assert RULE in drifting.rules()
    assert (await drifting.approve()).ok
    await drifting.until(lambda: drifting.told("engineer", "#2 done"))
    assert RULE not in drifting.rules()


async def test_what_others_removed_is_missing_on_the_database_s_status_for_every_method(
    drifting: Drifting,
) -> None:
    await drifting.ask_and_open()
    drifting.remove_rule("203.0.113.4/32")
    await drifting.environment.refresh_everything()
    await drifting.until(lambda: drifting.told("engineer", "#1 was removed at Heroku outside pgaccess"))
    said = await drifting.answered("status billing", "removed outside pgaccess")
    assert "`203.0.113.4/32` is missing: removed outside pgaccess (#1)" in said

    await drifting.ask("/pgaccess privatelink open billing account 123456789012 for 8h because export")
    assert (await drifting.approve()).ok
    await drifting.until(lambda: drifting.told("engineer", "AWS 123456789012 may connect to billing"))
    drifting.environment.heroku.remove_account_externally(DATABASE, "123456789012", now=drifting.now)
    await drifting.environment.refresh_everything()
    await drifting.until(lambda: drifting.told("engineer", "#2 was removed at Heroku outside pgaccess"))
    await drifting.answered("status billing", "`123456789012` is missing: removed outside pgaccess (#2)")


async def test_the_space_s_list_and_its_drift_stand_on_a_database_s_status(drifting: Drifting) -> None:
    said = await drifting.answered("status billing", "Trusted IP ranges of the space acme-private")
    assert "1 of 20, as of" in said
    assert f"`{OFFICE}`" in said
    drifting.write_list(OFFICE, RANGE)
    await drifting.operations_hear(f"{RANGE} is new in the space {SPACE}")
    await drifting.ask(f"/pgaccess trusted adopt {RANGE} on {SPACE} because it is the BI tool's")
    assert (await drifting.approve()).ok
    await drifting.until(lambda: drifting.told("engineer", "#1 done"))
    drifting.write_list(OFFICE)
    await drifting.operations_hear(f"{RANGE} is no longer in the space {SPACE}")
    await drifting.until(lambda: drifting.told("engineer", f"{RANGE} is no longer in the space {SPACE}"))
    await drifting.answered("status billing", f"`{RANGE}` is missing: adopted by pgaccess")


async def test_an_unmanaged_account_is_shown_on_the_database_s_status(drifting: Drifting) -> None:
    drifting.environment.heroku.create_privatelink_externally(DATABASE, [ACCOUNT], now=drifting.now)
    await drifting.operations_hear(f"AWS `{ACCOUNT}` was allowed to billing outside pgaccess")
    await drifting.answered("status billing", f"`{ACCOUNT}`  Active, not managed by pgaccess")
