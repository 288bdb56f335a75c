"""Every command from Slack to Heroku and back, typed and pressed."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.environment import start_environment
from sandbox.heroku import fault_injection
from sandbox.heroku.fixtures import DATABASE
from tests.flow.actions import Acts, heroku_emulator

LINE = "/pgaccess mtls add 203.0.113.4"
ADD = r"POST .*/ip-rules$"

TWO = """
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
unmatched = "default"
admins = ["U0LEAD"]

[targets.payments]
database = "billing"
environment = "production"

[[rules]]
name = "production"
environments = ["production"]
approvers = ["U0LEAD", "U0LEAD2"]
approvals = 2
extend_alone = "1h"
permanent = true
minimum_reason = 5
"""


async def interrupt(acts: Acts, cidr: str = "203.0.113.4/32") -> None:
    """Removes the rule at Heroku as somebody else."""
    now = datetime.now(UTC)
    (mine,) = [r for r in acts.environment.heroku.rules(DATABASE, now=now) if r.cidr == cidr]
    acts.environment.heroku.delete_rule_externally(DATABASE, mine.id, now=now)
    await acts.environment.refresh_everything()
    await acts.until(lambda: acts.told("engineer", "removed at Heroku"))


async def test_done_ends_ones_own_at_once(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    await acts.type("engineer", "/pgaccess done 1")
    assert "is ending" in acts.private("engineer")[-1]
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))
    assert acts.ours() == []
    assert await acts.states() == ["ended"]


async def test_done_by_the_button_of_the_notification(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    assert (await acts.press_own("engineer", "grant.done", "can reach")).ok
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))
    assert acts.ours() == []


async def test_done_is_for_ones_own_only(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    await acts.type("engineer-2", "/pgaccess done 1")
    assert await acts.states() == ["in_force"]


async def test_cancel_withdraws_a_pending_request(acts: Acts) -> None:
    await acts.ask(LINE)
    await acts.until(lambda: acts.told("engineer", "requests mTLS access"))
    assert (await acts.press_own("engineer", "request.cancel")).ok
    assert await acts.states() == ["cancelled"]
    await acts.until(lambda: "withdrawn" in acts.card())
    await acts.type("engineer", "/pgaccess cancel 1")
    assert await acts.states() == ["cancelled"]


async def test_an_approver_revokes_with_the_cards_button(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    await acts.until(lambda: "grant.revoke" in str(acts.cards()[-1]["blocks"]))
    assert (await acts.press("lead", "grant.revoke")).ok
    await acts.until(lambda: acts.told("engineer", "revoked by an approver"))
    assert acts.ours() == []


async def test_an_engineer_cannot_revoke(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    await acts.type("engineer-2", "/pgaccess revoke 1")
    assert await acts.states() == ["in_force"]


async def test_extend_is_a_new_decision_that_moves_the_end(acts: Acts) -> None:
    await acts.ask_and_open("/pgaccess mtls add 203.0.113.4 for 1h")
    await acts.ask("/pgaccess extend 1 for 2h because the export is slow")
    assert "extend #1: 2h" in acts.card()
    await acts.approve()
    await acts.until(lambda: acts.told("engineer", "now ends"))
    await acts.environment.move_time(timedelta(hours=2))
    await acts.environment.refresh_everything()
    assert await acts.states() == ["in_force", "approved"]
    await acts.environment.move_time(timedelta(hours=2))
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))
    assert acts.ours() == []


async def test_extend_by_the_button_of_the_warning(acts: Acts) -> None:
    await acts.ask_and_open("/pgaccess mtls add 203.0.113.4 for 4h")
    await acts.environment.to_next_event()
    await acts.until(lambda: acts.told("engineer", "#1 ends"))
    assert (await acts.press_own("engineer", "grant.extend", "Still needed")).ok
    before = len(acts.cards())
    assert (await acts.submit("engineer", duration="2h", reason="not done yet")).ok
    await acts.until(lambda: len(acts.cards()) > before)
    assert "not done yet" in acts.card()


async def test_what_is_closing_is_not_extended(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    acts.environment.heroku.fault(fault_injection.status(500), on=r"DELETE ", times=None)
    await acts.type("engineer", "/pgaccess done 1")
    await acts.type("engineer", "/pgaccess extend 1 for 2h")
    assert "/pgaccess mtls add 203.0.113.4/32 to billing" in acts.private("engineer")[-1]


async def test_remove_of_ones_own_address_closes_it_at_once(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    await acts.type("engineer", "/pgaccess mtls remove 203.0.113.4")
    assert "#1" in acts.private("engineer")[-1]
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))
    assert acts.ours() == []


async def test_remove_of_somebody_elses_address_is_a_request_that_lists_it(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    await acts.ask("/pgaccess mtls remove 203.0.113.4 because offboarding", person="engineer-2")
    assert "Ends #1 immediately" in acts.card()
    assert await acts.states() == ["in_force", "pending"]
    await acts.approve()
    await acts.until(lambda: acts.told("engineer", "its removal was approved"))
    assert acts.ours() == []


async def test_remove_of_what_is_not_there_is_refused_and_of_what_others_made_waits_for_a_decision(
    acts: Acts,
) -> None:
    await acts.type("engineer", "/pgaccess mtls remove 203.0.113.200")
    assert len(acts.private("engineer")) == 1
    assert await acts.states() == []
    await acts.ask("/pgaccess mtls remove 198.51.100.0/24 because nobody knows it")
    assert await acts.states() == ["pending"]
    assert "198.51.100.0/24" in acts.rules()
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", "#1 done"))
    assert "198.51.100.0/24" not in acts.rules()


async def test_retry_opens_what_heroku_refused(acts: Acts) -> None:
    acts.environment.heroku.fault(fault_injection.status(422), on=ADD)
    await acts.ask(LINE)
    await acts.approve()
    await acts.until(lambda: acts.told("engineer", "was not opened"))
    assert (await acts.press_own("engineer", "grant.retry", "was not opened")).ok
    await acts.until(lambda: acts.told("engineer", "can reach"))
    assert acts.ours() == ["203.0.113.4/32"]


async def test_abandoning_settles_a_failure(acts: Acts) -> None:
    acts.environment.heroku.fault(fault_injection.status(422), on=ADD)
    await acts.ask(LINE)
    await acts.approve()
    await acts.until(lambda: acts.told("engineer", "was not opened"))
    assert (await acts.press_own("engineer", "grant.give_up", "was not opened")).ok
    assert await acts.states() == ["ended"]
    await acts.type("engineer", "/pgaccess retry 1")
    assert await acts.states() == ["ended"]


async def test_an_interrupted_grant_can_be_ended(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    await interrupt(acts)
    assert (await acts.press_own("engineer", "grant.done", "removed at Heroku")).ok
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))
    assert acts.calls("DELETE ") == []


async def test_an_approver_makes_it_shorter_and_narrower(acts: Acts) -> None:
    await acts.ask("/pgaccess mtls add 203.0.113.0/28 for 8h")
    assert (await acts.press("lead", "request.change")).ok
    wider = await acts.submit("lead", address="203.0.113.0/24")
    assert wider.errors
    sent = await acts.submit("lead", address="203.0.113.4", duration="2h")
    assert sent.ok, sent
    await acts.until(lambda: acts.told("engineer", "203.0.113.4/32 can reach"))
    assert acts.ours() == ["203.0.113.4/32"]
    assert "2h" in acts.card()


async def test_an_undecided_request_is_reminded_of_in_the_thread_and_lapses(acts: Acts) -> None:
    await acts.ask(LINE)
    await acts.environment.move_time(timedelta(hours=2))
    await acts.until(lambda: acts.replies())
    assert acts.replies()[0]["thread_ts"] == acts.cards()[0]["ts"]
    await acts.environment.move_time(timedelta(hours=30))
    await acts.until(lambda: acts.told("engineer", "expired without a decision"))
    assert await acts.states() == ["lapsed"]


async def test_status_list_and_why_show_the_present_state(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    await acts.environment.refresh_everything()
    await acts.until(lambda: len(acts.calls(r"GET .*/ip-rules$")) >= 4)
    await acts.type("engineer", "/pgaccess status billing")
    assert "203.0.113.4/32" in acts.private("engineer")[-1]
    assert "not managed by pgaccess: office" in acts.private("engineer")[-1]
    for line, answer in [
        ("mtls list", "2 of 60 rules"),
        ("why billing", "203.0.113.4/32 is authorized (#1)"),
        ("list nosuch", "nosuch"),
    ]:
        before = len(acts.private("engineer"))
        await acts.type("engineer", f"/pgaccess {line}")
        # The status that was requested before may be refreshed meanwhile.
        assert [said for said in acts.private("engineer")[before:] if answer in said], line
    await acts.type("engineer-2", "/pgaccess why billing")
    assert "/pgaccess mtls add" in acts.private("engineer-2")[-1]


async def test_a_status_is_refreshed_after_a_new_observation(acts: Acts) -> None:
    await acts.settle()
    acts.environment.heroku.add_rule_externally(
        DATABASE, "198.51.100.77/32", "somebody", now=datetime.now(UTC)
    )
    await acts.type("engineer", "/pgaccess status billing")
    stale = acts.private("engineer")[-1]
    assert "refreshing now" in stale
    assert "198.51.100.77/32" not in stale
    await acts.until(lambda: "198.51.100.77/32" in acts.private("engineer")[-1])
    assert "just refreshed" in acts.private("engineer")[-1]


async def test_the_app_home_shows_what_waits_and_decides_it(acts: Acts) -> None:
    await acts.ask(LINE)
    await acts.environment.people.opens_home("lead")
    await acts.until(lambda: "203.0.113.4/32 → billing" in str(acts.environment.slack.home_for("lead")))
    view = acts.environment.slack.home_for("lead")
    assert view is not None
    assert "Needs your decision" in str(view)
    pressed = await acts.environment.people.clicks_in_view(
        "lead", view_id=view["id"], action_id="request.approve"
    )
    assert pressed.ok
    await acts.until(lambda: acts.told("engineer", "can reach"))
    await acts.until(lambda: "Nothing needs" in str(acts.environment.slack.home_for("lead")))


async def test_the_global_shortcut_opens_the_form(acts: Acts) -> None:
    assert (await acts.environment.people.shortcut("engineer", "shortcut.ask")).ok
    assert "Request access" in str(acts.environment.slack.view_for("engineer"))


@pytest.fixture
async def strict(database_url: str) -> AsyncIterator[Acts]:
    async with start_environment(database_url, heroku_emulator(), policy=TWO) as environment:
        acts = Acts(environment)
        await acts.settle()
        yield acts


async def test_two_approvals_are_needed_and_counted_once_each(strict: Acts) -> None:
    acts = strict
    await acts.ask(f"{LINE} to payments because migration")
    await acts.approve("lead")
    assert await acts.states() == ["pending"]
    await acts.until(lambda: "1 of 2 approvals" in acts.card())
    await acts.approve("lead")
    assert len(await acts.query("SELECT * FROM decisions")) == 1
    await acts.approve("lead-2")
    await acts.until(lambda: acts.told("engineer", "can reach"))


async def test_one_denial_decides_even_after_an_approval(strict: Acts) -> None:
    acts = strict
    await acts.ask(f"{LINE} to payments because migration")
    await acts.approve("lead")
    await acts.press("lead-2", "request.deny")
    assert (await acts.submit("lead-2", reason="no")).ok
    assert await acts.states() == ["denied"]


async def test_a_short_extension_needs_no_decision_where_the_rule_says_so(strict: Acts) -> None:
    acts = strict
    await acts.ask(f"{LINE} for 1h because migration")
    await acts.approve("lead")
    await acts.approve("lead-2")
    await acts.until(lambda: acts.told("engineer", "can reach"))
    await acts.type("engineer", "/pgaccess extend 1 for 1h")
    assert "#1 now ends" in acts.private("engineer")[-1]
    await acts.ask("/pgaccess extend 1 for 1h because still not done")
    assert await acts.states() == ["in_force", "pending"]
    assert len(await acts.query("SELECT * FROM requests WHERE state = 'pending'")) == 1


async def test_access_without_an_end_ends_when_somebody_ends_it(strict: Acts) -> None:
    acts = strict
    await acts.ask(f"{LINE} for ever because the BI tool lives there")
    await acts.approve("lead")
    await acts.approve("lead-2")
    await acts.until(lambda: acts.told("engineer", "ends only when ended manually"))
    await acts.environment.move_time(timedelta(days=300))
    await acts.environment.refresh_everything()
    assert await acts.states() == ["in_force"]
    await acts.type("engineer", "/pgaccess done 1")
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))


async def test_a_missing_reason_opens_the_form(strict: Acts) -> None:
    acts = strict
    await acts.type("engineer", LINE)
    assert acts.environment.slack.view_for("engineer") is not None
    short = await acts.submit("engineer", reason="no")
    assert short.errors
    assert (await acts.submit("engineer", reason="nightly export")).ok
