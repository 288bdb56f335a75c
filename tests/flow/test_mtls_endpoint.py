"""mTLS endpoint and client certificates, from Slack to Heroku and back."""

from datetime import UTC, datetime

from sandbox.heroku import fault_injection
from sandbox.heroku.fixtures import DATABASE
from tests.flow.actions import Acts

ENABLE = r"POST .*/tls-endpoint$"
DISABLE = r"DELETE .*/tls-endpoint$"
CREATE = r"POST .*/certificates$"


def now() -> datetime:
    return datetime.now(UTC)


async def turn_off(acts: Acts) -> None:
    """Disables mTLS, and waits until the bot has observed it."""
    acts.environment.heroku.disable_mtls_externally(DATABASE, now=now())
    await see(acts, enabled=False)


async def see(acts: Acts, *, enabled: bool) -> None:
    """Waits until the bot has observed whether mTLS is enabled."""

    async def seen() -> bool:
        await acts.environment.refresh_everything()
        rows = await acts.query(
            "SELECT (observation->>'enabled')::bool "
            "FROM reconcile_queue q JOIN targets t ON t.id = q.target_id "
            f"WHERE t.name = '{DATABASE}' AND q.method = 'mtls'"
        )
        return bool(rows[0][0] is enabled)

    await acts.until(seen)


async def test_enabling_issues_a_first_certificate_for_the_requester(acts: Acts) -> None:
    await turn_off(acts)
    await acts.ask("/pgaccess mtls enable billing because nightly export")
    assert "Enable mTLS on billing" in acts.card()
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", "mTLS is enabled on billing"))
    assert "certificate.files" in str(acts.messages("@pgaccess", "engineer"))
    assert len(acts.calls(ENABLE)) == 1
    assert await acts.query(
        "SELECT request_id, owner, purpose, status FROM certificates WHERE absent_at IS NULL"
    ) == [(1, "U0ENGINEER", "nightly export", "ready")]


async def test_it_is_said_since_when_it_is_being_made_and_how_long_that_usually_takes(acts: Acts) -> None:
    acts.environment.heroku.fault(fault_injection.slow(2), on=CREATE)
    await acts.ask("/pgaccess mtls certificate new on billing because nightly export")
    await acts.approve()
    await acts.until(lambda: acts.told("engineer", "provisioning since"))
    assert acts.told("engineer", "usually takes 5–10 minutes")
    await acts.until(lambda: acts.told("engineer", "is ready*; it expires"))


async def test_an_address_on_a_database_that_is_not_enabled_asks_for_both(acts: Acts) -> None:
    await turn_off(acts)
    assert (await acts.type("engineer", "/pgaccess mtls add 203.0.113.4 to billing for 2h")).ok
    assert (await acts.submit("engineer", reason="migration")).ok
    await acts.until(lambda: "203.0.113.4" in acts.card())
    assert "First enables mTLS on billing" in acts.card()
    await acts.approve()
    await acts.until(lambda: acts.told("engineer", "enabling mTLS since"))
    await acts.until(lambda: acts.told("engineer", "203.0.113.4/32 can reach billing"))
    await acts.until(lambda: acts.told("engineer", "your first client certificate is ready"))
    assert acts.ours() == ["203.0.113.4/32"]
    assert len(acts.calls(ENABLE)) == 1
    audit = await acts.query("SELECT subject, before, after FROM audit WHERE subject = 'enable' ORDER BY id")
    assert audit == [("enable", "", "doing"), ("enable", "doing", "done")]


async def test_the_blank_form_offers_both_as_well(acts: Acts) -> None:
    await turn_off(acts)
    assert (await acts.type("engineer", "/pgaccess")).ok
    assert (await acts.submit("engineer", address="203.0.113.4", duration="2h", reason="migration")).ok
    offered = str(acts.environment.slack.view_for("engineer"))
    assert "This request covers both steps" in offered
    assert all(said in offered for said in ("203.0.113.4", "2h", "migration"))
    assert acts.cards() == []
    assert (await acts.submit("engineer")).ok
    await acts.until(lambda: "First enables mTLS on billing" in acts.card())
    assert "203.0.113.4/32 → billing" in acts.card()


async def test_where_it_cannot_be_enabled_the_address_is_not_opened_and_retry_tries_both(acts: Acts) -> None:
    await turn_off(acts)
    acts.environment.heroku.fault(fault_injection.status(422), on=ENABLE)
    await acts.type("engineer", "/pgaccess mtls add 203.0.113.4 to billing for 2h")
    await acts.submit("engineer", reason="migration")
    await acts.until(lambda: "203.0.113.4" in acts.card())
    await acts.approve()
    await acts.until(lambda: acts.told("engineer", "#1 failed:"))
    assert acts.told("engineer", "mTLS is not enabled on this database")
    assert (await acts.press_own("engineer", "grant.retry", "#1 failed:")).ok
    await acts.until(lambda: acts.told("engineer", "203.0.113.4/32 can reach billing"))
    assert len(acts.calls(ENABLE)) == 2


async def test_disabling_lists_what_is_lost_and_asks_for_the_name(acts: Acts) -> None:
    await acts.ask_and_open()
    assert (await acts.type("engineer", "/pgaccess mtls disable billing because it moves")).ok
    form = str(acts.environment.slack.view_for("engineer"))
    assert "203.0.113.4/32" in form
    assert "#1" in form
    assert "client certificates (1)" in form
    await acts.submit("engineer", name="bill")
    assert await acts.states() == ["in_force"]
    before = len(acts.cards())
    assert (await acts.submit("engineer", name="Billing")).ok
    await acts.until(lambda: len(acts.cards()) > before)
    assert "This includes access by request: #1." in acts.card()
    await acts.approve()
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))
    await acts.until(lambda: acts.told("engineer", "#2 done"))
    assert len(acts.calls(DISABLE)) == 1
    assert acts.environment.heroku.certificates(DATABASE, now=now()) == []


async def test_the_list_has_ours_and_unmanaged_ones_with_their_handles(acts: Acts) -> None:
    await acts.ask("/pgaccess mtls certificate new on billing because nightly export")
    await acts.approve()
    await acts.until(lambda: acts.told("engineer", "is ready*; it expires"))
    await acts.type("lead", "/pgaccess mtls certificate list")
    said = acts.private("lead")[-1]
    unmanaged, _ours = acts.environment.heroku.certificates(DATABASE, now=now())
    assert f"`{unmanaged.id.hex[:8]}`  not managed by pgaccess" in said
    assert "`#1`  <@U0ENGINEER>  ·  nightly export" in said
    await acts.type("lead", "/pgaccess mtls certificate list nothing")
    assert "nothing" in acts.private("lead")[-1]


async def test_an_unmanaged_certificate_is_removed_by_an_approved_request(acts: Acts) -> None:
    (unmanaged,) = acts.environment.heroku.certificates(DATABASE, now=now())

    async def listed() -> bool:
        await acts.environment.refresh_everything()
        return await acts.query("SELECT 1 FROM certificates") != []

    await acts.until(listed)
    await acts.ask(f"/pgaccess mtls certificate remove {unmanaged.id.hex[:8]} because nobody knows it")
    assert f"Remove client certificate {unmanaged.id.hex[:8]}" in acts.card()
    assert acts.environment.heroku.certificates(DATABASE, now=now())[0].status == "ready"
    await acts.approve()
    await acts.until(lambda: acts.told("engineer", "#1 done"))
    assert acts.environment.heroku.certificates(DATABASE, now=now())[0].status == "disabled"


async def test_of_two_certificates_that_appeared_the_owner_picks_with_a_button(acts: Acts) -> None:
    acts.environment.heroku.fault(fault_injection.lost_answer(), on=CREATE)
    await acts.ask("/pgaccess mtls certificate new on billing because nightly export")
    await acts.approve()
    await acts.until(lambda: acts.calls(CREATE))
    acts.environment.heroku.create_certificate_externally(DATABASE, now=now())
    await acts.query(
        "UPDATE operations SET progress = progress || jsonb_build_object('asked_at', "
        "((progress->>'asked_at')::timestamptz - interval '2 minutes')::text)"
    )
    await acts.environment.refresh_everything()
    await acts.until(lambda: acts.told("engineer", "more than one new certificate was found"))
    await acts.until(lambda: acts.told("engineer", "Which of these was created for #1?"))
    assert (await acts.press_own("engineer", "certificate.pick.1", "failed")).ok
    assert "Saved" in acts.private("engineer")[-1]
    await acts.until(lambda: acts.told("engineer", "is ready*; it expires"))
    rows = await acts.query("SELECT count(*), count(request_id) FROM certificates")
    assert rows == [(3, 1)]
    assert len(acts.calls(CREATE)) == 1
