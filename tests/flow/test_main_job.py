"""The main job: requested, approved, opened, announced, warned, closed; and what must not happen."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.flow.actions import Acts

LINE = "/pgaccess mtls add 203.0.113.4"


async def test_a_request_is_opened_announced_and_closed_at_its_end(acts: Acts) -> None:
    asked = await acts.ask(LINE)
    assert asked.ms < 3000
    assert await acts.states() == ["pending"]
    assert acts.ours() == []
    assert "203.0.113.4/32 → billing" in acts.card()
    assert "Adds one rule to billing; 1 of 60 used" in acts.card()
    assert "is waiting for approval from <!subteam^S0LEADS>" in acts.card()

    approved = await acts.approve()
    assert approved.ok
    assert approved.ms < 3000
    assert any("You approved #1" in said for said in acts.private("lead"))

    await acts.until(lambda: acts.told("engineer", "can reach billing"))
    assert acts.ours() == ["203.0.113.4/32"]
    assert acts.told("engineer", "#1 approved")
    assert acts.told("engineer", 'psql "$(heroku config:get DATABASE_URL -a billing)"')
    await acts.until(lambda: "in force since" in acts.card())

    await acts.environment.move_time(timedelta(hours=7, minutes=35))
    await acts.until(lambda: acts.told("engineer", "#1 ends"))
    assert acts.ours() == ["203.0.113.4/32"]

    await acts.environment.to_next_event()
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))
    assert acts.ours() == []
    assert acts.rules() == ["198.51.100.0/24"]
    assert await acts.states() == ["ended"]
    await acts.until(lambda: "#1 ended" in acts.card())


async def test_in_force_is_not_said_before_heroku_has_authorised_the_rule(acts: Acts) -> None:
    await acts.ask(LINE)
    await acts.approve()
    await acts.until(acts.ours)
    told_when_open = acts.told("engineer", "can reach")
    status = [
        rule.status
        for rule in acts.environment.heroku.rules("postgresql-curved-12345", now=datetime.now(UTC))
    ]
    assert "Authorizing" not in status or not told_when_open
    await acts.until(lambda: acts.told("engineer", "can reach"))


async def test_one_request_is_one_rule_one_card_and_each_notification_once(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    assert len(acts.calls(r"POST .*/ip-rules")) == 1
    assert len(acts.cards()) == 1
    assert len(acts.told("engineer", "#1 approved")) == 1
    assert len(acts.told("engineer", "can reach")) == 1


async def test_a_denial_is_told_with_its_reason_and_opens_nothing(acts: Acts) -> None:
    await acts.ask(LINE)
    assert (await acts.press("lead", "request.deny")).ok
    view = acts.environment.slack.view_for("lead")
    assert view is not None
    sent = await acts.environment.people.submits("lead", {"reason": {"reason": "use a dyno"}})
    assert sent.ok
    await acts.until(lambda: acts.told("engineer", "use a dyno"))
    await acts.until(lambda: "denied by <@U0LEAD>" in acts.card())
    assert await acts.states() == ["denied"]
    assert acts.calls(r"POST .*/ip-rules") == []
    assert "Approve" not in acts.card()


async def test_the_second_approver_is_told_who_decided(acts: Acts) -> None:
    await acts.ask(LINE)
    late = acts.built_click("lead-2", "request.approve")
    await acts.approve("lead")
    await acts.environment.people.sends(late)
    assert any("判断しています" in said and "<@U0LEAD>" in said for said in acts.private("lead-2"))
    assert len(await acts.query("SELECT * FROM decisions")) == 1


async def test_nobody_approves_their_own_request(acts: Acts) -> None:
    await acts.ask(LINE, person="lead")
    await acts.approve("lead")
    assert await acts.states() == ["pending"]
    assert "own" in acts.private("lead")[-1]


async def test_an_engineer_cannot_approve(acts: Acts) -> None:
    await acts.ask(LINE, person="engineer-2")
    await acts.approve("engineer")
    assert await acts.states() == ["pending"]
    assert "approver" in acts.private("engineer")[-1]


async def test_the_same_click_again_decides_nothing_twice(acts: Acts) -> None:
    await acts.ask(LINE)
    approved = await acts.approve()
    assert approved.delivery is not None
    again = await acts.environment.people.replays(approved.delivery)
    assert again.ok
    await acts.until(lambda: acts.told("engineer", "can reach"))
    assert len(await acts.query("SELECT * FROM grants")) == 1
    assert len(acts.calls(r"POST .*/ip-rules")) == 1


async def test_the_same_command_again_records_one_request(acts: Acts) -> None:
    asked = await acts.ask(LINE)
    assert asked.delivery is not None
    await acts.environment.people.replays(asked.delivery)
    assert len(await acts.query("SELECT * FROM requests")) == 1


async def test_a_missing_address_opens_the_form_with_what_was_typed(acts: Acts) -> None:
    await acts.type("engineer", "/pgaccess mtls add for 2h because nightly export")
    view = acts.environment.slack.view_for("engineer")
    assert view is not None
    assert "nightly export" in str(view["blocks"])
    wrong = await acts.environment.people.submits("engineer", {"address": {"address": "10.0.0.1"}})
    assert "private" in wrong.errors["address"]
    sent = await acts.environment.people.submits("engineer", {"address": {"address": "203.0.113.9"}})
    assert sent.ok
    await acts.until(lambda: "203.0.113.9/32" in acts.card())
    assert "2h" in acts.card()
    assert "nightly export" in acts.card()


async def test_a_japanese_reader_is_written_to_in_japanese_and_the_channel_in_its_own_language(
    acts: Acts, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A store that is late costs the person's language by design; here, the test machine's load must not.
    monkeypatch.setattr("handlers.bolt_app.LOCALE", timedelta(seconds=10))
    await acts.ask("/pgaccess mtls add 203.0.113.4", person="engineer-2")
    assert any("を受け付けました" in said for said in acts.private("engineer-2"))
    assert "is waiting for approval from" in acts.card()
    await acts.approve()
    await acts.until(lambda: acts.told("engineer-2", "接続できます"))


async def test_a_guest_cannot_ask(acts: Acts) -> None:
    for line in (LINE, "/pgaccess", "/pgaccess list"):
        await acts.type("guest", line)
        assert "Guests" in acts.private("guest")[-1]
    assert acts.environment.slack.view_for("guest") is None
    assert await acts.states() == []


async def test_a_deactivated_approver_decides_nothing(acts: Acts) -> None:
    await acts.ask(LINE)
    built = acts.built_click("lead", "request.approve")
    await acts.environment.people.deactivates("lead")
    await acts.environment.people.sends(built)
    assert await acts.states() == ["pending"]


async def test_list_show_and_help_answer_privately(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    await acts.type("engineer", "/pgaccess list")
    await acts.type("engineer", "/pgaccess show 1")
    await acts.type("engineer", "/pgaccess help")
    listed, shown, helped = acts.private("engineer")[-3:]
    assert "203.0.113.4/32 → billing" in listed
    assert "in force, verified at Heroku" in shown
    assert "/pgaccess mtls add" in helped
