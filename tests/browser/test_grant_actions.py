"""Acting on the page on what was asked and opened: taking back, more time, ending, opening again."""

from collections.abc import Callable

import pytest

from sandbox.environment import POLICY
from tests.browser.page_driver import Play
from tests.browser.slack import DIRECT

pytestmark = pytest.mark.timeout(60)


def test_what_waits_is_taken_back_with_a_button(play: Play) -> None:
    number = play.asked("203.0.113.50 because of a typing error")
    play.engineer.presses("Withdraw", on=f"Your request #{number}", place=DIRECT)
    play.engineer.is_told(f"#{number} withdrawn")
    play.lead.sees(f"#{number} withdrawn")


def test_what_waits_is_taken_back_with_a_line(play: Play) -> None:
    number = play.asked("203.0.113.51 because of a typing error")
    play.engineer.types(f"/pgaccess cancel {number}")
    play.engineer.is_told(f"#{number} withdrawn")
    play.lead.sees(f"#{number} withdrawn")


def test_more_time_is_asked_for_from_the_warning_and_is_a_decision_of_its_own(
    opens: Callable[..., Play],
) -> None:
    play = opens()
    number = play.opened("203.0.113.52 for 4h")
    engineer, lead = play.engineer, play.lead
    play.world.passes(None)
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
    play.world.lets_in("203.0.113.52/32")


def test_more_time_needs_no_decision_where_the_rule_says_so(opens: Callable[..., Play]) -> None:
    play = opens(policy=f'{POLICY}extend_alone = "1h"\n')
    number = play.opened("203.0.113.4 for 2h")
    engineer, lead = play.engineer, play.lead
    engineer.presses("Extend…", on="can reach billing", place=DIRECT)
    engineer.writes("1h", into="Duration")
    engineer.sends()
    engineer.form.wait_for(state="detached")
    engineer.types(f"/pgaccess extend {number} for 1h")
    engineer.is_told(f"extend #{number}: 1h")
    lead.sees(f"extend #{number}: 1h")
    assert lead.page.get_by_role("button", name="Approve", exact=True).count() == 1


def test_the_owner_is_done_with_a_button(play: Play) -> None:
    number = play.opened("203.0.113.53")
    play.engineer.presses("End access", on="203.0.113.53/32 can reach billing", place=DIRECT)
    play.engineer.is_told(f"#{number} is being closed")
    play.world.lets_in_no_more("203.0.113.53/32")
    play.engineer.sees(f"#{number} has ended")
    play.lead.sees(f"#{number} ended")


def test_the_owner_is_done_with_a_line(play: Play) -> None:
    number = play.opened("203.0.113.54")
    play.engineer.types(f"/pgaccess done {number}")
    play.world.lets_in_no_more("203.0.113.54/32")
    play.engineer.sees(f"#{number} has ended", place=DIRECT)


def test_an_approver_revokes_once_sure(play: Play) -> None:
    number = play.opened("203.0.113.55")
    play.lead.presses("Revoke", on=f"#{number} in force", sure="Cancel")
    play.world.lets_in("203.0.113.55/32")
    play.lead.presses("Revoke", on=f"#{number} in force", sure="Revoke")
    play.lead.is_told(f"#{number} is being closed")
    play.world.lets_in_no_more("203.0.113.55/32")
    play.engineer.sees(f"#{number} has ended", "revoked by an approver", place=DIRECT)


def test_ones_own_address_is_removed_at_once(play: Play) -> None:
    number = play.opened("203.0.113.56")
    play.engineer.types("/pgaccess mtls remove 203.0.113.56")
    play.engineer.is_told(f"#{number} being closed")
    play.world.lets_in_no_more("203.0.113.56/32")
    play.engineer.sees(f"#{number} has ended", place=DIRECT)


def test_somebody_elses_address_is_removed_after_a_decision(play: Play) -> None:
    number = play.opened("203.0.113.57")
    play.colleague.types("/pgaccess mtls remove 203.0.113.57 because the audit is over")
    play.lead.sees(f"Ends #{number} immediately.")
    play.lead.pictured("removal")
    play.world.lets_in("203.0.113.57/32")
    play.lead.presses("Approve", on=f"Ends #{number} immediately.")
    play.world.lets_in_no_more("203.0.113.57/32")
    play.engineer.sees(f"#{number} has ended", "its removal was approved", place=DIRECT)


def test_what_somebody_else_closed_is_opened_again_only_when_its_owner_says_so(
    opens: Callable[..., Play],
) -> None:
    play = opens()
    number = play.opened("203.0.113.58")
    play.world.somebody_deletes("203.0.113.58/32")
    play.engineer.sees(f"#{number} was removed at Heroku outside pgaccess", place=DIRECT)
    play.engineer.pictured("interruption")
    play.lead.sees(f"#{number} was removed at Heroku outside pgaccess", place="operations")
    play.lead.sees(f"#{number} was removed at Heroku outside pgaccess", place="approvals")
    play.world.lets_in_no_more("203.0.113.58/32")
    play.engineer.presses("Restore access", on=f"#{number} was removed at Heroku")
    play.engineer.is_told(f"#{number} is being provisioned again")
    play.world.lets_in("203.0.113.58/32")
    play.lead.sees(f"#{number} in force since")


def test_what_somebody_else_closed_can_be_ended(play: Play) -> None:
    number = play.opened("203.0.113.59")
    play.world.somebody_deletes("203.0.113.59/32")
    play.engineer.presses("End access", on=f"#{number} was removed at Heroku", place=DIRECT)
    play.engineer.sees(f"#{number} has ended")
    play.world.lets_in_no_more("203.0.113.59/32")


def test_what_heroku_refused_is_tried_again_and_given_up(opens: Callable[..., Play]) -> None:
    play = opens()
    play.world.begins("heroku-refuses")
    number = play.asked("203.0.113.60")
    play.lead.presses("Approve", on=f"#{number} is waiting for approval from")
    engineer = play.engineer
    engineer.sees(f"#{number} failed: 203.0.113.60/32 cannot reach billing", place=DIRECT)
    engineer.pictured("outages")
    engineer.presses("Try again", on=f"#{number} failed: 203")
    engineer.is_told(f"#{number} is being provisioned again")
    engineer.sees(f"#{number} failed: 203.0.113.60/32 cannot reach billing", times=2)
    engineer.presses("Abandon", on=f"#{number} failed: 203")
    engineer.is_told(f"#{number} abandoned")
    play.lead.sees(f"#{number} ended", "(abandoned)")
    play.world.never_let_in("203.0.113.60/32")


def test_what_heroku_refused_works_once_all_is_well(play: Play) -> None:
    play.world.begins("heroku-refuses")
    number = play.asked("203.0.113.61")
    play.lead.presses("Approve", on=f"#{number} is waiting for approval from")
    play.engineer.sees(f"#{number} failed: 203.0.113.61/32", place=DIRECT)
    play.world.is_well_again()
    play.engineer.presses("Try again", on=f"#{number} failed: 203.0.113.61/32")
    play.world.lets_in("203.0.113.61/32")
    play.engineer.sees("203.0.113.61/32 can reach billing")
