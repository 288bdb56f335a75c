"""Trusted IP ranges end to end: requested, approved, waited for, opened, ended; and each refusal."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.domain.method import Method
from bot.domain.observation import ruleset_observation
from bot.services import RequestInput
from sandbox.environment import POLICY, start_environment
from sandbox.heroku.fixtures import OFFICE, SPACE
from tests.flow.actions import Acts, heroku_emulator, words

RANGE = "203.0.113.4/32"
LINE = f"/pgaccess trusted add 203.0.113.4 to {SPACE} for 8h because the BI tool knows no certificates"
PUT = r"PUT .*/inbound-ruleset$"
CONFIRM, WEB_ONLY = "space.support_done", "space.support_web"
PATIENT = POLICY.replace("unmatched", "pending_per_person = 100\nunmatched", 1)
"""Fifty requests of one person may wait."""


class Ranges(Acts):
    """Actions and assertions about a space's list."""

    def sources(self) -> list[str]:
        return [rule.source for rule in self.environment.heroku.ruleset(SPACE).rules]

    def external_changes(self, *sources: str) -> None:
        """Writes the whole list as somebody else."""
        self.environment.heroku.put_ruleset_externally(SPACE, sources, now=datetime.now(UTC))

    async def seen(self, *sources: str) -> None:
        """Waits until the last observation has a list."""

        async def known() -> bool:
            await self.environment.refresh_everything()
            async with self.environment.app.store.transaction() as tx:
                space = next(each for each in await tx.targets.spaces() if each.name == SPACE)
                observation = ruleset_observation(
                    await tx.reconcile_queue.observation(space.id, Method.TRUSTED)
                )
            return observation is not None and [rule.source for rule in observation.ruleset.rules] == list(
                sources
            )

        await self.until(known)

    async def approved(self, line: str = LINE, person: str = "engineer") -> None:
        await self.ask(line, person)
        assert (await self.approve()).ok

    async def supported(self, action: str = CONFIRM, person: str = "lead") -> None:
        """Presses a button below the ticket's text in the card's thread, as an admin."""
        await self.until(self.replies)
        pressed = await self.environment.people.clicks(
            person, channel="#approvals", ts=self.replies()[-1]["ts"], action_id=action
        )
        assert pressed.ok, pressed

    async def opened(self, line: str = LINE) -> None:
        """Requests and approves, up to "in force"."""
        await self.approved(line)
        await self.supported()
        await self.until(lambda: self.told("engineer", "is allowed to the whole space"))

    async def refused(self, line: str, person: str = "engineer") -> str:
        """Returns the answer to a request that is refused."""
        before = await self.states()
        await self.type(person, f"/pgaccess {line}")
        assert await self.states() == before
        return self.private(person)[-1]

    async def operations_hear(self, what: str) -> None:
        async def heard() -> bool:
            await self.environment.refresh_everything()
            return any(what in said for said in self.everything()["operations"])

        await self.until(heard)


@pytest.fixture
async def ranges(database_url: str) -> AsyncIterator[Ranges]:
    """An environment with a space of each kind, in which the relevant one has been observed."""
    heroku = heroku_emulator()
    heroku.add_space("acme-shield", shield=True)
    heroku.add_space("acme-fir", generation="fir")
    async with start_environment(database_url, heroku, policy=PATIENT) as environment:
        ranges = Ranges(environment)
        await ranges.settle()
        await ranges.seen(OFFICE)
        yield ranges


# --- life of a range -----------------------------------------------------------------------------


async def test_a_range_waits_for_heroku_s_support_is_opened_and_ends(ranges: Ranges) -> None:
    await ranges.ask(LINE)
    card = ranges.card()
    assert f"{RANGE} → space {SPACE}" in card
    assert "the web traffic of all its apps, not one database" in card
    assert "1 address" in card
    assert "1 of 20 used" in card
    assert "Better where the client supports it: mTLS from anywhere, or PrivateLink" in card
    assert (await ranges.approve()).ok
    await ranges.until(lambda: "waiting for Heroku" in ranges.card())
    await ranges.until(ranges.replies)
    ticket = str(ranges.replies()[-1])
    assert "Please enable trusted IP ranges for data services in the Private Space acme-private" in ticket
    assert f"The range is {RANGE}." in ticket
    assert "The reason is: the BI tool knows no certificates." in ticket
    # Nobody has said so: it was typed.
    assert "mTLS" not in ticket
    assert "client certificate" not in ticket
    await ranges.until(lambda: ranges.told("engineer", f"The range is {RANGE}."))
    assert ranges.sources() == [OFFICE]
    assert await ranges.states() == ["waiting"]

    await ranges.supported()
    await ranges.until(lambda: ranges.told("engineer", "is allowed to the whole space"))
    assert ranges.sources() == [OFFICE, RANGE]
    told = ranges.told("engineer", "is allowed to the whole space")[0]
    assert 'psql "$(heroku config:get DATABASE_URL -a YOUR-APP)"' in told
    await ranges.until(lambda: "has opened data services here" in str(ranges.replies()[-1]))
    assert CONFIRM not in str(ranges.replies()[-1])

    await ranges.environment.to_next_event()
    await ranges.until(lambda: ranges.told("engineer", "#1 ends"))
    await ranges.environment.to_next_event()
    await ranges.until(lambda: ranges.told("engineer", "#1 has ended"))
    assert ranges.sources() == [OFFICE]
    assert await ranges.states() == ["ended"]


async def test_an_admins_answer_is_stored_for_the_space(ranges: Ranges) -> None:
    await ranges.approved()
    await ranges.supported(WEB_ONLY)
    await ranges.until(lambda: ranges.told("engineer", "is allowed to the whole space"))
    await ranges.approved(LINE.replace("203.0.113.4", "203.0.113.5"))
    await ranges.until(lambda: "203.0.113.5/32" in ranges.sources())
    assert len(ranges.replies()) == 1


async def test_one_answer_continues_all_waiting_requests(ranges: Ranges) -> None:
    await ranges.approved()
    await ranges.approved(LINE.replace("203.0.113.4", "203.0.113.5"))
    await ranges.supported()
    await ranges.until(lambda: len(ranges.sources()) == 3)
    assert len(ranges.replies()) == 1


async def test_every_range_that_waits_is_in_the_text_for_support(ranges: Ranges) -> None:
    await ranges.approved()
    await ranges.until(ranges.replies)
    await ranges.approved(LINE.replace("203.0.113.4", "203.0.113.5"))
    both = f"The ranges are {RANGE}, 203.0.113.5/32."
    await ranges.until(lambda: both in str(ranges.replies()))
    await ranges.supported()
    await ranges.until(lambda: "has opened data services here" in str(ranges.replies()))
    assert both in str(ranges.replies())


@pytest.mark.parametrize("command", ["status acme-shield", "why acme-shield", "trusted list acme-shield"])
async def test_a_shield_space_is_said_to_have_no_ranges_and_offers_none(ranges: Ranges, command: str) -> None:
    await ranges.type("engineer", f"/pgaccess {command}")
    answer = ranges.private("engineer")[-1]
    assert "A Shield Space has no trusted IP ranges" in answer
    assert "trusted add" not in answer


async def test_only_an_admin_answers_for_heroku_s_support_and_once(ranges: Ranges) -> None:
    await ranges.approved()
    await ranges.supported(person="engineer")
    assert "Only pgaccess admins" in ranges.private("engineer")[-1]
    assert await ranges.states() == ["waiting"]
    await ranges.supported()
    await ranges.until(lambda: ranges.told("engineer", "is allowed to the whole space"))


async def test_a_waiting_request_can_be_ended_before_it_is_applied(ranges: Ranges) -> None:
    await ranges.approved()
    await ranges.type("engineer", "/pgaccess done 1")
    await ranges.until(lambda: ranges.told("engineer", "#1 has ended"))
    assert ranges.sources() == [OFFICE]


async def test_fifty_approvals_by_button_are_one_write_a_second_and_two_more_at_most(
    ranges: Ranges,
) -> None:
    await ranges.approved()
    await ranges.supported(WEB_ONLY)
    await ranges.until(lambda: ranges.told("engineer", "is allowed to the whole space"))
    before, at_once = len(ranges.calls(PUT)), asyncio.Semaphore(4)

    requests = ranges.environment.app.services.access_requests

    async def asked(number: int) -> bool:
        # A repeated line is asked about first; five requests for each range are what a person insists on.
        address = f"203.0.113.{100 + number % 10}"
        typed = RequestInput(address=address, target=SPACE, duration="8h", reason="the BI tool")
        async with at_once:
            key = f"command:{number}"
            return bool(await requests.submit(Method.TRUSTED, typed, person="U0ENGINEER", key=key))

    async def approved(ts: str) -> bool:
        async with at_once:
            people, action = ranges.environment.people, "request.approve"
            return (await people.clicks("lead", channel="#approvals", ts=ts, action_id=action)).ok

    assert all(await asyncio.gather(*map(asked, range(50))))
    await ranges.until(lambda: len(ranges.cards()) == 51)
    cards = [card["ts"] for card in ranges.cards()[1:]]
    began = time.monotonic()
    assert all(await asyncio.gather(*map(approved, cards)))
    took = time.monotonic() - began

    async def opened() -> bool:
        return await ranges.states() == ["in_force"] * 51

    await ranges.until(opened)
    # Within a second that is three; a slow machine takes longer to press fifty buttons.
    assert len(ranges.calls(PUT)) - before <= 2 + math.ceil(took)
    assert len(ranges.sources()) == 12


async def test_a_database_s_name_means_its_whole_space(ranges: Ranges) -> None:
    await ranges.ask(LINE.replace(SPACE, "billing"))
    assert f"This affects the whole space {SPACE}" in ranges.card()


async def test_ones_own_range_is_removed_at_once_and_anybody_else_s_after_a_decision(ranges: Ranges) -> None:
    await ranges.opened()
    line = f"/pgaccess trusted remove 203.0.113.4 from {SPACE} because moved"
    await ranges.ask(line, "engineer-2")
    assert "#1" in ranges.card()
    assert ranges.sources() == [OFFICE, RANGE]
    assert (await ranges.approve()).ok
    await ranges.until(lambda: ranges.told("engineer", "#1 has ended"))
    assert ranges.sources() == [OFFICE]


async def test_an_end_under_an_unmanaged_range_says_that_the_space_still_allows_the_address(
    ranges: Ranges,
) -> None:
    await ranges.opened(f"/pgaccess trusted add 198.51.100.7 to {SPACE} for 8h because of the BI tool")
    await ranges.type("engineer", "/pgaccess done 1")
    still = f"198.51.100.7/32 is still allowed to {SPACE} by {OFFICE} (not managed by pgaccess)"
    assert still in ranges.private("engineer")[-1]
    await ranges.until(lambda: ranges.told("engineer", "#1 has ended"))
    (said,) = ranges.told("engineer", "#1 has ended")
    assert still in said
    assert f"`/pgaccess trusted remove {OFFICE} from {SPACE}`" in said
    assert ranges.sources() == [OFFICE]


async def test_an_unmanaged_range_is_removed_and_adopted_by_approved_requests(ranges: Ranges) -> None:
    ranges.external_changes(OFFICE, "192.0.2.7/32", "192.0.2.8/32")
    await ranges.seen(OFFICE, "192.0.2.7/32", "192.0.2.8/32")
    await ranges.approved(f"/pgaccess trusted remove 192.0.2.7 from {SPACE} because nobody knows it")
    await ranges.until(lambda: ranges.sources() == [OFFICE, "192.0.2.8/32"])
    await ranges.approved(f"/pgaccess trusted adopt 192.0.2.8 on {SPACE} because it is ours")
    await ranges.until(lambda: len(ranges.told("engineer", "done")) >= 1)
    await ranges.seen(OFFICE, "192.0.2.8/32")
    assert "is already managed by pgaccess" in await ranges.refused(f"trusted adopt 192.0.2.8 on {SPACE}")


async def test_the_form_has_what_the_line_left_out_and_says_what_is_wrong_at_its_field(
    ranges: Ranges,
) -> None:
    assert (await ranges.type("engineer", "/pgaccess trusted add 203.0.113.4 for 8h because BI")).ok
    view = ranges.environment.slack.view_for("engineer")
    assert view is not None
    assert "whole space" in str(view)
    assert all(name in str(view) for name in (SPACE, "203.0.113.4", "8h", "BI"))
    assert not any(name in str(view) for name in ("acme-shield", "acme-fir"))
    said = "the `BI` tool <sends> no certificate & runs in Google Cloud"
    unsaid = await ranges.submit("engineer", address="203.0.113.4", alternatives=" ")
    assert "Say why neither mTLS nor PrivateLink will do" in str(unsaid)
    wrong = await ranges.submit("engineer", address="203.0.113.400", alternatives=said)
    assert "203.0.113.400" in str(wrong)
    wide = await ranges.submit("engineer", address="0.0.0.0/0", alternatives=said)
    assert "the whole internet" in str(wide)
    assert (await ranges.submit("engineer", address="203.0.113.4", alternatives=said)).ok
    await ranges.until(ranges.cards)
    assert f"{RANGE} → space {SPACE}" in ranges.card()
    assert "runs in Google Cloud" in ranges.card()
    assert (await ranges.approve()).ok
    quoted = "Why mTLS and PrivateLink will not do: the 'BI' tool &lt;sends&gt; no certificate &amp; runs"
    await ranges.until(lambda: any(quoted in words(each) for each in ranges.replies()))
    # The requester, who need not be in the channel, has the text as well.
    await ranges.until(lambda: ranges.told("engineer", quoted))


async def test_why_says_what_stands_between_a_person_and_a_space(ranges: Ranges) -> None:
    await ranges.type("engineer", f"/pgaccess why {SPACE}")
    assert "You have no active or pending request in the space acme-private" in ranges.private("engineer")[-1]
    await ranges.approved()
    await ranges.until(ranges.replies)
    await ranges.type("engineer", "/pgaccess why billing")
    said = ranges.private("engineer")[-1]
    assert f"{RANGE} is not in the list of the space {SPACE} (#1)" in said
    assert "waiting for Heroku Support" in said
    await ranges.supported(WEB_ONLY)
    await ranges.seen(OFFICE, RANGE)

    async def said_so() -> bool:
        # The observation that has the range may be older than Heroku's application of the list.
        await ranges.environment.refresh_everything()
        await ranges.type("engineer", f"/pgaccess why {SPACE}")
        return "only for web traffic" in ranges.private("engineer")[-1]

    await ranges.until(said_so)


async def test_why_tells_a_list_that_is_not_in_force_from_one_that_is(ranges: Ranges) -> None:
    await ranges.opened()
    await ranges.seen(OFFICE, RANGE)

    async def said_so() -> bool:
        await ranges.environment.refresh_everything()
        await ranges.type("engineer", f"/pgaccess why {SPACE}")
        return f"{RANGE} is allowed to the whole space {SPACE} (#1)" in ranges.private("engineer")[-1]

    await ranges.until(said_so)
    ranges.environment.heroku.leave_unapplied(SPACE)
    ranges.external_changes(OFFICE, RANGE)
    await ranges.operations_hear("is stored but not in force")
    await ranges.type("engineer", "/pgaccess why billing")
    assert "that list is stored and not in force" in ranges.private("engineer")[-1]


# --- what others do --------------------------------------------------------------------------------


async def test_a_range_that_somebody_removes_is_not_restored_and_that_is_reported(ranges: Ranges) -> None:
    await ranges.opened()
    ranges.external_changes(OFFICE)
    await ranges.environment.refresh_everything()
    await ranges.until(lambda: ranges.told("engineer", "removed at Heroku"))
    assert ranges.sources() == [OFFICE]


async def test_drift_is_told_to_operations_and_shown_as_status(ranges: Ranges) -> None:
    ranges.external_changes(OFFICE, "192.0.2.7/32")
    await ranges.operations_hear("192.0.2.7/32 is new in the space acme-private")
    ranges.environment.heroku.leave_unapplied(SPACE)
    ranges.external_changes(OFFICE)
    await ranges.operations_hear("is stored but not in force")
    await ranges.type("engineer", f"/pgaccess status {SPACE}")
    assert "stored but not in force" in ranges.private("engineer")[-1]


async def test_the_list_of_a_space_shows_whose_each_range_is_and_is_refreshed(ranges: Ranges) -> None:
    await ranges.opened()
    await ranges.seen(OFFICE, RANGE)
    await ranges.type("engineer", f"/pgaccess trusted list {SPACE}")
    said = ranges.private("engineer")[-1]
    assert "2 of 20 ranges" in said
    assert f"`{RANGE}`  #1" in said
    assert f"`{OFFICE}`  not managed by pgaccess" in said
    await ranges.until(lambda: "just refreshed" in ranges.private("engineer")[-1])


async def test_what_is_open_on_a_space_is_listed_by_its_name(ranges: Ranges) -> None:
    await ranges.opened()
    for name in (SPACE, "billing"):
        await ranges.type("engineer", f"/pgaccess list {name}")
        assert f"#1  *{RANGE} → space {SPACE}*" in ranges.private("engineer")[-1]


# --- refusals --------------------------------------------------------------------------------------


async def test_an_invalid_request_is_refused_with_its_reason(
    ranges: Ranges, subtests: pytest.Subtests
) -> None:
    for line, said in [
        ("trusted add 203.0.113.4 to acme-shield", "acme-shield is a Shield Space"),
        ("trusted add 203.0.113.4 to acme-fir", "acme-fir is a Fir space"),
        ("trusted add 203.0.113.4 to acme-privat", "There is no space"),
        (f"trusted add 0.0.0.0/0 to {SPACE}", "the whole internet"),
        (f"trusted add 203.0.0.0/16 to {SPACE}", "wider"),
        (f"trusted add 203.0.113.4 to {SPACE} permanently", "without an end is not allowed"),
        (f"trusted remove 203.0.113.4 from {SPACE}", "is not among the ranges"),
        (f"trusted adopt 203.0.113.4 on {SPACE}", "is not among the ranges"),
    ]:
        with subtests.test(line):
            assert said in await ranges.refused(line)


async def test_where_there_is_no_room_it_is_said_at_once_what_ends_next(ranges: Ranges) -> None:
    await ranges.opened()
    full = [OFFICE, RANGE, *(f"192.0.2.{number}/32" for number in range(18))]
    ranges.external_changes(*full)
    await ranges.seen(*full)
    said = await ranges.refused(f"trusted add 203.0.113.9 to {SPACE}")
    assert "all 20 ranges" in said
    assert "#1" in said


async def test_a_range_with_an_end_that_would_be_the_last_one_is_refused(ranges: Ranges) -> None:
    await ranges.opened()
    ranges.external_changes(RANGE)
    await ranges.seen(RANGE)
    assert "no other range" in await ranges.refused(f"trusted add 203.0.113.9 to {SPACE}")
