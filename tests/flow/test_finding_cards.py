"""From a finding's card to what is decided: adopted, removed or ignored, by those who may."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.views import action_ids
from sandbox.environment import start_environment
from sandbox.heroku.fixtures import DATABASE, OFFICE, SPACE
from sandbox.slack.delivery import Delivery
from tests.flow.actions import Acts, heroku_emulator, words

RULE, OTHER = "192.0.2.7/32", "192.0.2.8/32"
ACCOUNT, PARTNER = "210987654321", "345678901234"

POLICY = """
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
unmatched = "production"
ask_unmanaged = ["production"]
admins = ["U0LEAD"]

[[rules]]
name = "everything"
approvers = ["S0LEADS"]
"""


class Cards(Acts):
    """Rules that somebody else makes, and the cards about them."""

    def make_rule(self, network: str, description: str = "the ETL vendor") -> None:
        now = datetime.now(UTC)
        self.environment.heroku.add_rule_externally(DATABASE, network, description, now=now)

    def remove_rule(self, network: str) -> None:
        heroku, now = self.environment.heroku, datetime.now(UTC)
        for rule in heroku.rules(DATABASE, now=now):
            if rule.cidr == network:
                heroku.delete_rule_externally(DATABASE, rule.id, now=now)

    def about(self, network: str, channel: str = "#operations") -> list[dict[str, Any]]:
        """Messages of a channel that name a network and are no card of a request, oldest first."""
        return [
            each
            for each in self.messages(channel)
            if network in (each["text"] or "") and "requests to" not in each["text"]
        ]

    async def said(self, network: str, what: str, channel: str = "#operations") -> dict[str, Any]:
        """Waits until the newest message about a network has a text."""

        async def there() -> bool:
            await self.environment.refresh_everything()
            return any(what in words(each) for each in self.about(network, channel)[-1:])

        await self.until(there)
        return self.about(network, channel)[-1]

    async def offered(self, method: str) -> str:
        """How the form about several names the only entry of an access method."""
        async with self.environment.app.store.transaction() as tx:
            targets = [each.id for each in await tx.targets.databases()]
            targets += [each.id for each in await tx.targets.spaces()]
            present = [found for each in targets for found in await tx.unmanaged_entries.present(each)]
        (entry,) = [each for each in present if each.method == method]
        return action_ids.entry_value(entry.id, fingerprint=entry.fingerprint)

    def click(
        self, person: str, message: dict[str, Any], action: str, channel: str = "#operations"
    ) -> Delivery:
        """Builds a click on a message as it is now, to be sent at once or later."""
        return self.environment.slack.acts.click(
            person, channel, message["ts"], action, block_id=None, selected=None, now=datetime.now(UTC)
        )

    async def refused(self, person: str, click: Delivery, what: str) -> None:
        """Sends a click, and waits until its private answer has a text."""
        await self.environment.people.sends(click)
        await self.until(lambda: any(what in said for said in self.private(person)))


@pytest.fixture
async def cards(database_url: str) -> AsyncIterator[Cards]:
    async with start_environment(database_url, heroku_emulator(), policy=POLICY) as environment:
        cards = Cards(environment)
        await cards.settle()
        yield cards


async def test_a_new_rule_on_production_is_asked_about_at_once_and_adopted_by_another_approver(
    cards: Cards,
) -> None:
    cards.make_rule(RULE)
    told = await cards.said(RULE, "was allowed to billing outside pgaccess")
    asked = await cards.said(RULE, "Is this wanted?", "#approvals")
    for message in (told, asked):
        assert "the ETL vendor" in words(message)
        assert "finding.adopt" in str(message["blocks"])
    assert "<!subteam^S0LEADS>" in words(asked)
    assert "<!subteam^S0LEADS>" not in words(told)

    stranger = cards.click("engineer", asked, "finding.adopt", "#approvals")
    await cards.refused("engineer", stranger, "Only approvers of billing")
    assert await cards.states() == []

    pressed = await cards.environment.people.sends(cards.click("lead", asked, "finding.adopt", "#approvals"))
    assert pressed.ok
    assert (await cards.submit("lead", reason="the ETL vendor's")).ok
    await cards.until(lambda: "Adopt 192.0.2.7/32 on billing" in cards.card())
    await cards.said(RULE, "asked to adopt it")
    assert "finding.adopt" not in str(cards.about(RULE)[-1]["blocks"])
    # Whoever pressed is the requester, and never decides.
    await cards.approve("lead")
    assert await cards.states() == ["pending"]
    assert (await cards.approve("lead-2")).ok
    await cards.said(RULE, "is managed by pgaccess since")
    settled = await cards.said(RULE, "adopted with #1, requested by <@U0LEAD>", "#approvals")
    assert "approved by <@U0LEAD2>" in words(settled)
    assert "finding." not in str(settled["blocks"])
    assert RULE in cards.rules()


async def test_removing_a_rule_by_its_card_touches_nothing_else_and_an_old_button_does_nothing(
    cards: Cards,
) -> None:
    cards.make_rule(RULE)
    cards.make_rule(OTHER)
    told = await cards.said(RULE, "outside pgaccess")
    other = await cards.said(OTHER, "outside pgaccess")
    old = cards.click("lead", other, "finding.remove")
    assert (await cards.environment.people.sends(cards.click("lead-2", told, "finding.remove"))).ok
    assert (await cards.submit("lead-2", reason="nobody knows it")).ok
    await cards.until(lambda: f"Remove {RULE} from billing" in cards.card())
    assert RULE in cards.rules()
    assert (await cards.approve("lead")).ok
    await cards.said(RULE, "removed with #1, requested by <@U0LEAD2>, approved by <@U0LEAD>")
    assert RULE not in cards.rules()
    assert OTHER in cards.rules()
    assert len(cards.calls("DELETE .*/ip-rules/")) == 1

    cards.remove_rule(OTHER)
    gone = await cards.said(OTHER, "is gone, or managed by pgaccess")
    assert "finding." not in str(gone["blocks"])
    await cards.refused("lead", old, "there is nothing to decide")
    assert await cards.states() == ["approved"]


async def test_what_was_there_at_first_is_decided_one_by_one_from_the_list_and_so_is_an_account(
    cards: Cards,
) -> None:
    first = await cards.said(OFFICE, "acme-private: the first observation shows entries")
    pressed = await cards.environment.people.sends(cards.click("lead", first, "finding.choose.trusted"))
    assert pressed.ok
    entry = await cards.offered("trusted")
    assert (await cards.submit("lead", entry=entry, action="adopt", reason="the office")).ok
    await cards.until(lambda: f"Adopt {OFFICE}" in cards.card())
    await cards.said(OFFICE, "#1: asked to adopt")
    assert (await cards.approve("lead-2")).ok
    await cards.said(OFFICE, "each of them is gone, or managed by pgaccess")
    assert OFFICE in str(cards.environment.heroku.ruleset(SPACE))

    now = datetime.now(UTC)
    cards.environment.heroku.create_privatelink_externally(DATABASE, [ACCOUNT, PARTNER], now=now)
    told = await cards.said(ACCOUNT, "was allowed to billing outside pgaccess")
    await cards.said(PARTNER, "was allowed to billing outside pgaccess")
    assert (await cards.environment.people.sends(cards.click("lead", told, "finding.remove"))).ok
    assert (await cards.submit("lead")).ok
    await cards.until(lambda: f"Remove {ACCOUNT} from billing" in cards.card())
    assert (await cards.approve("lead-2")).ok
    await cards.said(ACCOUNT, "removed with #2")
    listed = cards.environment.heroku.privatelink(DATABASE, now=datetime.now(UTC))
    assert [each for each in (ACCOUNT, PARTNER) if each in str(listed)] == [PARTNER]


async def test_an_ignored_rule_is_silent_until_its_time_and_then_asked_about_again(cards: Cards) -> None:
    cards.make_rule(RULE)
    told = await cards.said(RULE, "outside pgaccess", "#approvals")
    before = len(cards.messages("#approvals"))
    assert (
        await cards.environment.people.sends(cards.click("lead", told, "finding.ignore", "#approvals"))
    ).ok
    refused = await cards.submit("lead", duration="30", reason="the vendor leaves")
    assert "30h" in str(refused.errors)
    assert (await cards.submit("lead", duration="30d", reason="the vendor leaves")).ok
    ignored = await cards.said(RULE, "Ignored until", "#approvals")
    assert "by <@U0LEAD>: the vendor leaves" in words(ignored)
    lines = await cards.query(
        "SELECT actor, before, after, details->>'because' FROM audit WHERE subject = 'unmanaged_entry'"
    )
    assert [tuple(line) for line in lines] == [("U0LEAD", "present", "ignored", "the vendor leaves")]
    await cards.type("engineer", "/pgaccess status billing")
    await cards.until(lambda: any("ignored until" in said for said in cards.private("engineer")))

    await cards.environment.move_time(timedelta(days=29))
    await cards.environment.refresh_everything()
    assert len(cards.messages("#approvals")) == before

    await cards.environment.move_time(timedelta(days=1, minutes=1))
    again = await cards.said(RULE, "It was ignored until", "#approvals")
    assert len(cards.messages("#approvals")) == before + 1
    assert "finding.ignore" in str(again["blocks"])
    earlier = cards.about(RULE, "#approvals")[-2]
    assert "A newer message asks about it again" in words(earlier)
    assert "finding." not in str(earlier["blocks"])
