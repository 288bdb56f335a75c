"""What the policy would refuse now is on one list a week, where approvers end it or keep it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.policy.loader import parse_policy
from bot.services import open_services
from bot.services.registry import Services
from sandbox.environment import start_environment
from tests.flow.actions import Acts, heroku_emulator, words
from tests.flow.reviews.staff import administration, approvals

BEFORE = """
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
unmatched = "default"
admins = ["U0LEAD2"]

[[rules]]
name = "everything"
approvers = ["U0LEAD"]
permanent = true
"""

TODAY = """
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
unmatched = "default"
admins = ["U0LEAD2"]

[[rules]]
name = "contractors"
requesters = ["U0ENGINEER"]
deny = true

[[rules]]
name = "everything"
approvers = ["U0LEAD"]
permanent = true
"""
"""The policy after somebody has decided that the engineer may not ask any more."""

STRICTER = TODAY.replace('"contractors"', '"nobody outside the team"')

FOREVER = "/pgaccess mtls add 203.0.113.4 for ever because the vendor's export"


@pytest.fixture
async def acts(database_url: str) -> AsyncIterator[Acts]:
    """An engineer with access for ever, and another one."""
    async with start_environment(database_url, heroku_emulator(), policy=BEFORE) as started:
        acts = Acts(started)
        await acts.settle()
        await acts.ask(FOREVER)
        assert (await acts.approve()).ok
        await acts.ask("/pgaccess mtls add 203.0.113.5 for ever because etl", person="engineer-2")
        assert (await acts.approve()).ok

        async def both() -> bool:
            return await acts.states() == ["in_force", "in_force"]

        await acts.until(both)
        yield acts


def under(acts: Acts, policy: str) -> Services:
    """The services of a process that was started with another policy."""
    app = acts.environment.app
    return open_services(
        store=app.store, policy=parse_policy(policy, source="today's"), clock=acts.environment.clock
    )


async def week_later(acts: Acts, policy: str) -> Services:
    """Has a process with this policy send the review of the week."""
    services = under(acts, policy)
    # The processes of the environment have the policy of before, and find nothing to list.
    await services.entitlements.send_weekly_review()
    due = "due_at - interval '1 year'"
    await acts.query(f"UPDATE periodic_tasks SET due_at = {due} WHERE name = 'entitlements'")
    await services.entitlements.send_weekly_review()
    return services


def reviews(acts: Acts) -> list[str]:
    """The messages of the review."""
    found = [words(message) for message in acts.messages("#approvals")]
    return [said for said in found if "could not request today" in said]


async def press(acts: Acts, person: str, action: str) -> None:
    for message in reversed(acts.messages("#approvals")):
        if action in str(message["blocks"]):
            await acts.environment.people.clicks(
                person, channel="#approvals", ts=message["ts"], action_id=action
            )
            return
    raise AssertionError(f"nobody offers {action}")


async def test_what_the_policy_allows_is_on_no_list(acts: Acts) -> None:
    await week_later(acts, BEFORE)
    assert await acts.query("SELECT 1 FROM outbox WHERE kind = 'notification.entitlements'") == []


async def test_one_list_a_week_says_who_has_what_until_when_and_why(acts: Acts) -> None:
    services = await week_later(acts, TODAY)
    await services.entitlements.send_weekly_review()
    await acts.until(lambda: reviews(acts))
    (said,) = reviews(acts)
    assert "#1" in said
    assert "#2" not in said
    assert "<@U0ENGINEER>" in said
    assert "only when ended manually" in said
    assert "the policy rule “contractors” denies it" in said
    assert "<@U0LEAD>" in said


async def test_end_revokes_and_the_list_says_so(acts: Acts) -> None:
    await week_later(acts, TODAY)
    await acts.until(lambda: reviews(acts))
    await press(acts, "engineer-2", "review.end")
    assert (await acts.states())[0] == "in_force"
    await press(acts, "lead", "review.end")
    await acts.until(lambda: acts.told("engineer", "revoked by an approver"))
    assert acts.ours() == ["203.0.113.5/32"]
    await acts.until(lambda: "review.end" not in str(acts.messages("#approvals")))


@pytest.mark.parametrize("person", ["engineer", "engineer-2"])
async def test_others_keep_nothing(acts: Acts, person: str) -> None:
    await week_later(acts, TODAY)
    await acts.until(lambda: reviews(acts))
    await press(acts, person, "review.keep")
    assert await acts.query("SELECT 1 FROM grants WHERE kept_at IS NOT NULL") == []


async def keep(acts: Acts, services: Services) -> None:
    """The lead keeps what is listed, through a process with the policy that lists it."""
    ((message,),) = await acts.query("SELECT id FROM outbox WHERE kind = 'notification.entitlements'")
    await services.entitlements.keep(1, message=message, person="U0LEAD", key="click:keep")


async def test_what_is_kept_is_listed_again_after_ninety_days_or_under_another_rule(acts: Acts) -> None:
    services = await week_later(acts, TODAY)
    await acts.until(lambda: reviews(acts))
    await keep(acts, services)
    await acts.until(lambda: "Kept by <@U0LEAD>" in approvals(acts))
    assert "review.keep" not in str(acts.messages("#approvals"))
    lines = await acts.query("SELECT actor, after FROM audit WHERE subject = 'review' AND request_id = 1")
    assert [tuple(row) for row in lines] == [("U0LEAD", "kept")]
    assert await services.entitlements._doubtful(acts.environment.clock.now()) == []
    later = acts.environment.clock.now() + timedelta(days=91)
    assert [each.request for each in await services.entitlements._doubtful(later)] == [1]
    others = under(acts, STRICTER).entitlements
    assert [each.request for each in await others._doubtful(acts.environment.clock.now())] == [1]


async def test_what_a_leaver_had_is_on_no_list(acts: Acts) -> None:
    await administration(acts).deactivates("engineer")

    async def gone() -> bool:
        return (await acts.states())[0] == "ended"

    await acts.until(gone)
    await week_later(acts, TODAY)
    assert await acts.query("SELECT 1 FROM outbox WHERE kind = 'notification.entitlements'") == []
