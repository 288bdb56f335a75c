"""Approvals on the page: with changes, denied with a reason, too late."""

from collections.abc import Callable

import pytest

from tests.browser.page_driver import Session

pytestmark = pytest.mark.timeout(60)


def test_an_approver_may_narrow_a_request_but_not_widen_it(session: Session) -> None:
    number = session.asked("203.0.113.32/28 for 8h because nightly export")
    lead = session.lead
    lead.presses("Approve with changes…", on=f"#{number} is waiting for approval from")
    lead.sees_in_form(f"Approve #{number}")
    lead.writes("203.0.113.0/24", into="Address")
    lead.sends()
    lead.finds_wrong("Address", "shorter or narrower")
    lead.writes("203.0.113.33", into="Address")
    lead.writes("2h", into="Duration")
    lead.pictured("approve-with-less")
    lead.sends()
    session.panel.allows("203.0.113.33/32")
    session.panel.never_allowed("203.0.113.32/28")
    lead.sees("203.0.113.33/32 → billing  ·  mTLS  ·  2h")
    session.engineer.sees("203.0.113.33/32 can reach billing", place="direct messages")


def test_a_denial_gives_its_reason_to_the_requester_and_on_the_card(session: Session) -> None:
    number = session.asked("203.0.113.40 for 2d because I want to look around")
    lead = session.lead
    lead.pictured("card")
    lead.presses("Deny", on=f"#{number} is waiting for approval from")
    lead.sees_in_form(f"Deny #{number}")
    lead.writes("Use a one-off dyno for this", into="Reason")
    lead.pictured("denial-form")
    lead.sends()
    lead.sees(f"#{number} denied by @Lead")
    lead.pictured("denial")
    session.engineer.sees(f"#{number} denied by @Lead", place="direct messages")
    session.engineer.sees("Use a one-off dyno for this")
    session.panel.never_allowed("203.0.113.40/32")


def test_the_second_decision_is_answered_with_who_decided_first(session: Session) -> None:
    number = session.asked("203.0.113.41")
    lead, second = session.lead, session.second_lead
    second.looks_at("approvals")
    # A busy Slack changes no card meanwhile, so that both still have the button before them.
    session.panel.begins("slack-limited")
    second.presses("Approve", on=f"#{number} is waiting for approval from")
    second.is_told(f"#{number} を承認しました")
    lead.presses("Approve", on=f"#{number} is waiting for approval from")
    lead.is_told(f"Request #{number} was already decided by @リード")
    lead.pictured("decided-already")
    session.panel.ends_all_outages()
    session.panel.allows("203.0.113.41/32")
    lead.sees(f"#{number} in force since")


def test_a_click_on_an_outdated_card_is_answered_privately(session: Session) -> None:
    number = session.asked("203.0.113.42")
    second = session.second_lead
    second.sees(f"#{number} is waiting for approval from", place="approvals")
    with second.hears_late():
        session.lead.presses("Approve", on=f"#{number} is waiting for approval from")
        session.lead.sees(f"#{number} in force since")
        second.presses("Approve", on=f"#{number} is waiting for approval from")
    second.is_told("@Lead")
    assert second.page.get_by_test_id("composer-status").inner_text() != ""
    session.panel.allows("203.0.113.42/32")


def test_after_a_denial_the_guide_starts_over(opens: Callable[..., Session]) -> None:
    session = opens()
    number = session.asked("203.0.113.43")
    lead = session.lead
    current = lead.page.locator("[aria-current='step']")
    current.get_by_test_id("step-2").wait_for()
    lead.presses("Deny", on=f"#{number} is waiting for approval from", place="approvals")
    lead.sends()
    lead.sees(f"#{number} denied by")
    current.get_by_test_id("step-1").wait_for()


def test_details_are_shown_only_to_the_person_who_clicks(session: Session) -> None:
    number = session.asked("203.0.113.44 because a look at the indexes")
    session.lead.presses("Details", on=f"#{number} is waiting for approval from")
    session.lead.is_told("History")
    session.second_lead.sees_not("History", place="approvals")
