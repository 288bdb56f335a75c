"""User groups that cannot be read, or that are in doubt, spoil what hangs on them and nothing else."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from sandbox.slack import fault_injection
from sandbox.slack.emulator import SlackEmulator
from sandbox.slack.model.fixtures import crowd
from tests.flow.people.workspace import AT_ONCE, BY_GROUP, RULES, Workspace, workspace

ADD = "/pgaccess mtls add 203.0.113.4"
APPROVERS = "S0LEADS"

TWO_RULES = (
    RULES
    + """
[targets.billing]
database = "billing"
environment = "production"

[[rules]]
name = "production"
environments = ["production"]
approvers = ["S0GONE"]

[[rules]]
name = "people"
approvers = ["S0LEADS"]
"""
)


def unreadable(acts: Workspace, what: str = "cannot be read") -> list[str]:
    return [said for said in acts.everything()["operations"] if what in said]


def with_group(id: str, **changed: object) -> Callable[[SlackEmulator], None]:
    """A workspace with one more group, like that of the approvers."""

    def prepare(slack: SlackEmulator) -> None:
        group = replace(slack.world.groups[APPROVERS], id=id, handle=id.lower())
        slack.world.groups[id] = replace(group, disabled=bool(changed.get("disabled")))

    return prepare


@pytest.mark.parametrize(
    ("policy", "prepare", "refusal"),
    [
        (TWO_RULES, with_group("S0GONE", disabled=True), "Nobody could approve this now"),
        (TWO_RULES, with_group("S0MISSPELT"), "Nobody could approve this now"),
        (
            TWO_RULES.replace('["S0GONE"]', '["S0LEADS"]\nrequesters = ["S0GONE"]'),
            with_group("S0GONE", disabled=True),
            "<!subteam^S0GONE> could not be read",
        ),
    ],
    ids=["disabled", "misspelt", "of requesters"],
)
async def test_a_group_that_cannot_be_read_spoils_its_own_rule_only_and_is_told_once(
    database_url: str, policy: str, prepare: Callable[[SlackEmulator], None], refusal: str
) -> None:
    async with workspace(database_url, policy=policy, prepare=prepare) as acts:
        await acts.observed()
        await acts.until(lambda: unreadable(acts))
        assert "S0GONE (no_such_subteam)" in unreadable(acts)[0]
        await acts.type("engineer", ADD)
        assert refusal in acts.private("engineer")[-1]
        assert acts.cards() == []
        await acts.type("engineer", "/pgaccess list")
        assert "could not be read" not in acts.private("engineer")[-1]
        # The other rule, of a space that has none of the production databases, is as before.
        person = await acts.known("U0LEAD")
        assert person is not None
        assert person.groups == {APPROVERS}
        assert person.unknown_groups == {"S0GONE"}
        for _ in range(2):
            await acts.query("UPDATE slack_groups SET due_at = now()")
            await acts.directory_sync().read_groups()
        assert len(unreadable(acts)) == 1
        # Well again: told once, and what hangs on it can be asked for.
        members = ("U0LEAD", "U0LEAD2", "U0ENGINEER")
        group = replace(acts.slack.world.groups[APPROVERS], id="S0GONE", handle="gone", users=members)
        acts.slack.world.groups["S0GONE"] = replace(group, disabled=True)
        await acts.administration.enables("S0GONE")
        await acts.until(lambda: unreadable(acts, "can be read from Slack again"))
        await acts.ask(ADD)
        assert len(unreadable(acts, "can be read from Slack again")) == 1


async def test_a_missing_scope_is_told_once_for_all_groups(database_url: str) -> None:
    _, groups = crowd(50, groups=12)
    names = ", ".join(f'"{group.id}"' for group in groups)
    policy = f'{RULES}\n[[rules]]\nname = "many"\napprovers = [{names}]\n'

    def prepare(slack: SlackEmulator) -> None:
        slack.scopes -= {"usergroups:read"}

    async with workspace(database_url, policy=policy, groups=groups, prepare=prepare) as acts:
        await acts.until(lambda: unreadable(acts))
        assert "S1000, S1001" in unreadable(acts)[0]
        assert "missing_scope" in unreadable(acts)[0]
        assert len(unreadable(acts)) == 1


async def test_three_hundred_groups_are_read_with_one_call(database_url: str) -> None:
    people, groups = crowd(400, groups=300)
    names = ", ".join(f'"{group.id}"' for group in groups)
    policy = f'{RULES}\n[[rules]]\nname = "many"\napprovers = [{names}]\n'
    async with workspace(
        database_url,
        policy=policy,
        people=people,
        groups=groups,
        prepare=lambda slack: slack.set_behavior(
            calls_a_minute={"usergroups.list": 20, "usergroups.users.list": 20}
        ),
    ) as acts:

        async def all_known() -> bool:
            person = await acts.known("U1000100")
            return person is not None and len(person.groups) == 25 and not person.unknown_groups

        await acts.until(all_known)
        assert len(acts.asked("usergroups.list")) == 1
        assert acts.asked("usergroups.users.list") == []


async def test_a_group_that_is_not_listed_in_full_is_read_by_itself(database_url: str) -> None:
    people, groups = crowd(100, groups=30)
    names = ", ".join(f'"{group.id}"' for group in groups)
    policy = f'{RULES}\n[[rules]]\nname = "many"\napprovers = [{names}]\n'

    def prepare(slack: SlackEmulator) -> None:
        slack.world.groups["S1003"] = replace(groups[3], users=tuple(one.id for one in people))
        slack.set_behavior(listed_members_most=50)

    async with workspace(database_url, policy=policy, people=people, groups=groups, prepare=prepare) as acts:

        async def all_known() -> bool:
            person = await acts.known(people[-1].id)
            return person is not None and "S1003" in person.groups and not person.unknown_groups

        await acts.until(all_known)
        assert len(acts.asked("usergroups.users.list")) == 1


async def leaves(acts: Workspace) -> None:
    await acts.administration.sets_members("leads", ["lead-2"])


async def is_disabled(acts: Workspace) -> None:
    await acts.administration.disables("leads")


async def is_deactivated(acts: Workspace) -> None:
    await acts.administration.makes_guest("lead")


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (leaves, "Only approvers can decide"),
        (is_disabled, "could not be read"),
        (is_deactivated, "Guests and external users"),
    ],
)
async def test_what_an_event_puts_in_doubt_decides_nothing(
    database_url: str, change: Callable[[Workspace], Awaitable[None]], refusal: str
) -> None:
    async with workspace(database_url, policy=BY_GROUP.replace('admins = ["U0LEAD"]', "")) as acts:
        await acts.settle()
        await acts.ask(ADD)
        # Slack is slow to tell what has changed: a decision before that must wait for it.
        for method in ("usergroups.users.list", "users.info"):
            acts.slack.fault(method, fault_injection.slow(0.5, times=None))
        await change(acts)
        outcome = await acts.approve("lead")
        assert outcome.ms < AT_ONCE
        assert refusal in acts.private("lead")[-1]
        assert await acts.states() == ["pending"]


async def test_what_is_in_doubt_for_long_decides_nothing_for_long(acts: Workspace) -> None:
    await acts.ask(ADD)
    acts.slack.fault("usergroups.users.list", fault_injection.error("internal_error", times=None))
    await acts.administration.sets_members("leads", ["lead-2"])
    for person in ("lead", "lead-2"):
        outcome = await acts.approve(person)
        assert outcome.ms < AT_ONCE
        assert "S0LEADS" in acts.private(person)[-1]
    assert await acts.states() == ["pending"]


async def test_who_joins_the_approvers_decides_at_once(acts: Workspace) -> None:
    await acts.ask(ADD)
    await acts.administration.sets_members("leads", ["lead", "engineer-2"])
    assert (await acts.approve("engineer-2")).ms < AT_ONCE
    await acts.until(lambda: acts.told("engineer", "can reach"))


async def test_an_event_puts_no_other_group_in_doubt(database_url: str) -> None:
    policy = TWO_RULES.replace("S0GONE", "S0OTHERS")
    async with workspace(database_url, policy=policy, prepare=with_group("S0OTHERS")) as acts:
        await acts.settle()

        async def groups_known() -> bool:
            person = await acts.known("U0LEAD")
            return person is not None and not person.unknown_groups

        await acts.until(groups_known)
        acts.slack.fault("usergroups.users.list", fault_injection.error("internal_error", times=None))
        await acts.administration.sets_members("S0OTHERS", ["lead-2"])
        person = await acts.known("U0LEAD")
        assert person is not None
        assert person.groups == {APPROVERS}
        assert person.unknown_groups == {"S0OTHERS"}
