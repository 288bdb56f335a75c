"""Looking on the page: lists, one request, one database, the home tab."""

import pytest

from tests.browser.page_driver import Play
from tests.browser.slack import HOME

pytestmark = pytest.mark.timeout(60)


def test_lists_tell_what_is_open_and_what_waits(play: Play) -> None:
    opened = play.opened("203.0.113.70 because nightly export")
    waiting = play.asked("203.0.113.71")
    for line in ("list", "list mine", "list billing"):
        play.engineer.types(f"/pgaccess {line}")
        play.engineer.is_told(f"#{opened} in force since")
        play.engineer.is_told(f"#{waiting} is waiting for approval from")
    play.colleague.types("/pgaccess list mine")
    play.colleague.is_told("/pgaccess mtls add 203.0.113.4")
    play.lead.types("/pgaccess list pending")
    play.lead.is_told(f"#{waiting} is waiting for approval from")


def test_one_request_is_shown_with_its_history(play: Play) -> None:
    number = play.opened("203.0.113.72 because nightly export")
    play.engineer.types(f"/pgaccess show {number}")
    play.engineer.is_told("@Lead approved")
    play.engineer.is_told("in force, verified at Heroku")


def test_a_database_is_shown_with_everybodys_rules_and_observed_at_afresh(play: Play) -> None:
    number = play.opened("203.0.113.73")
    for line in ("status billing", "mtls list"):
        play.engineer.types(f"/pgaccess {line}")
        play.engineer.is_told("198.51.100.0/24 Authorized, not managed by pgaccess: office")
        play.engineer.is_told(f"203.0.113.73/32 Authorized, #{number}")
        play.engineer.is_told("just refreshed")
    play.engineer.pictured("status")


def test_why_it_does_not_connect_is_told_step_by_step(play: Play) -> None:
    number = play.opened("203.0.113.74")
    play.engineer.types("/pgaccess why billing")
    play.engineer.is_told(f"203.0.113.74/32 is authorized (#{number})")
    play.engineer.is_told("is valid for")
    play.engineer.is_told("What psql reports, and how to fix it")
    play.engineer.pictured("why")


def test_the_home_tab_shows_what_is_ones_own_and_what_ends_first(play: Play) -> None:
    number = play.opened("203.0.113.75 for 30m")
    play.engineer.sees("Your requests", place=HOME)
    play.engineer.sees(f"#{number} in force since", place=HOME)
    play.engineer.sees("Ending soon", place=HOME)
    play.engineer.pictured("home")
    play.engineer.presses("End access", on=f"#{number} ", place=HOME)
    play.world.lets_in_no_more("203.0.113.75/32")
    play.engineer.page.keyboard.press("Escape")


def test_the_home_tab_decides_what_waits(play: Play) -> None:
    number = play.asked("203.0.113.76")
    play.lead.sees("Needs your decision", place=HOME)
    play.lead.sees(f"#{number} is waiting for approval from", place=HOME)
    play.lead.pictured("home-of-a-lead")
    play.lead.presses("Approve", on=f"#{number} ", place=HOME)
    play.world.lets_in("203.0.113.76/32")


def test_the_home_tab_opens_the_form(play: Play) -> None:
    play.engineer.presses("Request access", on="Gives your address temporary access", place=HOME)
    play.engineer.writes("203.0.113.77", into="Address")
    play.engineer.sends()
    play.lead.sees("203.0.113.77/32 → billing", place="approvals")
