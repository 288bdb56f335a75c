"""Status on the page: lists, one request, one database, the home tab."""

import pytest

from tests.browser.page_driver import Session
from tests.browser.slack import HOME

pytestmark = pytest.mark.timeout(60)


def test_lists_show_active_and_pending_requests(session: Session) -> None:
    opened = session.opened("203.0.113.70 because nightly export")
    waiting = session.asked("203.0.113.71")
    for line in ("list", "list mine", "list billing"):
        session.engineer.types(f"/pgaccess {line}")
        session.engineer.is_told(f"#{opened} in force since")
        session.engineer.is_told(f"#{waiting} is waiting for approval from")
    session.colleague.types("/pgaccess list mine")
    session.colleague.is_told("/pgaccess mtls add 203.0.113.4")
    session.lead.types("/pgaccess list pending")
    session.lead.is_told(f"#{waiting} is waiting for approval from")


def test_one_request_is_shown_with_its_history(session: Session) -> None:
    number = session.opened("203.0.113.72 because nightly export")
    session.engineer.types(f"/pgaccess show {number}")
    session.engineer.is_told("@Lead approved")
    session.engineer.is_told("in force, verified at Heroku")


def test_a_database_is_shown_with_everybodys_rules_and_refreshed(session: Session) -> None:
    number = session.opened("203.0.113.73")
    for line in ("status billing", "mtls list"):
        session.engineer.types(f"/pgaccess {line}")
        session.engineer.is_told("198.51.100.0/24 Authorized, not managed by pgaccess: office")
        session.engineer.is_told(f"203.0.113.73/32 Authorized, #{number}")
        session.engineer.is_told("just refreshed")
    session.engineer.pictured("status")


def test_why_explains_a_failing_connection_step_by_step(session: Session) -> None:
    number = session.opened("203.0.113.74")
    session.engineer.types("/pgaccess why billing")
    session.engineer.is_told(f"203.0.113.74/32 is authorized (#{number})")
    session.engineer.is_told("client certificate of yours")
    session.engineer.is_told("What psql reports, and how to fix it")
    session.engineer.pictured("why")


def test_the_home_tab_shows_own_requests_and_what_ends_first(session: Session) -> None:
    number = session.opened("203.0.113.75 for 30m")
    session.engineer.sees("Your requests", place=HOME)
    session.engineer.sees(f"#{number} in force since", place=HOME)
    session.engineer.sees("Ending soon", place=HOME)
    session.engineer.pictured("home")
    session.engineer.presses("End access", on=f"#{number} ", place=HOME)
    session.panel.allows_no_more("203.0.113.75/32")
    session.engineer.page.keyboard.press("Escape")


def test_the_home_tab_approves_a_pending_request(session: Session) -> None:
    number = session.asked("203.0.113.76")
    session.lead.sees("Needs your decision", place=HOME)
    session.lead.sees(f"#{number} is waiting for approval from", place=HOME)
    session.lead.pictured("home-of-a-lead")
    session.lead.presses("Approve", on=f"#{number} ", place=HOME)
    session.panel.allows("203.0.113.76/32")


def test_the_home_tab_opens_the_form(session: Session) -> None:
    session.engineer.presses("Request access", on="Gives your address temporary access", place=HOME)
    session.engineer.writes("203.0.113.77", into="Address")
    session.engineer.sends()
    session.lead.sees("203.0.113.77/32 → billing", place="approvals")
