"""Helpers for PrivateLink and trusted IP ranges: request, approve, and wait for Heroku's state."""

import re
from typing import Any

from tests.browser.page_driver import Session
from tests.browser.slack import Person


def asked(person: Person, request_input: str) -> int:
    """Type a command that becomes a request.

    Args:
        person: Who types it.
        request_input: The command after ``/pgaccess``.

    Returns:
        The request's number.
    """
    person.types(f"/pgaccess {request_input}")
    return int(person.is_told(re.compile(r"Request #(\d+) submitted")))


def approved(session: Session, number: int) -> None:
    """Approve a request as the lead."""
    session.lead.sees(f"#{number} is waiting for approval from", place="approvals")
    session.lead.presses("Approve", on=f"#{number} is waiting for approval from")


def at_heroku(session: Session, kind: str, value: str, *, status: str | None = None) -> None:
    """Wait until Heroku has an entry of a kind."""
    _entry(session.engineer.page, kind, value, status).wait_for(state="attached")


def no_more_at_heroku(session: Session, kind: str, value: str) -> None:
    """Wait until Heroku does not have an entry any more."""
    _entry(session.engineer.page, kind, value, None).wait_for(state="detached")


def unfolded(session: Session, name: str) -> None:
    """Unfold a list of the control panel in the engineer's window."""
    summary = session.engineer.page.get_by_test_id(name)
    if summary.locator("xpath=..").get_attribute("open") is None:
        summary.click()


def _entry(page: Any, kind: str, value: str, status: str | None) -> Any:
    asked_for = "" if status is None else f"[data-status='{status}']"
    return page.locator(f"[data-testid='{kind}'][data-value='{value}']:not(.gone){asked_for}")
