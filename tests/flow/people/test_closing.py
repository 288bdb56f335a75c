"""Closing and reading go by the last that was known of people, however long Slack has been away."""

from collections.abc import Awaitable, Callable

import pytest

from sandbox.slack import fault_injection
from tests.flow.people.workspace import AT_ONCE, Workspace

ADD = "/pgaccess mtls add 203.0.113.4"
Trouble = Callable[[Workspace], Awaitable[None]]
DIRECTORY = ("users.*", "usergroups.*")


async def gone_for_an_hour(acts: Workspace) -> None:
    """Slack tells nothing of people and groups, and has not for an hour; messages still arrive."""
    for method in DIRECTORY:
        acts.slack.fault(method, fault_injection.error("internal_error", times=None))
    await acts.let_age()


async def group_is_gone(acts: Workspace) -> None:
    """The only user group of the policy is disabled."""
    await acts.administration.disables("leads")

    async def unknown() -> bool:
        ((error,),) = await acts.query("SELECT error FROM slack_groups WHERE id = 'S0LEADS'")
        return bool(error)

    await acts.until(unknown)


async def scope_is_gone(acts: Workspace) -> None:
    """The token may not read user groups any more, and an event puts the only one in doubt."""
    acts.slack.scopes -= {"usergroups:read"}
    await acts.administration.sets_members("leads", ["lead-2", "lead"])

    async def unknown() -> bool:
        ((error,),) = await acts.query("SELECT error FROM slack_groups WHERE id = 'S0LEADS'")
        return bool(error)

    await acts.until(unknown)


READING = (
    "list",
    "list mine",
    "list pending",
    "show 1",
    "status billing",
    "status",
    "why billing",
    "mtls list billing",
    "mtls certificate list",
    "trusted list billing",
    "help",
)
"""Commands that only read."""

TROUBLES = pytest.mark.parametrize("trouble", [gone_for_an_hour, group_is_gone, scope_is_gone])


@TROUBLES
async def test_owners_end_what_is_theirs(acts: Workspace, trouble: Trouble) -> None:
    await acts.ask_and_open(ADD)
    await trouble(acts)
    outcome = await acts.type("engineer", "/pgaccess done 1")
    assert outcome.ms < AT_ONCE
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))


@TROUBLES
async def test_owners_remove_what_is_theirs(acts: Workspace, trouble: Trouble) -> None:
    await acts.ask_and_open(ADD)
    await trouble(acts)
    await acts.type("engineer", "/pgaccess mtls remove 203.0.113.4")
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))


@TROUBLES
@pytest.mark.parametrize("approver", ["lead", "lead-2"], ids=["admin", "by group"])
async def test_approvers_revoke(acts: Workspace, trouble: Trouble, approver: str) -> None:
    await acts.ask_and_open(ADD)
    await trouble(acts)
    outcome = await acts.type(approver, "/pgaccess revoke 1")
    assert outcome.ms < AT_ONCE
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))


@TROUBLES
async def test_requesters_cancel(acts: Workspace, trouble: Trouble) -> None:
    await acts.ask(ADD)
    await trouble(acts)
    await acts.type("engineer", "/pgaccess cancel 1")
    assert await acts.states() == ["cancelled"]


@TROUBLES
async def test_everybody_reads(acts: Workspace, trouble: Trouble) -> None:
    await acts.ask(ADD)
    await trouble(acts)
    for line in READING:
        outcome = await acts.type("engineer", f"/pgaccess {line}")
        assert outcome.ms < AT_ONCE, line
        said = acts.private("engineer")[-1]
        assert "could not be read" not in said, line
        assert "cannot do this" not in said, line


@TROUBLES
async def test_nobody_decides(acts: Workspace, trouble: Trouble) -> None:
    await acts.ask(ADD)
    await trouble(acts)
    outcome = await acts.approve("lead")
    assert outcome.ms < AT_ONCE
    assert await acts.states() == ["pending"]


async def test_nobody_asks_while_slack_is_away(acts: Workspace) -> None:
    await gone_for_an_hour(acts)
    outcome = await acts.type("engineer", ADD)
    assert outcome.ms < AT_ONCE
    assert "could not be read" in acts.private("engineer")[-1]
    assert acts.cards() == []


async def test_everything_goes_on_by_itself_when_slack_is_back(acts: Workspace) -> None:
    await gone_for_an_hour(acts)
    acts.slack.clear_faults()
    await acts.ask_and_open(ADD)
