"""Actions on requests and grants on the page: withdraw, extend, end, request again."""

from collections.abc import Callable

import pytest

from sandbox.environment import POLICY
from tests.browser.page_driver import Session
from tests.browser.slack import DIRECT

pytestmark = pytest.mark.timeout(60)


def test_a_pending_request_is_withdrawn_with_a_button(session: Session) -> None:
    number = session.asked("203.0.113.50 because of a typing error")
    session.engineer.presses("Withdraw", on=f"Your request #{number}", place=DIRECT)
    session.engineer.is_told(f"#{number} withdrawn")
    session.lead.sees(f"#{number} withdrawn")


def test_a_pending_request_is_withdrawn_with_a_command(session: Session) -> None:
    number = session.asked("203.0.113.51 because of a typing error")
    session.engineer.types(f"/pgaccess cancel {number}")
    session.engineer.is_told(f"#{number} withdrawn")
    session.lead.sees(f"#{number} withdrawn")


def test_an_extension_is_requested_from_the_warning_and_needs_approval(
    opens: Callable[..., Session],
) -> None:
    session = opens()
    number = session.opened("203.0.113.52 for 4h")
    engineer, lead = session.engineer, session.lead
    session.panel.passes(None)
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
    session.panel.allows("203.0.113.52/32")


def test_an_extension_needs_no_approval_where_the_rule_allows_it(opens: Callable[..., Session]) -> None:
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


def test_the_owner_ends_access_with_a_button(session: Session) -> None:
    number = session.opened("203.0.113.53")
    session.engineer.presses("End access", on="203.0.113.53/32 can reach billing", place=DIRECT)
    session.engineer.is_told(f"#{number} is ending")
    session.panel.allows_no_more("203.0.113.53/32")
    session.engineer.sees(f"#{number} has ended")
    session.lead.sees(f"#{number} ended")


def test_the_owner_ends_access_with_a_command(session: Session) -> None:
    number = session.opened("203.0.113.54")
    session.engineer.types(f"/pgaccess done {number}")
    session.panel.allows_no_more("203.0.113.54/32")
    session.engineer.sees(f"#{number} has ended", place=DIRECT)


def test_an_approver_revokes_after_confirming(session: Session) -> None:
    number = session.opened("203.0.113.55")
    session.lead.presses("Revoke", on=f"#{number} in force", sure="Cancel")
    session.panel.allows("203.0.113.55/32")
    session.lead.presses("Revoke", on=f"#{number} in force", sure="Revoke")
    session.lead.is_told(f"#{number} is ending")
    session.panel.allows_no_more("203.0.113.55/32")
    session.engineer.sees(f"#{number} has ended", "revoked by an approver", place=DIRECT)


def test_an_own_address_is_removed_at_once(session: Session) -> None:
    number = session.opened("203.0.113.56")
    session.engineer.types("/pgaccess mtls remove 203.0.113.56")
    session.engineer.is_told(f"Ending #{number}")
    session.panel.allows_no_more("203.0.113.56/32")
    session.engineer.sees(f"#{number} has ended", place=DIRECT)


def test_another_persons_address_is_removed_after_approval(session: Session) -> None:
    number = session.opened("203.0.113.57")
    session.colleague.types("/pgaccess mtls remove 203.0.113.57 because the audit is over")
    session.lead.sees(f"Ends #{number} immediately.")
    session.lead.pictured("removal")
    session.panel.allows("203.0.113.57/32")
    session.lead.presses("Approve", on=f"Ends #{number} immediately.")
    session.panel.allows_no_more("203.0.113.57/32")
    session.engineer.sees(f"#{number} has ended", "its removal was approved", place=DIRECT)


def test_access_that_was_removed_externally_is_reopened_only_by_a_new_decision(
    opens: Callable[..., Session],
) -> None:
    session = opens()
    number = session.opened("203.0.113.58")
    session.panel.deletes_externally("203.0.113.58/32")
    session.engineer.sees(f"#{number} was removed at Heroku outside pgaccess", place=DIRECT)
    session.engineer.pictured("interruption")
    session.lead.sees(f"#{number} was removed at Heroku outside pgaccess", place="operations")
    session.lead.sees(f"#{number} was removed at Heroku outside pgaccess", place="approvals")
    session.panel.allows_no_more("203.0.113.58/32")
    session.engineer.presses("Ask to open again", on=f"#{number} was removed at Heroku")
    session.engineer.is_told("an approver has to decide")
    session.lead.sees("asks to open it again", place="approvals")
    session.panel.allows_no_more("203.0.113.58/32")
    session.lead.presses("Approve", on="asks to open it again")
    session.panel.allows("203.0.113.58/32")
    session.lead.sees(f"#{number} in force since")


def test_access_that_was_removed_externally_can_be_ended(session: Session) -> None:
    number = session.opened("203.0.113.59")
    session.panel.deletes_externally("203.0.113.59/32")
    session.engineer.presses("End access", on=f"#{number} was removed at Heroku", place=DIRECT)
    session.engineer.sees(f"#{number} has ended")
    session.panel.allows_no_more("203.0.113.59/32")


def test_a_rejected_change_is_retried_and_abandoned(opens: Callable[..., Session]) -> None:
    session = opens()
    session.panel.begins("heroku-refuses")
    number = session.asked("203.0.113.60")
    session.lead.presses("Approve", on=f"#{number} is waiting for approval from")
    engineer = session.engineer
    engineer.sees(f"#{number} failed: 203.0.113.60/32 cannot reach billing", place=DIRECT)
    engineer.pictured("outages")
    engineer.presses("Try again", on=f"#{number} failed: 203")
    engineer.is_told(f"#{number} is being provisioned again")
    engineer.sees(f"#{number} failed at first and has changed since", place=DIRECT)
    engineer.sees(f"#{number} failed: 203.0.113.60/32 cannot reach billing", place=DIRECT)
    engineer.presses("Abandon", on=f"#{number} failed: 203")
    engineer.is_told(f"#{number} abandoned")
    session.lead.sees(f"#{number} ended", "(abandoned)")
    session.panel.never_allowed("203.0.113.60/32")


def test_a_rejected_change_works_after_the_outage(session: Session) -> None:
    session.panel.begins("heroku-refuses")
    number = session.asked("203.0.113.61")
    session.lead.presses("Approve", on=f"#{number} is waiting for approval from")
    session.engineer.sees(f"#{number} failed: 203.0.113.61/32", place=DIRECT)
    session.panel.ends_all_outages()
    session.engineer.presses("Try again", on=f"#{number} failed: 203.0.113.61/32")
    session.panel.allows("203.0.113.61/32")
    session.engineer.sees("203.0.113.61/32 can reach billing")
