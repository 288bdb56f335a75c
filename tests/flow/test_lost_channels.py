"""A channel that takes no messages: who has to know is told directly, and all goes on when it is back."""

from collections.abc import Awaitable, Callable

import pytest

from bot.ports import MessageKind, WorkerName
from sandbox.slack import fault_injection
from sandbox.slack.users.administration import Administration
from tests.flow.actions import Acts, words

LINE = "/pgaccess mtls add 203.0.113.4"
FINDING = {"app": "billing", "network": "203.0.113.9/32", "rule": "r"}
APPROVALS, OPERATIONS = "#approvals", "#operations"

Loss = Callable[[Administration, str], Awaitable[object]]

LOSSES: dict[str, tuple[Loss, Loss]] = {
    "archived": (Administration.archives, Administration.unarchives),
    "without the bot": (Administration.removes_bot, Administration.invites_bot),
}
"""How a channel is lost, and how it comes back."""


@pytest.fixture(params=LOSSES)
def loss(request: pytest.FixtureRequest) -> tuple[Loss, Loss]:
    return LOSSES[request.param]


def admin(acts: Acts) -> Administration:
    return Administration(acts.environment.slack, acts.environment.people)


async def retry(acts: Acts) -> None:
    """What waits for a channel is tried now."""
    await acts.query("UPDATE outbox SET due_at = now() WHERE sent_version < version")
    acts.environment.app.wakeups.wake([WorkerName.NOTIFIER])


async def lost(acts: Acts, channel: str = "C0APPROVALS") -> None:
    """The bot has noticed that a channel takes no messages."""

    async def noticed() -> bool:
        await retry(acts)
        return bool(await acts.query(f"SELECT 1 FROM lost_channels WHERE id = '{channel}'"))

    await acts.until(noticed)


def operations(acts: Acts, what: str) -> list[str]:
    found = [words(message) for message in acts.messages(OPERATIONS)]
    return [said for said in found if what in said]


async def ask(acts: Acts) -> None:
    """A request whose card cannot be posted."""
    outcome = await acts.type("engineer", LINE)
    assert outcome.ok, outcome


async def test_operations_approvers_and_requester_are_told_once_and_the_card_says_whom(
    acts: Acts, loss: tuple[Loss, Loss]
) -> None:
    take, _ = loss
    await take(admin(acts), APPROVALS)
    await ask(acts)
    await lost(acts)
    await acts.until(lambda: operations(acts, "takes no messages"))
    await acts.until(lambda: acts.told("lead", "You get this directly"))
    await acts.until(lambda: acts.told("engineer", "can decide there"))
    await acts.until(lambda: acts.told("engineer", "got it as a direct message"))
    for _ in range(3):
        await retry(acts)
        await acts.environment.app.services.lost_channels.run_due()
    assert len(operations(acts, "takes no messages")) == 1
    assert len(acts.told("lead", "You get this directly")) == 1
    assert len(acts.told("engineer", "can decide there")) == 1


async def test_an_approver_decides_from_the_direct_message(acts: Acts, loss: tuple[Loss, Loss]) -> None:
    take, _ = loss
    await take(admin(acts), APPROVALS)
    await ask(acts)
    await lost(acts)
    await acts.until(lambda: acts.told("lead", "You get this directly"))
    assert (await acts.press_own("lead", "request.approve")).ok
    await acts.until(lambda: acts.told("engineer", "can reach"))
    await acts.until(lambda: "request.approve" not in str(acts.messages("@pgaccess", "lead")))


async def test_a_request_made_meanwhile_says_at_once_who_was_asked(
    acts: Acts, loss: tuple[Loss, Loss]
) -> None:
    take, _ = loss
    await take(admin(acts), APPROVALS)
    await ask(acts)
    await lost(acts)
    await acts.type("engineer", "/pgaccess mtls add 203.0.113.5")
    assert "got it as a direct message" in acts.private("engineer")[-1]
    await acts.until(lambda: len(acts.told("lead", "You get this directly")) == 2)


async def test_it_resumes_by_itself_when_the_channel_is_back_with_one_all_clear(
    acts: Acts, loss: tuple[Loss, Loss]
) -> None:
    take, give_back = loss
    await take(admin(acts), APPROVALS)
    await ask(acts)
    await lost(acts)
    await acts.until(lambda: acts.told("engineer", "got it as a direct message"))
    # Much later than any test waits: the event has to bring it back.
    await acts.query("UPDATE outbox SET due_at = now() + interval '1 hour' WHERE recipient = 'C0APPROVALS'")
    assert (await give_back(admin(acts), APPROVALS)) is not None
    await acts.until(lambda: len(acts.cards()) == 1)
    await acts.until(lambda: operations(acts, "takes messages again"))
    await acts.until(lambda: operations(acts, "took no messages from"))
    await acts.until(lambda: not acts.told("engineer", "got it as a direct message"))
    assert len(operations(acts, "takes messages again")) == 1
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", "can reach"))


async def test_it_resumes_without_an_event_when_the_time_of_the_next_attempt_comes(acts: Acts) -> None:
    await admin(acts).archives(APPROVALS)
    await ask(acts)
    await lost(acts)
    acts.environment.slack.world.events = frozenset()
    await admin(acts).unarchives(APPROVALS)
    await retry(acts)
    await acts.until(lambda: len(acts.cards()) == 1)
    await acts.until(lambda: operations(acts, "takes messages again"))


async def test_a_lost_operations_channel_is_told_to_the_admins(acts: Acts, loss: tuple[Loss, Loss]) -> None:
    take, give_back = loss
    await take(admin(acts), OPERATIONS)
    async with acts.environment.app.store.transaction() as tx:
        await tx.outbox.add(MessageKind.ORPHAN, to="C0OPERATIONS", key="finding", params=FINDING)
        await tx.commit()
    await lost(acts, "C0OPERATIONS")
    await acts.until(lambda: acts.told("lead", "takes no messages"))
    await give_back(admin(acts), OPERATIONS)
    await acts.until(lambda: acts.told("lead", "takes messages again"))
    assert len(acts.told("lead", "takes messages again")) == 1


async def test_a_direct_message_that_slack_refuses_is_no_lost_channel(acts: Acts) -> None:
    for _ in range(4):
        acts.environment.slack.fault("conversations.open", fault_injection.error("channel_not_found"))
    await acts.ask(LINE)

    async def shown() -> bool:
        await retry(acts)
        return bool(acts.told("engineer", "requests mTLS access"))

    await acts.until(shown)
    assert await acts.query("SELECT 1 FROM lost_channels") == []


@pytest.mark.parametrize("lost_first", [APPROVALS, OPERATIONS])
async def test_with_both_channels_lost_the_admins_hear_of_it(acts: Acts, lost_first: str) -> None:
    await admin(acts).archives(OPERATIONS)
    await admin(acts).removes_bot(APPROVALS)
    async with acts.environment.app.store.transaction() as tx:
        await tx.outbox.add(MessageKind.ORPHAN, to="C0OPERATIONS", key="finding", params=FINDING)
        await tx.commit()
    if lost_first == OPERATIONS:
        await lost(acts, "C0OPERATIONS")
    await ask(acts)
    await lost(acts)
    await lost(acts, "C0OPERATIONS")
    await acts.until(lambda: acts.told("lead", "<#C0OPERATIONS> takes no messages"))
    await acts.until(lambda: acts.told("lead", "You get this directly"))


async def test_a_channel_that_does_not_exist_is_lost(acts: Acts) -> None:
    channels = acts.environment.slack.world.channels
    gone = channels.pop("C0APPROVALS")
    await ask(acts)
    await lost(acts)
    await acts.until(lambda: operations(acts, "channel_not_found"))
    await acts.until(lambda: acts.told("lead", "You get this directly"))
    channels["C0APPROVALS"] = gone
    await retry(acts)
    await acts.until(lambda: len(acts.cards()) == 1)
    await acts.until(lambda: operations(acts, "takes messages again"))


async def shown(acts: Acts) -> None:
    """Slack shows everything that it is to show."""

    async def nothing_due() -> bool:
        return not await acts.query("SELECT 1 FROM outbox WHERE sent_version < version")

    await acts.until(nothing_due)


async def test_what_is_shown_as_it_is_brings_no_channel_back(acts: Acts) -> None:
    await acts.ask_and_open()
    await shown(acts)
    await admin(acts).archives(APPROVALS)
    await acts.type("engineer", "/pgaccess mtls add 203.0.113.5")
    await lost(acts)
    await acts.until(lambda: operations(acts, "takes no messages"))
    async with acts.environment.app.store.transaction() as tx:
        # The card renders as it is shown: Slack is not called.
        await tx.outbox.requests_changed([1])
        await tx.commit()

    async def rendered() -> bool:
        behind = "SELECT 1 FROM outbox WHERE key = 'approval:1' AND sent_version < version"
        return not await acts.query(behind)

    await acts.until(rendered)
    assert await acts.query("SELECT 1 FROM lost_channels WHERE id = 'C0APPROVALS'")
    assert operations(acts, "takes messages again") == []


async def test_a_restart_tells_nobody_anew(acts: Acts) -> None:
    await admin(acts).archives(APPROVALS)
    await ask(acts)
    await lost(acts)
    await acts.until(lambda: acts.told("engineer", "can decide there"))
    await acts.environment.redeploy(acts.environment.app.policy)
    await retry(acts)
    await acts.environment.app.services.lost_channels.run_due()
    assert len(operations(acts, "takes no messages")) == 1
    assert len(acts.told("lead", "You get this directly")) == 1
