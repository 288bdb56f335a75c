"""The page with the keyboard alone, on a phone, and in the reader's language."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.page_driver import Session
from tests.browser.slack import PHONE, Person

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def phone(session: Session) -> Iterator[Person]:
    """The engineer's window, as narrow as a phone."""
    session.engineer.page.set_viewport_size(PHONE)
    yield session.engineer
    session.engineer.uses_a_wide_window()


def test_everything_works_with_the_keyboard_alone(session: Session) -> None:
    engineer, lead = session.engineer.page, session.lead.page
    tab_to(engineer, "composer")
    engineer.keyboard.type("/pgaccess mtls add")
    engineer.keyboard.press("Enter")
    session.engineer.form.wait_for()
    engineer.keyboard.type("203.0.113.80")
    engineer.keyboard.press("Enter")
    session.engineer.form.wait_for(state="detached")
    tab_to(lead, "channel-C0APPROVALS")
    lead.keyboard.press("Enter")
    session.lead.sees("203.0.113.80/32 → billing")
    tab_to(lead, "action-request.deny")
    lead.keyboard.press("Enter")
    session.lead.form.wait_for()
    lead.keyboard.press("Escape")
    session.lead.form.wait_for(state="detached")
    tab_to(lead, "action-request.approve")
    lead.keyboard.press("Space")
    session.panel.allows("203.0.113.80/32")


def test_unread_messages_elsewhere_are_marked(session: Session) -> None:
    session.second_lead.looks_at("general")
    session.asked("203.0.113.81")
    approvals = session.second_lead.page.get_by_test_id("channel-C0APPROVALS")
    approvals.get_by_role("img", name="未読").wait_for()
    approvals.click()
    approvals.get_by_role("img").wait_for(state="detached")


def test_a_phone_shows_one_part_at_a_time(session: Session, phone: Person) -> None:
    page = phone.page
    page.get_by_test_id("pane-rail").click()
    page.get_by_test_id("channel-C0GENERAL").click()
    phone.types("/pgaccess mtls add 203.0.113.82")
    phone.is_told("203.0.113.82/32 → billing")
    assert page.get_by_test_id("world").is_hidden()
    page.get_by_test_id("pane-rail").click()
    page.get_by_test_id("person-U0LEAD").click()
    page.get_by_test_id("channel-C0APPROVALS").click()
    phone.presses("Approve", on="203.0.113.82/32")
    page.get_by_test_id("pane-world").click()
    session.panel.allows("203.0.113.82/32")
    assert page.get_by_test_id("messages").is_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def tab_to(page: Any, test_id: str) -> None:
    """Press Tab until an element has the focus; at the end of the page it starts over."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.testid") == test_id:
            return
    raise AssertionError(f"Tab never reaches {test_id}")
