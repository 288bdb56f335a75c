"""The policy beside who there is in Slack: groups nobody is in, and rules nobody can decide."""

from dataclasses import replace
from typing import Any

from bot.domain.person import Person
from bot.domain.policy.rules import WhenNobody
from bot.policy.deciders import GroupReading, People, group_findings, rule_findings
from bot.policy.finding import Finding
from tests.unit.factories import POLICY, RULE, person, ruled


def people(*persons: Person, **groups: GroupReading) -> People:
    return People(persons={each.id: each for each in persons}, groups=groups)


def group(*members: str) -> GroupReading:
    return GroupReading(members=members)


def found(known: People, **rule: Any) -> list[Finding]:
    return list(rule_findings(ruled(**rule), known))


LEADS = (person("U0LEAD"), person("U0LEAD2"), person("U0LEAD3"))
UNREADABLE = GroupReading(members=None, error="no_such_subteam")


def test_a_rule_with_more_approvers_than_it_needs_is_not_named() -> None:
    assert found(people(*LEADS[:2])) == []
    both = frozenset({"U0LEAD", "S0LEADS"})
    assert found(people(*LEADS, S0LEADS=group("U0LEAD", "U0LEAD2", "U0LEAD3")), approvers=both) == []


def test_the_same_person_named_twice_counts_once() -> None:
    both = frozenset({"U0LEAD", "S0LEADS"})
    known = people(*LEADS, S0LEADS=group("U0LEAD"))
    (finding,) = found(known, approvers=both, approvals=2)
    assert finding.wrong
    assert "only 1 is known who could give one" in finding.sentence


def test_only_active_full_members_can_decide() -> None:
    known = people(
        person("U0LEAD", deactivated=True), person("U0LEAD2", guest=True), S0LEADS=group("U0LEAD", "U0NOBODY")
    )
    (finding,) = found(known, approvers=frozenset({"U0LEAD", "U0LEAD2", "S0LEADS"}))
    assert finding.wrong
    assert finding.sentence == (
        'rule "everything" needs 1 approval, and nobody is known who could give one: when somebody asks, it '
        "is refused"
    )


def test_just_enough_is_worth_a_word_only_where_one_of_them_may_ask() -> None:
    known = people(*LEADS, S0ENGINEERS=group("U0ENGINEER"))
    (everybody,) = found(known, approvals=2)
    assert not everybody.wrong
    assert everybody.sentence.endswith("and 2 can give them: when one of these asks, it is refused")
    assert found(known, approvals=2, requesters=frozenset({"S0ENGINEERS"})) == []
    assert len(found(known, approvals=2, requesters=frozenset({"S0ENGINEERS", "U0LEAD"}))) == 1


def test_the_admins_help_where_the_policy_says_so() -> None:
    policy = replace(
        POLICY,
        rules=(replace(RULE, approvers=frozenset({"U0LEAD"}), approvals=2),),
        admins=frozenset({"S0ADMINS"}),
    )
    known = people(*LEADS, S0ADMINS=group("U0LEAD2", "U0LEAD3"))
    (refused,) = rule_findings(policy, known)
    assert refused.wrong
    (helped,) = rule_findings(replace(policy, when_nobody=WhenNobody.ADMINS), known)
    assert not helped.wrong
    assert helped.sentence.endswith("when somebody asks, the admins decide as well")


def test_a_group_that_cannot_be_read_does_no_harm_where_others_are_enough() -> None:
    approvers = frozenset({"U0LEAD", "U0LEAD2", "S0GONE"})
    assert found(people(*LEADS, S0GONE=UNREADABLE), approvers=approvers) == []
    assert len(found(people(*LEADS, S0GONE=UNREADABLE), approvers=frozenset({"S0GONE"}))) == 1


def test_denying_rules_need_nobody() -> None:
    assert found(people(), denies=True, approvers=frozenset()) == []


def test_groups_that_are_empty_or_cannot_be_read_are_named() -> None:
    groups = {
        "S0EMPTY": group(),
        "S0GONE": UNREADABLE,
        "S0FULL": group("U0LEAD"),
        "S0NEW": GroupReading(members=None),
    }
    assert [each.sentence for each in group_findings(groups)] == [
        "the user group S0EMPTY has no members",
        "the user group S0GONE cannot be read (no_such_subteam): nobody is known to be in it, so what hangs "
        "on it is refused",
        "the user group S0NEW cannot be read (not read yet): nobody is known to be in it, so what hangs on "
        "it is refused",
    ]
