"""The main job, done on the demo's page with mouse and keyboard, as a newcomer does it."""

from typing import Any

import pytest

from tests.browser.conftest import picture

pytestmark = pytest.mark.timeout(120)
LINE = "/pgaccess mtls add 203.0.113.4"


def become(page: Any, person: str, channel: str) -> None:
    page.get_by_test_id(f"person-{person}").click()
    page.locator(f"[data-testid='person-{person}'][aria-pressed='true']").wait_for()
    page.get_by_test_id(f"channel-{channel}").click()


def type_line(page: Any, line: str) -> None:
    page.get_by_test_id("composer").fill(line)
    page.keyboard.press("Enter")


def shown(page: Any, text: str) -> None:
    """Waits until a message or the form says something."""
    page.locator("[data-testid='message'], [data-testid='modal']").get_by_text(text).first.wait_for()


def direct(page: Any) -> Any:
    return page.locator("[data-testid^='channel-D']")


def rule(page: Any, cidr: str) -> Any:
    return page.locator(f"[data-testid='rule'][data-cidr='{cidr}']")


def test_the_main_job_with_the_mouse(page: Any) -> None:
    picture(page, "1-start")
    type_line(page, LINE)
    shown(page, "Asked, as #1")
    picture(page, "2-asked")

    become(page, "U0LEAD", "C0APPROVALS")
    page.get_by_test_id("action-request.approve").wait_for()
    picture(page, "3-card")
    page.get_by_test_id("action-request.approve").click()
    shown(page, "You approved #1")
    rule(page, "203.0.113.4/32").wait_for()
    page.locator("[data-testid='rule'][data-status='Authorized'][data-cidr='203.0.113.4/32']").wait_for()
    shown(page, "#1 in force since")
    picture(page, "4-in-force")

    page.get_by_test_id("person-U0ENGINEER").click()
    direct(page).click()
    shown(page, "can reach billing")
    picture(page, "5-direct-message")

    page.get_by_test_id("clock-next").click()
    shown(page, "Still needed?")
    page.get_by_test_id("clock-next").click()
    shown(page, "#1 has ended:")
    page.locator("[data-testid='rule'][data-cidr='203.0.113.4/32']:not(.gone)").wait_for(state="detached")
    picture(page, "6-ended")


def test_a_denial_with_its_reason(page: Any) -> None:
    type_line(page, f"{LINE} because nightly export")
    become(page, "U0LEAD", "C0APPROVALS")
    page.get_by_test_id("action-request.deny").click()
    page.get_by_test_id("modal").wait_for()
    picture(page, "7-deny-form")
    page.get_by_test_id("field-reason").locator("textarea").fill("Use a one-off dyno for this")
    page.get_by_test_id("modal-submit").click()
    shown(page, "denied by")
    picture(page, "8-denied")
    assert rule(page, "203.0.113.4/32").count() == 0


def test_the_form_keeps_what_was_typed_and_says_what_is_wrong_at_its_field(page: Any) -> None:
    type_line(page, "/pgaccess mtls add for 2h")
    page.get_by_test_id("modal").wait_for()
    field = page.get_by_test_id("field-address").locator("input")
    field.fill("10.0.0.1")
    page.get_by_test_id("modal-submit").click()
    shown(page, "private")
    picture(page, "9-form-error")
    field.fill("203.0.113.9")
    page.get_by_test_id("modal-submit").click()
    become(page, "U0LEAD", "C0APPROVALS")
    shown(page, "203.0.113.9/32 → billing")


def test_a_japanese_lead_and_a_rule_closed_by_hand(page: Any) -> None:
    become(page, "U0ENGINEER2", "C0GENERAL")
    type_line(page, LINE)
    shown(page, "申請しました")
    become(page, "U0LEAD2", "C0APPROVALS")
    page.get_by_test_id("action-request.approve").click()
    shown(page, "#1 を承認しました")
    shown(page, "#1 in force since")
    rule(page, "203.0.113.4/32").locator("[data-testid^='delete-rule']").click()
    confirm = page.get_by_test_id("confirm-yes")
    if confirm.is_visible():
        confirm.click()
    shown(page, "closed at Heroku by somebody else")
    become(page, "U0ENGINEER2", "C0GENERAL")
    direct(page).click()
    shown(page, "誰かに閉じられました")
    picture(page, "10-interrupted-ja")


def test_the_page_fits_a_phone_and_the_dark(page: Any, demo: str) -> None:
    type_line(page, LINE)
    shown(page, "Asked, as #1")
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    page.goto(f"{demo}/?as=U0LEAD&channel=C0APPROVALS")
    page.get_by_test_id("action-request.approve").wait_for()
    picture(page, "11-phone-dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def press(page: Any, action: str) -> None:
    """Presses the newest button of a kind, and says yes where it asks back."""
    page.get_by_test_id(f"action-{action}").last.click()
    confirm = page.get_by_test_id("confirm-yes")
    if action == "grant.revoke":
        confirm.click()


def opened(page: Any, line: str) -> None:
    """The main job up to "in force", seen by the engineer in their direct messages."""
    become(page, "U0ENGINEER", "C0GENERAL")
    type_line(page, line)
    shown(page, "Asked, as #1")
    become(page, "U0LEAD", "C0APPROVALS")
    press(page, "request.approve")
    shown(page, "#1 in force since")
    become(page, "U0ENGINEER", "C0GENERAL")
    direct(page).click()
    shown(page, "can reach billing")


def test_an_extension_from_the_warning_and_done_at_the_end(page: Any) -> None:
    opened(page, f"{LINE} for 4h")
    page.get_by_test_id("clock-next").click()
    shown(page, "Still needed?")
    press(page, "grant.extend")
    shown(page, "Extend #1")
    page.get_by_test_id("field-duration").locator("input").fill("2h")
    page.get_by_test_id("field-reason").locator("textarea").fill("the export is slow")
    picture(page, "12-extend-form")
    page.get_by_test_id("modal-submit").click()
    become(page, "U0LEAD", "C0APPROVALS")
    shown(page, "2h more for #1")
    picture(page, "13-extension-card")
    press(page, "request.approve")
    shown(page, "#1 ends")
    become(page, "U0ENGINEER", "C0GENERAL")
    direct(page).click()
    shown(page, "now ends")
    press(page, "grant.done")
    shown(page, "#1 has ended:")
    page.locator("[data-testid='rule'][data-cidr='203.0.113.4/32']:not(.gone)").wait_for(state="detached")


def test_closed_by_hand_opened_again_revoked(page: Any) -> None:
    opened(page, LINE)
    rule(page, "203.0.113.4/32").locator("[data-testid^='delete-rule']").click()
    confirm = page.get_by_test_id("confirm-yes")
    if confirm.is_visible():
        confirm.click()
    shown(page, "closed at Heroku by somebody else")
    picture(page, "14-interrupted")
    press(page, "grant.restore")
    page.locator("[data-testid='rule'][data-status='Authorized'][data-cidr='203.0.113.4/32']").wait_for()
    become(page, "U0LEAD", "C0APPROVALS")
    page.get_by_test_id("action-grant.revoke").wait_for()
    press(page, "grant.revoke")
    shown(page, "an approver revoked it")


def test_take_back_status_and_why(page: Any) -> None:
    type_line(page, f"{LINE} because of a typing error")
    shown(page, "Asked, as #1")
    type_line(page, "/pgaccess cancel 1")
    shown(page, "#1 is taken back")
    type_line(page, "/pgaccess status")
    shown(page, "not made by pgaccess: office")
    type_line(page, "/pgaccess why")
    shown(page, "What psql says")
    picture(page, "15-why")
    type_line(page, "/pgaccess help")
    shown(page, "Acting on one request")
    picture(page, "16-help")


def test_the_app_home_decides(page: Any) -> None:
    type_line(page, f"{LINE} because nightly export")
    shown(page, "Asked, as #1")
    become(page, "U0LEAD", "C0APPROVALS")
    shown(page, "203.0.113.4/32 → billing")
    page.locator("[data-testid^='channel-D'], [data-testid='channel-U0PGACCESS']").click()
    page.get_by_test_id("tab-home").click()
    page.get_by_test_id("home").get_by_text("Waiting for you").wait_for()
    picture(page, "17-home")
    page.get_by_test_id("home").get_by_test_id("action-request.approve").click()
    page.get_by_test_id("home").get_by_text("Nothing waits for your decision.").wait_for()
