"""People who come and go in the emulated workspace, and what the bot knows of it."""

from datetime import timedelta

from bot.directory.people import TASK
from sandbox.slack.users.administration import Administration
from tests.flow.actions import Acts, words

PERMANENT = """
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
unmatched = "default"
admins = ["U0LEAD"]
when_owner_leaves = "{when_owner_leaves}"

[[rules]]
name = "everything"
approvers = ["S0LEADS"]
permanent = true
"""
"""A policy under which access may be for ever."""


def administration(acts: Acts) -> Administration:
    """The administrators of the workspace."""
    return Administration(acts.environment.slack, acts.environment.people)


async def leave_unnoticed(acts: Acts, person: str) -> None:
    """Deactivates an account while Slack's event is lost."""
    acts.environment.slack.world.deactivate(person)


async def count_people(acts: Acts) -> None:
    """Has the bot read everybody again, as it does every few minutes."""
    async with acts.environment.app.store.transaction() as tx:
        await tx.periodic_tasks.schedule(TASK, wait=timedelta())
        await tx.commit()


async def ended(acts: Acts) -> None:
    """Waits until nothing is open or pending any more."""

    async def nothing_left() -> bool:
        return not set(await acts.states()) & {"pending", "applying", "in_force", "interrupted", "ending"}

    await acts.until(nothing_left)


def operations(acts: Acts) -> str:
    """All that operations has been told."""
    return "\n".join(words(message) for message in acts.messages("#operations"))


def approvals(acts: Acts) -> str:
    """All that the approvals channel shows."""
    return "\n".join(words(message) for message in acts.messages("#approvals"))
