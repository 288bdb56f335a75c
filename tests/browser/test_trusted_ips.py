"""Trusted IP ranges on the page: requested, approved, in force, ended; rejected."""

from collections.abc import Callable

import pytest

from sandbox.heroku.fixtures import SPACE
from tests.browser.other_methods import approved, asked, at_heroku, no_more_at_heroku
from tests.browser.page_driver import Session
from tests.browser.slack import DIRECT
from tests.flow.actions import heroku_emulator

pytestmark = pytest.mark.timeout(120)

RANGE = "203.0.113.4/32"


def test_a_range_waits_for_support_is_in_force_used_and_ended(opens: Callable[..., Session]) -> None:
    session = opens()
    engineer, lead = session.engineer, session.lead
    request_input = f"trusted add 203.0.113.4 to {SPACE} for 8h because the BI tool knows no certificates"
    number = asked(engineer, request_input)
    lead.sees("This affects the whole space", "1 of 20 used", place="approvals")
    lead.pictured("range-card")
    approved(session, number)
    lead.sees("Please enable trusted IP ranges for data services", f"The range is {RANGE}.")
    lead.pictured("range-ticket")
    lead.presses("Heroku has enabled it", on="Please enable trusted IP ranges")
    engineer.sees(f"{RANGE} is allowed to the whole space", 'psql "$(heroku config:get', place=DIRECT)
    at_heroku(session, "range", RANGE)
    engineer.pictured("range-in-force")
    engineer.types("/pgaccess status billing")
    engineer.is_told("Trusted IP ranges of the space")
    engineer.types("/pgaccess why billing")
    engineer.is_told(f"{RANGE} is allowed to the whole space")
    engineer.pictured("range-why")
    engineer.presses("End access", on=f"{RANGE} is allowed to the whole space", place=DIRECT)
    engineer.sees(f"#{number} has ended")
    no_more_at_heroku(session, "range", RANGE)


def test_an_unmanaged_range_is_adopted_and_removed_by_approved_requests(
    opens: Callable[..., Session],
) -> None:
    session = opens()
    engineer = session.engineer
    form = engineer.page.get_by_test_id(f"ranges-{SPACE}")
    form.click()
    added = form.locator("xpath=..").locator("form")
    added.locator("input").first.fill("192.0.2.7/32")
    added.get_by_role("button").click()
    at_heroku(session, "range", "192.0.2.7/32")
    session.lead.sees("192.0.2.7/32 is new in the space", place="operations")
    session.lead.pictured("range-unmanaged")
    approved(session, asked(engineer, f"trusted adopt 192.0.2.7 on {SPACE} because it is the BI tool's"))
    engineer.sees("Adopt 192.0.2.7/32", " done:", place=DIRECT)
    engineer.pictured("range-adopted")
    approved(session, asked(engineer, f"trusted remove 192.0.2.7 from {SPACE} because the tool is gone"))
    engineer.sees("Remove 192.0.2.7/32", " done:", place=DIRECT)
    no_more_at_heroku(session, "range", "192.0.2.7/32")


def test_a_shield_space_is_answered_with_the_alternatives(opens: Callable[..., Session]) -> None:
    heroku = heroku_emulator()
    heroku.add_space("acme-shield", shield=True)
    session = opens(heroku=heroku)
    engineer = session.engineer
    engineer.types("/pgaccess trusted add 203.0.113.4 to acme-shield because BI")
    engineer.is_told("acme-shield is a Shield Space")
    engineer.types(f"/pgaccess trusted add 0.0.0.0/0 to {SPACE} because BI")
    engineer.is_told("the whole internet")
    engineer.types("/pgaccess trusted add 203.0.113.4")
    engineer.sees_in_form("whole space")
    engineer.pictured("range-form")
    engineer.writes("203.0.113.400", into="Address")
    engineer.writes("the BI tool sends no certificate", into="Why neither mTLS nor PrivateLink will do")
    engineer.sends()
    engineer.finds_wrong("Address", "203.0.113.400")
