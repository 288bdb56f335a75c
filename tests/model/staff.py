"""People who leave the workspace and come back; Slack tells of it, or the bot finds out by itself."""

from dataclasses import replace
from typing import Final

from tests.model.world import World

LEADS: Final = ("lead", "lead-2")
"""Members of the approvers' group, which an account leaves when it is deactivated."""


async def leaves(world: World, person: str, how: str, *, told: bool) -> None:
    """A person's account is deactivated, or becomes a guest's.

    Args:
        world: the world.
        person: by name.
        how: ``deactivated`` or ``guest``.
        told: Slack's event arrives; otherwise the next reading of all people finds out.
    """
    here = world.slack.world
    account = here.person(person)
    if how == "guest":
        here.people[account.id] = replace(account, is_restricted=True)
    else:
        here.deactivate(person)
    world.left.add(account.id)
    await _tell(world, account.id, told=told)


async def comes_back(world: World, person: str, *, told: bool) -> None:
    """A person who left is a full member again, and an approver again if they were one."""
    here = world.slack.world
    account = here.person(person)
    here.people[account.id] = replace(account, deleted=False, is_restricted=False)
    group = here.group("S0LEADS")
    if person in LEADS and account.id not in group.users:
        here.groups[group.id] = replace(group, users=(*group.users, account.id))
    await _tell(world, account.id, told=told)


async def _tell(world: World, id: str, *, told: bool) -> None:
    world.slack.workspace.touch()
    if told:
        await world.attempt(world.app.services.members.person_changed(id))
