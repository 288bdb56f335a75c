"""Outages of Heroku and Slack, external changes, and what is recorded and announced."""

from datetime import UTC, datetime, timedelta

from bot.ports import WorkerName
from sandbox.heroku import fault_injection as heroku_faults
from sandbox.heroku.fixtures import DATABASE
from sandbox.slack import fault_injection as slack_faults
from tests.flow.actions import Acts
from tests.unit.factories import emulated_database

LINE = "/pgaccess mtls add 203.0.113.4"
ADD = r"POST .*/ip-rules$"
REMOVE = r"DELETE .*/ip-rules/"
LIST = r"GET .*/ip-rules$"


async def look_now(acts: Acts) -> None:
    """Makes the database's next observation due now."""
    await acts.environment.refresh_everything()


async def test_an_externally_deleted_rule_is_reported_and_not_restored(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    now = datetime.now(UTC)
    (mine,) = [r for r in acts.environment.heroku.rules(DATABASE, now=now) if r.cidr == "203.0.113.4/32"]
    acts.environment.heroku.delete_rule_externally(DATABASE, mine.id, now=now)
    await look_now(acts)
    await acts.until(lambda: acts.told("engineer", "removed at Heroku outside pgaccess"))
    await acts.until(lambda: [m for m in acts.messages("#operations") if "removed at Heroku" in str(m)])
    for _ in range(3):
        await look_now(acts)
    assert await acts.states() == ["interrupted"]
    assert acts.ours() == []
    assert len(acts.calls(ADD)) == 1


async def test_an_interrupted_grant_ends_at_its_time_without_touching_heroku(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    now = datetime.now(UTC)
    (mine,) = [r for r in acts.environment.heroku.rules(DATABASE, now=now) if r.cidr == "203.0.113.4/32"]
    acts.environment.heroku.delete_rule_externally(DATABASE, mine.id, now=now)
    await look_now(acts)
    await acts.until(lambda: acts.told("engineer", "removed at Heroku"))
    await acts.environment.move_time(timedelta(hours=9))

    async def over() -> bool:
        return await acts.states() == ["ended"]

    await acts.until(over)
    assert not acts.told("engineer", "has ended*")
    assert acts.calls(REMOVE) == []


async def test_an_unmanaged_rule_is_never_touched_even_for_the_same_address(acts: Acts) -> None:
    acts.environment.heroku.add_rule_externally(DATABASE, "203.0.113.4/32", "vendor", now=datetime.now(UTC))
    await look_now(acts)
    await acts.until(lambda: len(acts.calls(LIST)) >= 2)
    await acts.ask_and_open(LINE)
    assert acts.calls(ADD) == []
    await acts.environment.move_time(timedelta(hours=9))
    await acts.until(lambda: acts.told("engineer", "has ended*"))
    assert acts.calls(REMOVE) == []
    assert "203.0.113.4/32" in acts.rules()


async def test_a_lost_answer_leaves_one_rule_found_by_its_marker_and_announced_once(acts: Acts) -> None:
    acts.environment.heroku.fault(heroku_faults.lost_answer(), on=ADD)
    await acts.ask_and_open(LINE)
    assert acts.ours() == ["203.0.113.4/32"]
    assert len(acts.calls(ADD)) == 1
    assert len(acts.told("engineer", "can reach")) == 1


async def test_an_addition_that_never_arrived_is_repeated_only_after_a_minute_of_observing(
    acts: Acts,
) -> None:
    acts.environment.heroku.fault(heroku_faults.cut_before(), on=ADD)
    await acts.ask(LINE)
    await acts.approve()
    await acts.until(lambda: len(acts.calls(LIST)) >= 4)
    assert len(acts.calls(ADD)) == 1
    assert await acts.states() == ["applying"]
    await acts.query("UPDATE mtls_rule_intents SET ambiguous_until = now()")
    await look_now(acts)
    await acts.until(lambda: acts.told("engineer", "can reach"))
    assert len(acts.calls(ADD)) == 2
    assert acts.ours() == ["203.0.113.4/32"]


async def test_an_end_does_not_wait_for_an_unanswered_addition_to_the_same_database(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    acts.environment.heroku.fault(heroku_faults.cut_before(), on=ADD)
    await acts.ask("/pgaccess mtls add 203.0.113.77 for 2d")
    await acts.approve()
    await acts.until(lambda: len(acts.calls(ADD)) == 2)
    await acts.environment.move_time(timedelta(hours=9))
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))
    assert "203.0.113.4/32" not in acts.rules()
    assert len(acts.calls(ADD)) == 2


async def test_a_lost_answer_to_a_removal_is_settled_by_the_next_observation(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    acts.environment.heroku.fault(heroku_faults.lost_answer(), on=REMOVE)
    await acts.environment.move_time(timedelta(hours=9))
    await acts.until(lambda: acts.told("engineer", "has ended*"))
    assert acts.ours() == []
    assert len(acts.told("engineer", "has ended*")) == 1


async def test_a_rejection_by_heroku_is_a_failure_that_a_person_sees(acts: Acts) -> None:
    acts.environment.heroku.fault(heroku_faults.status(422), on=ADD)
    await acts.ask(LINE)
    await acts.approve()
    await acts.until(lambda: acts.told("engineer", "was not opened"))
    assert await acts.states() == ["failed"]
    assert len(acts.calls(ADD)) == 1


async def test_a_refused_token_is_told_to_operations_and_changes_nothing(acts: Acts) -> None:
    acts.environment.heroku.fault(heroku_faults.status(401), times=None, name="denied")
    await acts.ask(LINE)
    await acts.approve()
    await acts.until(lambda: [m for m in acts.messages("#operations") if "rejects the token" in str(m)])
    assert await acts.states() == ["applying"]
    acts.environment.heroku.clear_faults()
    await look_now(acts)
    await acts.until(lambda: acts.told("engineer", "can reach"))


async def test_a_proxys_page_instead_of_an_answer_says_nothing_about_a_rule(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    before = len(acts.calls(LIST))
    acts.environment.heroku.fault(heroku_faults.html_body(404), on=LIST, times=2)
    acts.environment.heroku.fault(heroku_faults.html_body(404), on=r"GET .*/tls-endpoint$", times=2)
    await look_now(acts)
    await acts.until(lambda: len(acts.calls(LIST)) > before)
    assert await acts.states() == ["in_force"]


async def test_mtls_switched_off_by_somebody_interrupts(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    await acts.environment.app.heroku.disable_endpoint(emulated_database())
    await acts.until(
        lambda: (
            acts.environment.heroku.snapshot(now=datetime.now(UTC))["databases"][0]["tls_endpoint"] is None
        )
    )
    await look_now(acts)
    await acts.until(lambda: acts.told("engineer", "removed at Heroku"))
    await acts.type("engineer", LINE)
    assert "mTLS is not enabled" in str(acts.environment.slack.view_for("engineer"))
    assert await acts.query("SELECT count(*) FROM requests") == [(1,)]


async def test_two_grants_for_one_address_share_a_rule_until_the_second_ends(acts: Acts) -> None:
    await acts.ask_and_open("/pgaccess mtls add 203.0.113.4 for 1h")
    await acts.ask("/pgaccess mtls add 203.0.113.4 for 8h", person="engineer-2")
    await acts.approve()
    await acts.until(lambda: acts.told("engineer-2", "接続できます"))
    assert len(acts.calls(ADD)) == 1
    await acts.environment.move_time(timedelta(hours=2))
    await acts.until(lambda: acts.told("engineer", "has ended*"))
    assert acts.ours() == ["203.0.113.4/32"]
    await acts.environment.move_time(timedelta(hours=7))
    await acts.until(lambda: acts.told("engineer-2", "終了しました"))
    assert acts.ours() == []


async def test_a_lost_answer_from_slack_leaves_one_card(acts: Acts) -> None:
    acts.environment.slack.fault("chat.postMessage", slack_faults.lost_answer())
    await acts.ask(LINE)
    await acts.query("UPDATE outbox SET due_at = now() WHERE ts IS NULL")
    acts.environment.app.wakeups.wake([WorkerName.NOTIFIER])

    async def all_shown() -> bool:
        return not await acts.query("SELECT 1 FROM outbox WHERE sent_version < version")

    await acts.until(all_shown)
    assert len(acts.cards()) == 1
    assert len(acts.direct("engineer")) == 1


async def test_a_rate_limit_of_slack_is_waited_for_and_nothing_is_lost(acts: Acts) -> None:
    acts.environment.slack.fault("chat.postMessage", slack_faults.ratelimited(1))
    await acts.ask(LINE)
    assert len(acts.cards()) == 1


async def test_a_card_that_somebody_deleted_is_posted_again(acts: Acts) -> None:
    await acts.ask(LINE)
    card = acts.cards()[-1]
    acts.environment.slack.call(
        "chat.delete",
        {"channel": "C0APPROVALS", "ts": card["ts"]},
        acts.environment.app.settings.slack_token,
        now=datetime.now(UTC),
    )
    outcome = await acts.environment.people.clicks(
        "lead", channel="#approvals", ts=card["ts"], action_id="request.approve"
    )
    assert not outcome.ok
    async with acts.environment.app.store.transaction() as tx:
        await tx.outbox.refresh_cards(1)
        await tx.commit()
    await acts.until(lambda: acts.cards() and acts.cards()[-1]["ts"] != card["ts"])


async def test_after_downtime_an_overdue_end_is_carried_out_and_its_lateness_recorded(acts: Acts) -> None:
    await acts.ask_and_open("/pgaccess mtls add 203.0.113.4 for 1h")
    await acts.environment.move_time(timedelta(hours=5))
    await acts.until(lambda: acts.told("engineer", "has ended*"))
    ((late,),) = await acts.query("SELECT details->>'late_s' FROM audit WHERE after = 'ending'")
    assert 3 * 3600 < int(late) < 5 * 3600
    assert not acts.told("engineer", "#1 ends")


async def test_every_change_of_state_has_its_line_and_the_chain_holds(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    await acts.environment.move_time(timedelta(hours=9))
    await acts.until(lambda: acts.told("engineer", "has ended*"))

    async def sealed() -> bool:
        return not await acts.query("SELECT 1 FROM audit WHERE seal IS NULL")

    await acts.until(sealed)
    lines = await acts.query("SELECT subject, before, after, actor FROM audit ORDER BY id")
    assert lines == [
        ("request", "", "pending", "U0ENGINEER"),
        ("request", "pending", "approved", "U0LEAD"),
        ("grant", "", "applying", "U0LEAD"),
        ("grant", "applying", "in_force", "pgaccess"),
        ("grant", "in_force", "ending", "pgaccess"),
        ("grant", "ending", "ended", "pgaccess"),
    ]
    async with acts.environment.app.store.transaction() as tx:
        verification = await tx.audit.verify()
    assert (verification.sealed, verification.broken, verification.unsealed) == (6, None, ())


async def test_no_secret_is_in_the_store_or_in_what_slack_was_sent(acts: Acts) -> None:
    asked = await acts.ask(LINE)
    await acts.approve()
    await acts.until(lambda: acts.told("engineer", "can reach"))
    assert asked.delivery is not None
    settings = acts.environment.app.settings
    secrets = [settings.slack_token, settings.heroku_token, *settings.signing_secrets, "/respond/"]
    dump = []
    for (table,) in await acts.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        dump += [row[0] for row in await acts.query(f'SELECT row_to_json(t)::text FROM "{table}" t')]
    sent = [entry.sent for entry in acts.environment.slack.request_log if entry.kind in ("call", "respond")]
    answers = [entry.received for entry in acts.environment.slack.request_log if entry.kind == "delivery"]
    assert len(dump) > 10
    for secret in secrets:
        assert not [text for text in [*dump, *sent, *answers] if secret in text]
