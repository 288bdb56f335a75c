"""What the tests of PrivateLink and of trusted ranges share: asking, deciding, and Heroku beside it."""

import re
from typing import Any

from tests.browser.page_driver import Session
from tests.browser.slack import Person


def asked(person: Person, request_input: str) -> int:
    """Somebody types what is recorded as a request.

    Args:
        person: at their window.
        request_input: what comes after ``/pgaccess``.

    Returns:
        The request's number.
    """
    person.types(f"/pgaccess {request_input}")
    return int(person.is_told(re.compile(r"Request #(\d+) submitted")))


def approved(session: Session, number: int) -> None:
    """The lead sees a request's card, and approves."""
    session.lead.sees(f"#{number} is waiting for approval from", place="approvals")
    session.lead.presses("Approve", on=f"#{number} is waiting for approval from")


def at_heroku(session: Session, kind: str, value: str, *, status: str | None = None) -> None:
    """Waits until Heroku has a thing, listed among its kind."""
    _thing(session.engineer.page, kind, value, status).wait_for(state="attached")


def no_more_at_heroku(session: Session, kind: str, value: str) -> None:
    """Waits until Heroku has a thing no longer."""
    _thing(session.engineer.page, kind, value, None).wait_for(state="detached")


def unfolded(session: Session, name: str) -> None:
    """Opens a folded list beside Slack, on the engineer's window."""
    summary = session.engineer.page.get_by_test_id(name)
    if summary.locator("xpath=..").get_attribute("open") is None:
        summary.click()


def _thing(page: Any, kind: str, value: str, status: str | None) -> Any:
    asked_for = "" if status is None else f"[data-status='{status}']"
    return page.locator(f"[data-testid='{kind}'][data-value='{value}']:not(.gone){asked_for}")
