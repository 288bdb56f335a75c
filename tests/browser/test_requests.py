"""Requests on the page: by command, by form, in both languages, and rejected ones."""

from collections.abc import Callable

import pytest

from sandbox.heroku.fixtures import SPACE
from tests.browser.page_driver import Session
from tests.flow.actions import heroku_emulator

WATCHES = """() => {
    window.flickers = window.answers = 0;
    const marked = { subtree: true, attributes: true, attributeFilter: ["aria-invalid"] };
    new MutationObserver((seen) => {
        window.flickers += seen.filter(({ target }) => !target.hasAttribute("aria-invalid")).length;
    }).observe(document.getElementById("modal-body"), marked);
    new MutationObserver(() => {
        if (document.getElementById("modal").ariaBusy !== "true") window.answers += 1;
    }).observe(document.getElementById("modal"), { attributes: true, attributeFilter: ["aria-busy"] });
}"""
"""Counts how often a field loses its mark, and how often a form was answered."""

pytestmark = pytest.mark.timeout(60)


def test_a_command_is_answered_with_its_interpretation_and_becomes_a_card(session: Session) -> None:
    number = session.asked("203.0.113.16/28 to billing for 2d because quarterly migration")
    session.engineer.is_told("203.0.113.16/28 → billing · mTLS · 2d")
    session.engineer.is_told("Reason: quarterly migration")
    session.lead.sees(f"#{number} is waiting for approval from @Leads", "16 addresses", "of 60 used")


def test_the_form_shows_errors_at_fields_and_keeps_the_input(session: Session) -> None:
    engineer = session.engineer
    engineer.types("/pgaccess mtls add for 2h")
    engineer.writes("10.0.0.1", into="Address")
    engineer.writes("nightly export", into="Reason")
    engineer.sends()
    engineer.finds_wrong("Address", "10.0.0.1 is a private address")
    engineer.pictured("form-error")
    engineer.page.evaluate(WATCHES)
    engineer.sends()
    engineer.page.wait_for_function("() => window.answers === 1")
    engineer.finds_wrong("Address", "10.0.0.1 is a private address")
    assert engineer.page.evaluate("window.flickers") == 0
    engineer.writes("203.0.113.5", into="Address")
    engineer.writes("a while", into="Duration")
    engineer.sends()
    engineer.finds_wrong("Duration", "a while is not a duration")
    engineer.writes("3h", into="Duration")
    engineer.sends()
    engineer.form.wait_for(state="detached")
    session.lead.sees("203.0.113.5/32 → billing  ·  mTLS  ·  3h", "nightly export", place="approvals")


def test_the_global_shortcut_opens_the_form(session: Session) -> None:
    engineer = session.engineer
    engineer.starts("Request access")
    engineer.sees_in_form("Request access")
    engineer.writes("203.0.113.6", into="Address")
    engineer.sends()
    session.lead.sees("203.0.113.6/32 → billing", place="approvals")


def test_a_closed_form_requests_nothing(session: Session) -> None:
    session.engineer.types("/pgaccess mtls add for 2h")
    session.engineer.writes("203.0.113.7", into="Address")
    session.engineer.form.get_by_role("button", name="Cancel").click()
    session.engineer.form.wait_for(state="detached")
    session.lead.sees_not("203.0.113.7", place="approvals")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("/pgaccess mtsl remove 203.0.113.4", "Did you mean mtls"),
        ("/pgaccess mtls remvoe 203.0.113.4", "Did you mean remove"),
        ("/pgaccess mtls add 10.0.0.1", "10.0.0.1 is a private address"),
        ("/pgaccess mtls add 203.0.113.9/24", "Use 203.0.113.0/24 for the whole network"),
        ("/pgaccess mtls add 2001:db8::1", "Heroku rules support only IPv4"),
        ("/pgaccess mtls add 0.0.0.0/0", "the whole internet"),
        ("/pgaccess mtls add 203.0.113.8 to biling", "There is no database biling. Available: billing"),
        ("/pgaccess show 4711", "There is no request #4711"),
        ("/pgaccess help", "Act on a request"),
        ("/pgaccess help mtls", "the rules of a database"),
        ("/pgaccess help mtls add", "Examples"),
    ],
)
def test_invalid_commands_and_help_are_answered_privately(session: Session, line: str, answer: str) -> None:
    session.engineer.types(line)
    session.engineer.is_told(answer)


def test_a_japanese_reader_reads_japanese_and_the_channel_keeps_its_language(session: Session) -> None:
    colleague = session.colleague
    colleague.types("/pgaccess mtls add 203.0.113.10 because 夜間バッチ")
    colleague.is_told("を受け付けました")
    colleague.types("/pgaccess mtls add")
    colleague.sees_in_form("アクセスの申請")
    colleague.writes("10.0.0.1", into="アドレス")
    colleague.sends()
    colleague.finds_wrong("アドレス", "プライベートアドレス")
    colleague.pictured("japanese-form")
    colleague.page.keyboard.press("Escape")
    session.lead.presses("Approve", on="203.0.113.10/32", place="approvals")
    colleague.sees("203.0.113.10/32 から billing に接続できます", place="direct messages")
    colleague.page.get_by_text("いまの Heroku").wait_for()
    colleague.pictured("japanese")
    session.lead.sees("in force since")


def test_enabling_mtls_is_offered_with_the_request_in_the_form_and_by_command(
    opens: Callable[..., Session],
) -> None:
    heroku = heroku_emulator()
    heroku.add_app("warehouse", space=SPACE)
    heroku.add_database("postgresql-round-24680", app="warehouse", plan="heroku-postgresql:private-4")
    session = opens(heroku=heroku)
    engineer = session.engineer
    engineer.types("/pgaccess")
    engineer.writes("203.0.113.4", into="Address")
    engineer.form.get_by_label("Database").select_option("warehouse (acme-private)")
    engineer.sends()
    engineer.sees_in_form("This request covers both steps")
    engineer.pictured("form-that-enables")
    session.lead.sees_not("warehouse", place="approvals")
    engineer.page.keyboard.press("Escape")
    engineer.types("/pgaccess mtls add 203.0.113.4 to warehouse")
    engineer.sees_in_form("This request covers both steps")
    engineer.sends()
    session.lead.presses("Approve", on="First enables mTLS on warehouse")
    engineer.sees("203.0.113.4/32 can reach warehouse", place="direct messages")
    session.panel.allows("203.0.113.4/32")


def test_the_form_asks_for_the_database_that_a_command_leaves_out(opens: Callable[..., Session]) -> None:
    session = opens(heroku=heroku_emulator(databases=2))
    session.engineer.types("/pgaccess mtls add 203.0.113.4")
    session.engineer.form.get_by_label("Database").select_option("ledger (acme-private)")
    session.engineer.sends()
    session.lead.presses("Approve", on="203.0.113.4/32 → ledger", place="approvals")
    session.engineer.sees("203.0.113.4/32 can reach ledger", place="direct messages")
    ledger = session.engineer.page.get_by_test_id("database-postgresql-graceful-54321")
    ledger.get_by_role("row", name="203.0.113.4/32").wait_for()
