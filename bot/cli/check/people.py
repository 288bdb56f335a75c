"""Checks the people and user groups that the policy names, and whether each rule can be decided."""

from collections.abc import AsyncIterator, Collection
from typing import Final

from bot.cli.check.report import CheckResult, ReportLine, failed, found, note, ok, problem, run_check
from bot.cli.check.slack_calls import advice, call
from bot.domain.person import Person
from bot.domain.policy.rules import Policy, WhenNobody
from bot.errors import SlackError
from bot.policy.deciders import GroupReading, People, is_able, rule_findings
from bot.slack import SlackClient

PEOPLE: Final = "approvers"
REQUESTERS: Final = "requesters"
AUDITORS: Final = "auditors"
GROUPS: Final = "user groups"
RULES: Final = "rules"

_MAY: Final = {PEOPLE: "approve", AUDITORS: "see what is recorded"}
"""What people are named for, by topic."""

LOOKED_UP: Final = 20
"""Members of one group that are looked up at most to find enough approvers; Slack takes 100 a minute."""

NO_GROUPS: Final = frozenset({"plan_upgrade_required", "paid_teams_only"})
"""Slack's error codes where the plan has no user groups (Slack developer documentation, 2026-11)."""


class _Reader:
    """Reads people and groups from Slack, each once.

    Args:
        slack: where they are read.
    """

    def __init__(self, slack: SlackClient) -> None:
        self._slack = slack
        self._persons: dict[str, Person | None] = {}
        self._groups: dict[str, tuple[str, ...]] = {}

    async def person(self, id: str) -> Person | None:
        """Return a person; None if there is nobody of that id."""
        if id not in self._persons:
            self._persons[id] = await self._slack.person(id)
        return self._persons[id]

    async def group(self, id: str) -> tuple[str, ...]:
        """Return the members of a group."""
        if id not in self._groups:
            self._groups[id] = await self._slack.group_members(id)
        return self._groups[id]

    async def find_able(self, ids: Collection[str], enough: int) -> None:
        """Look people up until enough of them are known who could decide."""
        candidates = [id for id in sorted(ids) if not id.startswith("S")]
        for id in sorted(ids):
            if id.startswith("S"):
                try:
                    candidates += (await self.group(id))[:LOOKED_UP]
                except SlackError:
                    # It has a line of its own; the others may be enough.
                    continue
        able: set[str] = set()
        for id in candidates:
            if len(able) >= enough:
                return
            if is_able(await self.person(id)):
                able.add(id)

    @property
    def people(self) -> People:
        """Everybody who was read so far."""
        persons = {id: person for id, person in self._persons.items() if person is not None}
        groups = {id: GroupReading(members=members) for id, members in self._groups.items()}
        return People(persons=persons, groups=groups)


async def check_people(slack: SlackClient, policy: Policy) -> AsyncIterator[ReportLine]:
    """Check every person and group that the policy names, and whether each rule can be decided."""
    for line in (await run_check(GROUPS, _plan(slack, policy))).lines:
        yield line
    reader = _Reader(slack)
    deciding = sorted(policy.admins.union(*(rule.approvers for rule in policy.rules)))
    for line in await _named(reader, PEOPLE, deciding, "all exist and are active full members"):
        yield line
    asking = frozenset[str]().union(*(rule.requesters or () for rule in policy.rules))
    # A person who may ask and has left can do no harm, and need not be taken out of the policy at once.
    groups = sorted(id for id in asking if id.startswith("S") and id not in deciding)
    if groups:
        for line in await _named(reader, REQUESTERS, groups, "all can be read, and have members"):
            yield line
    # Who also decides has a line above.
    auditing = sorted(policy.auditors.difference(deciding))
    if auditing:
        for line in await _named(reader, AUDITORS, auditing, "all exist and are active full members"):
            yield line
    for line in (await run_check(RULES, _decidable(reader, policy))).lines:
        yield line


async def _plan(slack: SlackClient, policy: Policy) -> CheckResult[None]:
    """Return a line only if the workspace has no user groups at all, as on Slack's free plan."""
    try:
        await call(slack, "usergroups.list")
    except SlackError as error:
        if error.code not in NO_GROUPS:
            # Whatever else is wrong is said of each group, or of the scopes.
            return CheckResult(lines=[])
        plan = "this workspace has no user groups, which are not part of its Slack plan"
        if policy.groups:
            return failed(GROUPS, f"{plan}: name people instead of {', '.join(sorted(policy.groups))}")
        return CheckResult(
            lines=[note(GROUPS, f"{plan}; the policy names only people, so nothing is missing")]
        )
    return CheckResult(lines=[])


async def _named(reader: _Reader, topic: str, ids: Collection[str], all_well: str) -> list[ReportLine]:
    """Return a line for each person or group with which something is wrong, or one for all."""
    lines: list[ReportLine] = []
    for id in ids:
        check = _group(reader, topic, id) if id.startswith("S") else _person(reader, topic, id)
        lines += (await run_check(topic, check)).lines
    return lines or [ok(topic, f"{', '.join(ids)}: {all_well}")]


async def _decidable(reader: _Reader, policy: Policy) -> CheckResult[None]:
    """Return lines for rules that too few people can decide."""
    for rule in policy.rules:
        # One more than is needed: of those who can decide, one may be who asks.
        await reader.find_able(rule.approvers, rule.approvals + 1)
    if policy.when_nobody is WhenNobody.ADMINS:
        await reader.find_able(policy.admins, max(rule.approvals for rule in policy.rules) + 1)
    lines = found(RULES, rule_findings(policy, reader.people))
    return CheckResult(lines=lines or [ok(RULES, "each has more approvers than it needs")])


async def _person(reader: _Reader, topic: str, id: str) -> CheckResult[None]:
    """Return a line only if a person may not do what the policy names them for."""
    try:
        person = await reader.person(id)
    except SlackError as error:
        return failed(topic, f"{id}: {advice(error)}")
    if person is None:
        return failed(topic, f"{id} does not exist in this workspace: check the id in the policy")
    why = _ineligible(person)
    return CheckResult(
        lines=[problem(topic, f"{person.name} ({id}) {why} and may not {_MAY[topic]}")] if why else []
    )


def _ineligible(person: Person) -> str | None:
    reasons = (
        (person.deactivated, "is deactivated"),
        (person.bot, "is a bot"),
        (person.guest, "is a guest"),
        (person.external, "belongs to another workspace"),
    )
    return next((why for applies, why in reasons if applies), None)


async def _group(reader: _Reader, topic: str, id: str) -> CheckResult[None]:
    """Return a line only if a group is missing, unreadable or empty."""
    try:
        members = await reader.group(id)
    except SlackError as error:
        if error.code in NO_GROUPS:
            return failed(topic, f"{id}: this workspace's Slack plan has no user groups")
        missing = "the user group does not exist or is disabled: check the id in the policy"
        return failed(topic, f"{id}: {missing if error.code == 'no_such_subteam' else advice(error)}")
    return CheckResult(lines=[] if members else [problem(topic, f"the user group {id} has no members")])
