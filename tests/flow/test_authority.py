"""Who may get around whom: rules that change, approvers who leave, and what somebody closed."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.environment import start_environment
from sandbox.heroku.fixtures import DATABASE
from sandbox.slack.users.administration import Administration
from tests.flow.actions import Acts, heroku_emulator
from tests.flow.test_mtls_endpoint import ENABLE, turn_off

LINE = "/pgaccess mtls add 203.0.113.4"
HEAD = """
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
unmatched = "default"
{keys}
"""


def policy(*rules: str, keys: str = "") -> str:
    """A policy of some rules."""
    return HEAD.format(keys=keys) + "".join(f"\n[[rules]]\n{rule}\n" for rule in rules)


EVERYTHING = 'name = "everything"\napprovers = ["S0LEADS"]'
BOTH = 'name = "both leads"\napprovers = ["U0LEAD", "U0LEAD2"]\napprovals = 2'
OTHERS = 'name = "the other engineer"\nrequesters = ["U0ENGINEER2"]\napprovers = ["S0LEADS"]'
DENY = 'name = "not the engineer"\ndeny = true\nrequesters = ["U0ENGINEER"]'
SHORT = 'name = "short"\napprovers = ["S0LEADS"]\ndefault_duration = "1h"\nlongest_duration = "2h"'
NARROW = 'name = "narrow"\napprovers = ["S0LEADS"]\nwidest = "/32"'
RENAMED = 'name = "renamed"\napprovers = ["S0LEADS"]'
BY_LEAD_2 = 'name = "everything"\napprovers = ["U0LEAD2"]'


@pytest.fixture
async def acts(database_url: str) -> AsyncIterator[Acts]:
    """User actions in a new environment, under a policy that a test may replace."""
    async with start_environment(database_url, heroku_emulator(), policy=policy(EVERYTHING)) as environment:
        acts = Acts(environment)
        await acts.settle()
        yield acts


async def deploy(acts: Acts, *rules: str, keys: str = "") -> None:
    """Restarts the bot under other rules, with everything else as it was."""
    await acts.environment.redeploy(policy(*rules, keys=keys))
    await acts.settle()


async def interrupt(acts: Acts, cidr: str = "203.0.113.4/32") -> None:
    """Removes the rule at Heroku as somebody else."""
    now = datetime.now(UTC)
    (mine,) = [rule for rule in acts.environment.heroku.rules(DATABASE, now=now) if rule.cidr == cidr]
    acts.environment.heroku.delete_rule_externally(DATABASE, mine.id, now=now)
    await acts.environment.refresh_everything()
    await acts.until(lambda: acts.told("engineer", "removed at Heroku"))


async def known(acts: Acts, person: str, *, deactivated: bool) -> None:
    """Waits until the bot knows whether somebody is deactivated."""

    async def seen() -> bool:
        rows = await acts.query(
            f"SELECT deactivated FROM slack_users WHERE id = '{person}' AND fetched_at IS NOT NULL"
        )
        return [tuple(row) for row in rows] == [(deactivated,)]

    await acts.until(seen)


# --- judged when it is decided -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ((EVERYTHING, DENY), "the policy rule “not the engineer” denies it"),
        ((OTHERS,), "no policy rule allows it any more"),
        ((SHORT,), "the policy now allows at most 2h"),
        ((DENY, EVERYTHING), "denies it"),
    ],
)
async def test_what_the_policy_denies_by_now_is_withdrawn_and_nothing_is_opened(
    acts: Acts, rules: tuple[str, ...], why: str
) -> None:
    await acts.ask(f"{LINE} for 8h")
    await deploy(acts, *rules)
    await acts.approve()
    await acts.until(lambda: acts.told("engineer", "was withdrawn"))
    assert why in acts.told("engineer", "was withdrawn")[-1]
    assert await acts.states() == ["withdrawn"]
    await acts.until(lambda: "withdrawn by pgaccess" in acts.card())
    assert "request.approve" not in str(acts.cards()[-1]["blocks"])
    assert acts.ours() == []


async def test_a_network_that_is_too_wide_by_now_is_withdrawn(acts: Acts) -> None:
    await acts.ask("/pgaccess mtls add 203.0.113.0/24")
    await deploy(acts, NARROW)
    await acts.approve()
    await acts.until(lambda: acts.told("engineer", "was withdrawn"))
    assert acts.ours() == []


async def test_more_approvals_are_asked_for_where_more_are_needed_by_now(acts: Acts) -> None:
    await acts.ask(LINE)
    await deploy(acts, BOTH)
    assert (await acts.approve("lead")).ok
    await acts.until(lambda: "1 of 2 approvals" in acts.card())
    assert acts.ours() == []
    assert (await acts.approve("lead-2")).ok
    await acts.until(lambda: acts.told("engineer", "can reach"))


async def test_a_renamed_rule_keeps_neither_a_decision_nor_a_revocation_from_its_approvers(
    acts: Acts,
) -> None:
    await acts.ask(LINE)
    await deploy(acts, RENAMED)
    assert (await acts.approve("lead")).ok
    await acts.until(lambda: acts.told("engineer", "can reach"))
    await deploy(acts, 'name = "again"\napprovers = ["S0LEADS"]')
    assert (await acts.press("lead-2", "grant.revoke")).ok
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))
    assert acts.ours() == []


async def test_a_vote_counts_after_the_rule_it_was_given_under_is_renamed(acts: Acts) -> None:
    await deploy(acts, BOTH)
    await acts.ask(LINE)
    assert (await acts.approve("lead")).ok
    await acts.until(lambda: "1 of 2 approvals" in acts.card())
    await deploy(acts, BOTH.replace("both leads", "two leads"))
    assert (await acts.approve("lead-2")).ok
    await acts.until(lambda: acts.told("engineer", "can reach"))


async def test_where_a_rule_is_gone_those_of_the_one_that_matches_now_revoke(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    await deploy(acts, 'name = "the rest"\napprovers = ["U0LEAD2"]')
    await acts.press("lead", "grant.revoke")
    assert "Only approvers" in acts.private("lead")[-1]
    assert acts.ours() == ["203.0.113.4/32"]
    assert (await acts.press("lead-2", "grant.revoke")).ok
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))
    assert acts.ours() == []


async def test_moving_a_rule_gives_its_requests_to_nobody_else(acts: Acts) -> None:
    await acts.ask(LINE)
    await deploy(acts, OTHERS, BY_LEAD_2)
    await acts.approve("lead")
    assert "Only approvers" in acts.private("lead")[-1]
    assert await acts.states() == ["pending"]
    assert (await acts.approve("lead-2")).ok
    await acts.until(lambda: acts.told("engineer", "can reach"))


async def test_what_is_denied_between_the_approval_and_the_opening_is_not_opened(acts: Acts) -> None:
    acts.environment.faults.switch("heroku-500", on=True)
    await acts.ask(LINE)
    assert (await acts.approve()).ok
    await deploy(acts, EVERYTHING, DENY)
    acts.environment.faults.switch("heroku-500", on=False)
    await acts.environment.refresh_twice()
    await acts.until(lambda: acts.told("engineer", "was not opened"))
    assert "today's policy no longer allows it" in acts.told("engineer", "was not opened")[-1]
    assert acts.ours() == []


async def test_an_address_that_somebody_else_has_open_is_not_in_force_for_whom_a_rule_denies(
    acts: Acts,
) -> None:
    await acts.ask(LINE, "engineer-2")
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer-2", "203.0.113.4/32"))

    async def opened() -> bool:
        return await acts.states() == ["in_force"]

    await acts.until(opened)
    acts.environment.faults.switch("heroku-500", on=True)
    await acts.ask(f"{LINE} for 5d")
    assert (await acts.approve()).ok
    await deploy(acts, EVERYTHING, DENY)
    acts.environment.faults.switch("heroku-500", on=False)
    await acts.environment.refresh_twice()
    await acts.type("engineer-2", "/pgaccess done 1")

    async def settled() -> bool:
        return await acts.states() == ["ended", "failed"]

    await acts.until(settled)
    assert acts.ours() == []


async def test_mtls_is_not_enabled_for_whom_a_rule_denies_by_now(acts: Acts) -> None:
    await turn_off(acts)
    await acts.ask("/pgaccess mtls enable billing because nightly export")
    acts.environment.faults.switch("heroku-500", on=True)
    assert (await acts.approve()).ok
    await deploy(acts, EVERYTHING, DENY)
    acts.environment.faults.switch("heroku-500", on=False)
    await acts.environment.refresh_twice()
    await acts.until(lambda: acts.told("engineer", "today's policy no longer allows it"))
    assert acts.calls(ENABLE) == []


async def test_mtls_is_not_enabled_for_somebody_who_has_left(acts: Acts) -> None:
    await turn_off(acts)
    await acts.ask("/pgaccess mtls enable billing because nightly export")
    acts.environment.faults.switch("heroku-500", on=True)
    assert (await acts.approve()).ok
    await acts.environment.people.deactivates("engineer")
    await known(acts, "U0ENGINEER", deactivated=True)
    acts.environment.faults.switch("heroku-500", on=False)
    await acts.environment.refresh_twice()

    async def failed() -> bool:
        return [tuple(row) for row in await acts.query("SELECT state FROM operations")] == [("failed",)]

    await acts.until(failed)
    assert acts.calls(ENABLE) == []


# --- votes of those who may approve now --------------------------------------------------------------


async def test_the_vote_of_somebody_who_was_deactivated_does_not_count(acts: Acts) -> None:
    await deploy(acts, 'name = "two"\napprovers = ["U0LEAD", "U0LEAD2", "U0ENGINEER2"]\napprovals = 2')
    await acts.ask(LINE)
    assert (await acts.approve("lead-2")).ok
    await acts.environment.people.deactivates("lead-2")
    await known(acts, "U0LEAD2", deactivated=True)
    assert (await acts.approve("lead")).ok
    await acts.until(lambda: "1 of 2 approvals (<@U0LEAD>)" in acts.card())
    assert acts.ours() == []
    assert (await acts.approve("engineer-2")).ok
    await acts.until(lambda: acts.told("engineer", "can reach"))


async def test_the_vote_of_somebody_who_left_the_group_does_not_count(acts: Acts) -> None:
    await deploy(acts, 'name = "two"\napprovers = ["S0LEADS", "U0ENGINEER2"]\napprovals = 2')
    await acts.ask(LINE)
    assert (await acts.approve("lead")).ok
    administration = Administration(acts.environment.slack, acts.environment.people)
    assert (await administration.sets_members("S0LEADS", ["U0LEAD2"])).ok

    async def read() -> bool:
        rows = await acts.query("SELECT members FROM slack_groups WHERE fetched_at IS NOT NULL")
        return [tuple(row) for row in rows] == [(["U0LEAD2"],)]

    await acts.until(read)
    assert (await acts.approve("lead-2")).ok
    await acts.until(lambda: "1 of 2 approvals" in acts.card())
    assert acts.ours() == []


async def test_the_vote_of_a_rule_that_no_longer_names_somebody_does_not_count(acts: Acts) -> None:
    await deploy(acts, BOTH)
    await acts.ask(LINE)
    assert (await acts.approve("lead")).ok
    await deploy(acts, 'name = "both leads"\napprovers = ["U0LEAD2", "U0ENGINEER2"]\napprovals = 2')
    assert (await acts.approve("lead-2")).ok
    await acts.until(lambda: "1 of 2 approvals" in acts.card())
    assert acts.ours() == []


# --- opening again -----------------------------------------------------------------------------------


async def test_the_owner_alone_does_not_open_again_what_somebody_closed(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    await interrupt(acts)
    assert (await acts.press_own("engineer", "grant.restore", "removed at Heroku")).ok
    await acts.until(lambda: "asks to open it again" in acts.card())
    await acts.until(lambda: [each for each in acts.replies() if "asks to open #1 again" in str(each)])
    assert acts.ours() == []
    await acts.approve("engineer")
    assert "cannot decide on your own" in acts.private("engineer")[-1]
    assert (await acts.approve("lead")).ok
    await acts.until(lambda: acts.told("engineer", "was allowed to billing"))
    await acts.until(lambda: len(acts.told("engineer", "can reach billing")) == 1)
    assert acts.ours() == ["203.0.113.4/32"]
    assert len(acts.cards()) == 1


async def test_an_approver_opens_again_with_the_cards_button(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    await interrupt(acts)
    await acts.until(lambda: "grant.restore" in str(acts.cards()[-1]["blocks"]))
    assert (await acts.press("lead", "grant.restore")).ok
    await acts.until(lambda: acts.told("engineer", "was allowed to billing"))
    await acts.until(lambda: len(acts.told("engineer", "can reach billing")) == 1)


async def test_what_a_rule_denies_by_now_is_not_opened_again_by_anybody(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    await interrupt(acts)
    await deploy(acts, EVERYTHING, DENY)
    await acts.press_own("engineer", "grant.restore", "removed at Heroku")
    assert "denies it" in acts.private("engineer")[-1]
    await acts.press("lead", "grant.restore")
    assert "denies it" in acts.private("lead")[-1]
    assert acts.ours() == []


async def test_a_denied_reopening_leaves_it_closed(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    await interrupt(acts)
    assert (await acts.press_own("engineer", "grant.restore", "removed at Heroku")).ok
    await acts.until(lambda: "asks to open it again" in acts.card())
    assert (await acts.press("lead", "request.deny")).ok
    assert (await acts.submit("lead", reason="not needed")).ok
    await acts.until(lambda: "asks to open it again" not in acts.card())
    assert acts.ours() == []


# --- nobody to decide --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "person"),
    [
        ('name = "one"\napprovers = ["U0ENGINEER"]', "engineer"),
        ('name = "two"\napprovers = ["U0ENGINEER", "U0LEAD"]\napprovals = 2', "engineer"),
        ('name = "bot"\napprovers = ["U0GUEST"]', "engineer"),
        ('name = "unknown group"\napprovers = ["S0NOBODY"]', "engineer"),
    ],
)
async def test_a_request_that_nobody_could_approve_is_refused_with_what_is_missing(
    acts: Acts, rule: str, person: str
) -> None:
    await deploy(acts, rule)
    await acts.type(person, LINE)
    assert "Nobody could approve this now" in acts.private(person)[-1]
    assert await acts.states() == []


async def test_the_admins_are_asked_where_the_policy_says_so(acts: Acts) -> None:
    keys = 'when_nobody = "admins"\nadmins = ["U0LEAD2"]'
    await deploy(acts, 'name = "one"\napprovers = ["U0LEAD"]', keys=keys)
    await acts.ask(LINE, "lead")
    assert "<@U0LEAD2>" in acts.card()
    assert (await acts.approve("lead-2")).ok
    await acts.until(lambda: acts.told("lead", "can reach"))


async def test_when_the_last_approver_leaves_requester_and_operations_hear_it(acts: Acts) -> None:
    await deploy(acts, 'name = "one"\napprovers = ["U0LEAD"]')
    await acts.ask(LINE)
    await acts.environment.people.deactivates("lead")
    await known(acts, "U0LEAD", deactivated=True)
    await acts.query("DELETE FROM periodic_tasks WHERE name = 'pending requests'")
    await acts.until(lambda: acts.told("engineer", "cannot be decided at the moment"))
    await acts.until(lambda: "cannot be decided at the moment" in str(acts.messages("#operations", "lead-2")))


# --- shown whole -------------------------------------------------------------------------------------


async def test_every_account_stands_on_the_card_and_too_many_are_refused(acts: Acts) -> None:
    accounts = [f"{number:012}" for number in range(1, 14)]
    await acts.ask(f"/pgaccess privatelink add {' '.join(accounts)} to billing")
    assert all(f"arn:aws:iam::{account}:root" in acts.card() for account in accounts)
    crowd = " ".join(f"{number:012}" for number in range(1, 70))
    await acts.type("engineer", f"/pgaccess privatelink add {crowd} to billing")
    assert "too many for one request" in acts.private("engineer")[-1]
    assert await acts.states() == ["pending"]


async def test_one_person_cannot_fill_the_channel(acts: Acts) -> None:
    await deploy(acts, EVERYTHING, keys="pending_per_person = 3")
    for number in range(3):
        await acts.ask(f"/pgaccess mtls add 203.0.113.{number + 1}")
    await acts.type("engineer", "/pgaccess mtls add 203.0.113.9")
    assert "wait for a decision (3)" in acts.private("engineer")[-1]
    assert (await acts.type("engineer-2", "/pgaccess mtls add 203.0.113.9")).ok
    assert await acts.states() == ["pending"] * 4


async def test_what_waits_for_more_time_counts_among_what_waits(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    await deploy(acts, EVERYTHING, keys="pending_per_person = 1")
    await acts.ask("/pgaccess extend 1 for 2h because the export is slow")
    await acts.type("engineer", "/pgaccess mtls add 203.0.113.9")
    assert "wait for a decision (1)" in acts.private("engineer")[-1]
    await acts.type("engineer", "/pgaccess mtls certificate new on billing")
    assert "wait for a decision (1)" in acts.private("engineer")[-1]
    assert await acts.states() == ["in_force", "pending"]


async def test_time_that_passes_withdraws_what_can_no_longer_begin(acts: Acts) -> None:
    await acts.ask(f"{LINE} until tomorrow 9:00")
    await acts.environment.move_time(timedelta(days=2))
    await acts.query("DELETE FROM periodic_tasks WHERE name = 'pending requests'")
    await acts.until(lambda: acts.told("engineer", "was withdrawn") or acts.told("engineer", "expired"))
