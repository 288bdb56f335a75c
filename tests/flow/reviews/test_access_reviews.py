"""The access review from the message to the answers: what is kept, what ends, and what nobody answers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.environment import start_environment
from sandbox.heroku.fixtures import DATABASE
from tests.flow.actions import Acts, heroku_emulator, words
from tests.flow.reviews.staff import approvals, operations

POLICY = """
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
unmatched = "default"
admins = ["U0LEAD2"]
language = "{language}"

[[rules]]
name = "everything"
approvers = ["U0LEAD", "U0LEAD2"]
permanent = true
"""


@pytest.fixture
async def acts(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Acts]:
    """An engineer and a lead with access for ever, under a policy in a language."""
    policy = POLICY.format(language=getattr(request, "param", "en"))
    async with start_environment(database_url, heroku_emulator(), policy=policy) as started:
        acts = Acts(started)
        await acts.settle()
        await acts.ask("/pgaccess mtls add 203.0.113.4 for ever because the vendor's export")
        assert (await acts.approve()).ok
        await acts.ask("/pgaccess mtls add 203.0.113.5 for ever because etl", person="lead")
        assert (await acts.approve("lead-2")).ok

        async def both() -> bool:
            return await acts.states() == ["in_force", "in_force"]

        await acts.until(both)
        yield acts


async def quarter_later(acts: Acts) -> None:
    """Has the review of the quarter begin."""
    reviews = acts.environment.app.services.access_reviews
    await reviews.run_due()
    due = "due_at - interval '1 year'"
    await acts.query(f"UPDATE periodic_tasks SET due_at = {due} WHERE name = 'access review'")
    await reviews.run_due()


def review(acts: Acts) -> dict[str, Any]:
    """The message of the review; empty while there is none."""
    found = [each for each in acts.messages("#approvals") if "access_review" in str(each["blocks"])]
    return found[-1] if found else {}


async def press(acts: Acts, person: str, action: str, request: int) -> None:
    """Presses a button of the item of a request."""
    message = review(acts)
    block_id = next(
        block["block_id"]
        for block in message["blocks"]
        for button in block.get("elements", [])
        if button.get("action_id") == action and button["value"].endswith(f".{request}")
    )
    await acts.environment.people.clicks(
        person, channel="#approvals", ts=message["ts"], action_id=action, block_id=block_id
    )


async def test_keep_and_end_with_a_reason_and_nobody_keeps_their_own(acts: Acts) -> None:
    await quarter_later(acts)
    await acts.until(lambda: review(acts))
    assert "permanent and long access, 2 in all" in words(review(acts))
    await press(acts, "lead", "access_review.keep", 2)
    assert "Nobody keeps their own access" in "\n".join(acts.private("lead"))
    await press(acts, "lead", "access_review.keep", 1)
    assert (await acts.submit("lead", reason="still exported every night")).ok
    await press(acts, "lead-2", "access_review.end", 2)
    assert (await acts.submit("lead-2", reason="the pipeline is gone")).ok
    await acts.until(lambda: acts.told("lead", "revoked by an approver"))
    await acts.until(lambda: "Ended by <@U0LEAD2>" in approvals(acts))
    assert "Kept by <@U0LEAD>" in approvals(acts)
    assert "still exported every night" in approvals(acts)
    assert acts.ours() == ["203.0.113.4/32"]
    answers = await acts.query("SELECT request_id, answer, because FROM access_review_items ORDER BY 1")
    assert answers == [(1, "kept", "still exported every night"), (2, "ended", "the pipeline is gone")]


@pytest.mark.parametrize("acts", ["ja"], indirect=True)
async def test_what_nobody_answers_is_told_to_the_admins_after_two_weeks(acts: Acts) -> None:
    await quarter_later(acts)
    await acts.until(lambda: review(acts))
    assert "アクセスの棚卸し" in words(review(acts))
    await acts.environment.move_time(timedelta(days=14, hours=1))
    await acts.until(lambda: "2 件の回答がありませんでした" in operations(acts))
    assert "<@U0LEAD2>" in operations(acts)


async def test_end_removes_an_adopted_rule_from_heroku(database_url: str) -> None:
    vendor = "198.51.100.7/32"
    heroku = heroku_emulator()
    heroku.add_rule_externally(DATABASE, vendor, "the ETL vendor", now=datetime.now(UTC))
    async with start_environment(database_url, heroku, policy=POLICY.format(language="en")) as started:
        acts = Acts(started)
        await acts.settle()
        await acts.ask(f"/pgaccess mtls adopt {vendor} on billing because it is the ETL vendor's")
        assert (await acts.approve()).ok

        async def adopted() -> bool:
            return (await acts.query("SELECT adopted FROM mtls_rules")) == [(True,)]

        await acts.until(adopted)
        await quarter_later(acts)
        await acts.until(lambda: review(acts))
        assert f"Adopted entry: {vendor} on billing" in words(review(acts))
        await press(acts, "lead-2", "access_review.end", 1)
        assert (await acts.submit("lead-2", reason="the vendor has another address")).ok
        await acts.until(lambda: vendor not in acts.rules())
        await acts.until(lambda: "Removal requested by <@U0LEAD2>" in approvals(acts))
        (removal,) = await acts.query(
            "SELECT requester, state, reason FROM requests WHERE kind = 'remove_unmanaged'"
        )
        assert removal == ("U0ENGINEER", "approved", "the vendor has another address")
