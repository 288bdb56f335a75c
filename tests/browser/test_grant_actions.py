"""Acting on the page on what was asked and opened: taking back, more time, ending, opening again."""

from collections.abc import Callable

import pytest

from sandbox.environment import POLICY
from tests.browser.page_driver import Session
from tests.browser.slack import DIRECT

pytestmark = pytest.mark.timeout(60)


def test_what_waits_is_taken_back_with_a_button(session: Session) -> None:
    number = session.asked("203.0.113.50 because of a typing error")
    session.engineer.presses("Withdraw", on=f"Your request #{number}", place=DIRECT)
    session.engineer.is_told(f"#{number} withdrawn")
    session.lead.sees(f"#{number} withdrawn")


def test_what_waits_is_taken_back_with_a_line(session: Session) -> None:
    number = session.asked("203.0.113.51 because of a typing error")
    session.engineer.types(f"/pgaccess cancel {number}")
    session.engineer.is_told(f"#{number} withdrawn")
    session.lead.sees(f"#{number} withdrawn")


def test_more_time_is_asked_for_from_the_warning_and_is_a_decision_of_its_own(
    opens: Callable[..., Session],
) -> None:
    session = opens()
    number = session.opened("203.0.113.52 for 4h")
    engineer, lead = session.engineer, session.lead
    session.world.passes(None)
    engineer.sees(f"#{number} ends", "Still needed?", place=DIRECT)
    engineer.presses("Extend…", on="Still needed?")
    engineer.sees_in_form(f"Extend #{number}")
    engineer.writes("2h", into="Duration")
    engineer.writes("the export is slow", into="Reason")
    engineer.pictured("extension-form")
    engineer.writes("9d", into="Duration")
    engineer.sends()
    engineer.finds_wrong("Duration", "exceeds the policy maximum")
    engineer.writes("2h", into="Duration")
    engineer.sends()
    lead.sees(f"extend #{number}: 2h")
    lead.pictured("extension")
    lead.presses("Approve", on=f"extend #{number}: 2h")
    engineer.sees(f"#{number}, 203.0.113.52/32 → billing, now ends")
    session.world.lets_in("203.0.113.52/32")


def test_more_time_needs_no_decision_where_the_rule_says_so(opens: Callable[..., Session]) -> None:
    session = opens(policy=f'{POLICY}extend_alone = "1h"\n')
    number = session.opened("203.0.113.4 for 2h")
    engineer, lead = session.engineer, session.lead
    engineer.presses("Extend…", on="can reach billing", place=DIRECT)
    engineer.writes("1h", into="Duration")
    engineer.sends()
    engineer.form.wait_for(state="detached")
    engineer.types(f"/pgaccess extend {number} for 1h")
    engineer.is_told(f"extend #{number}: 1h")
    lead.sees(f"extend #{number}: 1h")
    assert lead.page.get_by_role("button", name="Approve", exact=True).count() == 1


def test_the_owner_is_done_with_a_button(session: Session) -> None:
    number = session.opened("203.0.113.53")
    session.engineer.presses("End access", on="203.0.113.53/32 can reach billing", place=DIRECT)
    session.engineer.is_told(f"#{number} is being closed")
    session.world.lets_in_no_more("203.0.113.53/32")
    session.engineer.sees(f"#{number} has ended")
    session.lead.sees(f"#{number} ended")


def test_the_owner_is_done_with_a_line(session: Session) -> None:
    number = session.opened("203.0.113.54")
    session.engineer.types(f"/pgaccess done {number}")
    session.world.lets_in_no_more("203.0.113.54/32")
    session.engineer.sees(f"#{number} has ended", place=DIRECT)


def test_an_approver_revokes_once_sure(session: Session) -> None:
    number = session.opened("203.0.113.55")
    session.lead.presses("Revoke", on=f"#{number} in force", sure="Cancel")
    session.world.lets_in("203.0.113.55/32")
    session.lead.presses("Revoke", on=f"#{number} in force", sure="Revoke")
    session.lead.is_told(f"#{number} is being closed")
    session.world.lets_in_no_more("203.0.113.55/32")
    session.engineer.sees(f"#{number} has ended", "revoked by an approver", place=DIRECT)


def test_ones_own_address_is_removed_at_once(session: Session) -> None:
    number = session.opened("203.0.113.56")
    session.engineer.types("/pgaccess mtls remove 203.0.113.56")
    session.engineer.is_told(f"#{number} being closed")
    session.world.lets_in_no_more("203.0.113.56/32")
    session.engineer.sees(f"#{number} has ended", place=DIRECT)


def test_somebody_elses_address_is_removed_after_a_decision(session: Session) -> None:
    number = session.opened("203.0.113.57")
    session.colleague.types("/pgaccess mtls remove 203.0.113.57 because the audit is over")
    session.lead.sees(f"Ends #{number} immediately.")
    session.lead.pictured("removal")
    session.world.lets_in("203.0.113.57/32")
    session.lead.presses("Approve", on=f"Ends #{number} immediately.")
    session.world.lets_in_no_more("203.0.113.57/32")
    session.engineer.sees(f"#{number} has ended", "its removal was approved", place=DIRECT)


def test_what_somebody_else_closed_is_opened_again_only_when_its_owner_says_so(
    opens: Callable[..., Session],
) -> None:
    session = opens()
    number = session.opened("203.0.113.58")
    session.world.somebody_deletes("203.0.113.58/32")
    session.engineer.sees(f"#{number} was removed at Heroku outside pgaccess", place=DIRECT)
    session.engineer.pictured("interruption")
    session.lead.sees(f"#{number} was removed at Heroku outside pgaccess", place="operations")
    session.lead.sees(f"#{number} was removed at Heroku outside pgaccess", place="approvals")
    session.world.lets_in_no_more("203.0.113.58/32")
    session.engineer.presses("Restore access", on=f"#{number} was removed at Heroku")
    session.engineer.is_told(f"#{number} is being provisioned again")
    session.world.lets_in("203.0.113.58/32")
    session.lead.sees(f"#{number} in force since")


def test_what_somebody_else_closed_can_be_ended(session: Session) -> None:
    number = session.opened("203.0.113.59")
    session.world.somebody_deletes("203.0.113.59/32")
    session.engineer.presses("End access", on=f"#{number} was removed at Heroku", place=DIRECT)
    session.engineer.sees(f"#{number} has ended")
    session.world.lets_in_no_more("203.0.113.59/32")


def test_what_heroku_refused_is_tried_again_and_given_up(opens: Callable[..., Session]) -> None:
    session = opens()
    session.world.begins("heroku-refuses")
    number = session.asked("203.0.113.60")
    session.lead.presses("Approve", on=f"#{number} is waiting for approval from")
    engineer = session.engineer
    engineer.sees(f"#{number} failed: 203.0.113.60/32 cannot reach billing", place=DIRECT)
    engineer.pictured("outages")
    engineer.presses("Try again", on=f"#{number} failed: 203")
    engineer.is_told(f"#{number} is being provisioned again")
    engineer.sees(f"#{number} failed: 203.0.113.60/32 cannot reach billing", times=2)
    engineer.presses("Abandon", on=f"#{number} failed: 203")
    engineer.is_told(f"#{number} abandoned")
    session.lead.sees(f"#{number} ended", "(abandoned)")
    session.world.never_let_in("203.0.113.60/32")


def test_what_heroku_refused_works_once_all_is_well(session: Session) -> None:
    session.world.begins("heroku-refuses")
    number = session.asked("203.0.113.61")
    session.lead.presses("Approve", on=f"#{number} is waiting for approval from")
    session.engineer.sees(f"#{number} failed: 203.0.113.61/32", place=DIRECT)
    session.world.is_well_again()
    session.engineer.presses("Try again", on=f"#{number} failed: 203.0.113.61/32")
    session.world.lets_in("203.0.113.61/32")
    session.engineer.sees("203.0.113.61/32 can reach billing")
