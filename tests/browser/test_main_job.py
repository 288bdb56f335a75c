"""The demo as a newcomer starts it: one window, the guide's four steps, a real process behind it."""

from typing import Any

import pytest

from tests.browser.slack import ControlPanel, Person

pytestmark = pytest.mark.timeout(120)


def test_the_guide_leads_through_the_main_job(chromium: Any, demo: str) -> None:
    newcomer = Person(chromium, demo, "engineer")
    page, panel = newcomer.page, ControlPanel(newcomer.page)
    newcomer.pictured("main-job-1-start")
    page.get_by_test_id("step-1").click()
    page.keyboard.press("Enter")
    newcomer.is_told("Request #1 submitted")
    newcomer.pictured("main-job-2-asked")
    page.get_by_test_id("step-2").click()
    newcomer.sees("#1 is waiting for approval from @Leads")
    newcomer.pictured("main-job-3-card")
    newcomer.presses("Approve")
    newcomer.is_told("You approved #1")
    panel.allows("203.0.113.4/32")
    newcomer.sees("#1 in force since")
    newcomer.pictured("main-job-4-in-force")
    newcomer.becomes("engineer")
    newcomer.sees("can reach billing", "psql", place="direct messages")
    newcomer.pictured("main-job-5-connect")
    page.get_by_test_id("step-4").click()
    page.keyboard.press("Enter")
    newcomer.sees("Still needed?")
    panel.passes(None)
    newcomer.sees("#1 has ended", "time limit reached")
    panel.allows_no_more("203.0.113.4/32")
    newcomer.pictured("main-job-6-ended")
    page.get_by_text("Done: requested, approved, opened, closed.").wait_for()
    newcomer.leaves()
