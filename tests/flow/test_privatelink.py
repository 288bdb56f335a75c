"""PrivateLink end to end: requested, approved, opened, connected, ended, closed; and each refusal."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.method import Method
from bot.domain.observation import privatelink_observation
from sandbox.environment import start_environment
from sandbox.heroku.behavior import Behavior
from sandbox.heroku.fixtures import DATABASE
from tests.flow.actions import Acts, heroku_emulator

ACCOUNT = "123456789012"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
UNMANAGED = "210987654321"
LINE = f"/pgaccess privatelink open billing account {ACCOUNT} for 8h because nightly export"


class Links(Acts):
    """Actions and assertions about a database's PrivateLink."""

    def accounts(self) -> dict[str, str]:
        """Accounts in their short form, with their status; empty without a PrivateLink."""
        link = self.environment.heroku.privatelink(DATABASE, now=datetime.now(UTC))
        listed = link.accounts.values() if link else ()
        return {each.arn.split(":", 4)[4]: each.status(datetime.now(UTC)) for each in listed}

    def status(self) -> str | None:
        link = self.environment.heroku.privatelink(DATABASE, now=datetime.now(UTC))
        return None if link is None else link.status(datetime.now(UTC))

    async def told_soon(self, person: str, what: str) -> None:
        """Waits for a direct message, and has the reconciler observe, as a minute's wait would."""

        async def seen() -> bool:
            await self.environment.refresh_everything()
            return bool(self.told(person, what))

        await self.until(seen)

    async def operations_hear(self, what: str) -> None:
        async def heard() -> bool:
            await self.environment.refresh_everything()
            return any(what in said for said in self.everything()["operations"])

        await self.until(heard)

    async def seen(self, status: str | None) -> None:
        """Waits until the last observation has a status."""

        async def known() -> bool:
            await self.environment.refresh_everything()
            async with self.environment.app.store.transaction() as tx:
                (database,) = await tx.targets.databases()
                observation = privatelink_observation(
                    await tx.reconcile_queue.observation(database.id, Method.PRIVATELINK)
                )
            return observation is not None and observation.status == status

        await self.until(known)

    async def opened(self, line: str = LINE) -> None:
        """Requests and approves, up to "may connect"."""
        await self.ask(line)
        assert (await self.approve()).ok
        await self.until(lambda: self.told("engineer", "may connect to billing"))


async def _emulated(database_url: str, behavior: Behavior | None = None) -> AsyncIterator[Links]:
    async with start_environment(database_url, heroku_emulator(behavior=behavior)) as environment:
        links = Links(environment)
        await links.settle()
        yield links


@pytest.fixture
async def links(database_url: str) -> AsyncIterator[Links]:
    async for made in _emulated(database_url):
        yield made


async def test_an_account_is_allowed_used_and_removed_at_its_end(links: Links) -> None:
    await links.ask(LINE)
    card = links.card()
    assert "AWS 123456789012 → billing" in card
    assert ROOT in card
    assert "us-east-1" in card
    assert "Opens PrivateLink on billing, which takes 10–15 minutes." in card
    assert "From other regions, use mTLS" in card
    assert links.status() is None

    assert (await links.approve()).ok
    await links.until(lambda: links.told("engineer", "may connect to billing"))
    assert links.accounts() == {f"{ACCOUNT}:root": "Active"}
    told = links.told("engineer", "may connect to billing")[0]
    assert "aws ec2 create-vpc-endpoint --region us-east-1" in told
    assert "com.amazonaws.vpce.us-east-1.vpce-svc-" in told
    assert "5432-5433" in told
    assert 'resource "aws_vpc_endpoint"' in told
    await links.until(lambda: "in force since" in links.card())

    endpoint = await links.connects(ACCOUNT)
    await links.told_soon("engineer", f"{endpoint} is connected to billing")
    name = f"DATABASE_ENDPOINT_{endpoint.removeprefix('vpce-').upper()}_URL"
    await links.told_soon("engineer", f'psql "$(heroku config:get {name} -a billing)"')

    await links.environment.move_time(timedelta(hours=7, minutes=35))
    await links.until(lambda: links.told("engineer", "#1 ends"))
    await links.environment.to_next_event()
    await links.until(lambda: links.told("engineer", "#1 has ended"))
    assert links.accounts() == {}
    assert links.status() == "Operational"
    assert await links.states() == ["ended"]


async def test_an_end_names_the_account_of_another_request_that_still_allows_its_user(links: Links) -> None:
    await links.opened()
    await links.ask(f"/pgaccess privatelink add {ACCOUNT}:user/etl to billing for 8h because of the export")
    assert f"Already covered by {ACCOUNT} (#1)." in links.card()
    assert (await links.approve()).ok
    await links.told_soon("engineer", "#2 is in force")
    await links.type("engineer", "/pgaccess done 2")
    still = f"{ACCOUNT}:user/etl is still allowed to billing by {ACCOUNT} (#1)"
    assert still in links.private("engineer")[-1]
    await links.told_soon("engineer", "#2 has ended")
    (said,) = links.told("engineer", "#2 has ended")
    assert still in said
    assert "`/pgaccess show 1`" in said
    assert links.accounts() == {f"{ACCOUNT}:root": "Active"}


async def test_each_stage_is_told_once(links: Links) -> None:
    await links.opened()
    endpoint = await links.connects(ACCOUNT)
    await links.told_soon("engineer", "The URL through")
    for _ in range(3):
        await links.seen("Operational")
    for said in ("may connect to billing", f"{endpoint} is connected", "The URL through"):
        assert len(links.told("engineer", said)) == 1


async def test_no_value_of_a_config_var_is_kept(links: Links) -> None:
    await links.opened()
    await links.connects(ACCOUNT)
    await links.told_soon("engineer", "The URL through")
    rows = await links.query(
        "SELECT observation::text FROM reconcile_queue UNION ALL SELECT params::text FROM outbox"
    )
    kept = "\n".join(str(row[0]) for row in rows)
    assert "_ENDPOINT_" in kept
    assert "postgres://" not in kept


async def test_a_connection_that_outlives_its_account_is_told_to_its_owner_and_to_operations(
    links: Links,
) -> None:
    await links.opened()
    endpoint = await links.connects(ACCOUNT)
    await links.told_soon("engineer", f"{endpoint} is connected")
    await links.type("engineer", "/pgaccess done 1")
    await links.until(lambda: links.told("engineer", "#1 has ended"))
    assert f"{endpoint} still exists at Amazon" in links.told("engineer", "#1 has ended")[0]
    await links.operations_hear("one of its connections still exists")


async def test_status_shows_accounts_connections_and_the_next_step(links: Links) -> None:
    await links.type("engineer", "/pgaccess privatelink status billing")
    assert any("billing has no PrivateLink" in said for said in links.private("engineer"))
    await links.opened()
    endpoint = await links.connects(ACCOUNT)
    await links.told_soon("engineer", "The URL through")
    await links.type("engineer", "/pgaccess privatelink status billing")
    said = links.private("engineer")[-1]
    assert "com.amazonaws.vpce.us-east-1.vpce-svc-" in said
    assert f"`{ACCOUNT}`  Active, #1" in said
    assert f"`{endpoint}`  Available, owner {ACCOUNT}" in said
    assert "aws ec2 create-vpc-endpoint" in said
    await links.type("engineer", "/pgaccess status billing")
    assert f"`{ACCOUNT}`  Active, #1" in links.private("engineer")[-1]
    await links.type("engineer", "/pgaccess why billing")
    assert f"{endpoint} is connected to billing" in links.private("engineer")[-1]


async def test_closing_asks_for_the_name_shows_whom_it_cuts_off_and_ends_them_when_approved(
    links: Links,
) -> None:
    await links.opened()
    links.environment.heroku.add_account_externally(DATABASE, UNMANAGED, now=datetime.now(UTC))
    await links.operations_hear(f"AWS `{UNMANAGED}` was allowed to billing outside pgaccess.")
    endpoint = await links.connects(ACCOUNT)
    await links.told_soon("engineer", f"{endpoint} is connected")

    assert (await links.type("engineer", "/pgaccess privatelink close billing")).ok
    view = links.environment.slack.view_for("engineer")
    assert view is not None
    shown = str(view)
    assert all(each in shown for each in ("#1", UNMANAGED, endpoint))
    wrong = await links.submit("engineer", name="ledger", reason="we move")
    assert "That is not the app name" in str(wrong)
    assert (await links.submit("engineer", name="billing", reason="we move")).ok
    await links.until(lambda: len(links.cards()) == 2)
    assert "Close PrivateLink on billing" in links.card()
    assert UNMANAGED in links.card()
    assert "Ends #1." in links.card()

    assert (await links.approve()).ok
    await links.until(lambda: links.told("engineer", "#2 done"))
    assert links.status() is None
    await links.until(lambda: links.told("engineer", "#1 has ended"))
    assert await links.states() == ["ended", "approved"]


async def test_an_unmanaged_account_is_removed_by_an_approved_request_of_its_own(links: Links) -> None:
    links.environment.heroku.create_privatelink_externally(DATABASE, [UNMANAGED], now=datetime.now(UTC))
    await links.seen("Operational")
    await links.ask(f"/pgaccess privatelink remove {UNMANAGED} from billing because left the company")
    assert "not managed by pgaccess" in links.card()
    assert links.accounts() == {f"{UNMANAGED}:root": "Active"}
    assert (await links.approve()).ok
    await links.until(lambda: links.told("engineer", "#1 done"))
    assert links.accounts() == {}
    assert links.status() == "Operational"


async def test_what_others_close_is_interrupted_and_opened_again_only_by_a_new_decision(links: Links) -> None:
    await links.opened()
    links.environment.heroku.remove_account_externally(DATABASE, ACCOUNT, now=datetime.now(UTC))
    await links.told_soon("engineer", "#1 was removed at Heroku outside pgaccess")
    assert links.accounts() == {}
    assert (await links.press_own("engineer", "grant.restore", "was removed")).ok
    await links.until(lambda: "asks to open it again" in links.card())
    assert links.accounts() == {}
    assert (await links.approve()).ok
    await links.until(links.accounts)


async def test_the_form_has_what_the_line_left_out(links: Links) -> None:
    assert (await links.type("engineer", "/pgaccess privatelink open billing")).ok
    view = links.environment.slack.view_for("engineer")
    assert view is not None
    wrong = await links.submit("engineer", address="1234567890123")
    assert "has 13 digits" in str(wrong)
    assert (await links.submit("engineer", address=ACCOUNT, duration="2h")).ok
    await links.until(links.cards)
    assert "AWS 123456789012 → billing" in links.card()


async def test_an_invalid_request_is_refused_with_its_reason(links: Links, subtests: pytest.Subtests) -> None:
    for line, said in [
        ("privatelink add 1234567890123 to billing", "has 13 digits"),
        ("privatelink add arn:aws:s3:::bucket to billing", "to the AWS service s3"),
        ("privatelink add 123456789012:role/admin to billing", "documents whole accounts and users only"),
        ("privatelink add arn:aws-cn:iam::123456789012:root to billing", "partition aws-cn"),
        ("privatelink add 123456789012 to nowhere", "There is no database"),
        ("privatelink add 123456789012 to billing permanently", "without an end is not allowed"),
        ("privatelink close billing", "billing has no PrivateLink"),
        ("privatelink remove 123456789012 from billing", "billing has no PrivateLink"),
    ]:
        with subtests.test(line):
            await links.seen(None)
            await links.type("engineer", f"/pgaccess {line}")
            assert said in links.private("engineer")[-1]
            assert await links.states() == []
