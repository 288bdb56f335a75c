"""Client certificates on the page, full lifecycle: requests, messages, buttons and lists."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from sandbox.heroku.fixtures import DATABASE
from tests.browser.page_driver import Session
from tests.browser.slack import DIRECT, Person
from tests.flow.actions import heroku_emulator

pytestmark = pytest.mark.timeout(120)

DAY = timedelta(days=1)
NOBODY = "127.0.0.1:1"
"""An address where nothing listens (port 1 is tcpmux, RFC 1340)."""


def asked(person: Person, line: str) -> int:
    """A person types a command; return the number of its request."""
    person.types(f"/pgaccess {line}")
    return int(person.is_told(re.compile(r"Request #(\d+) submitted")))


def approved(session: Session, number: int) -> None:
    session.lead.presses("Approve", on=f"#{number} is waiting for approval from", place="approvals")


def issued(session: Session) -> int:
    """Issue a certificate for the engineer; return its number."""
    number = asked(session.engineer, "mtls certificate new on billing because nightly export")
    approved(session, number)
    session.engineer.sees(f"Your client certificate #{number} for billing is ready", place=DIRECT)
    return number


def test_a_certificate_is_requested_approved_issued_and_listed(opens: Callable[..., Session]) -> None:
    session = opens()
    engineer, lead = session.engineer, session.lead
    number = asked(engineer, "mtls certificate new on billing because nightly export")
    lead.sees("Client certificate for billing", "nightly export", place="approvals")
    lead.pictured("certificate-card")
    approved(session, number)
    engineer.sees(f"Your client certificate #{number} for billing is ready", place=DIRECT)
    lead.sees(f"#{number} done")
    engineer.pictured("certificate-ready")
    engineer.types("/pgaccess mtls certificate list")
    engineer.is_told("nightly export")
    engineer.pictured("certificate-list")
    engineer.types(f"/pgaccess show {number}")
    engineer.is_told("done, verified at Heroku")
    session.colleague.types("/pgaccess mtls certificate list")
    session.colleague.is_told("クライアント証明書")
    session.colleague.types(f"/pgaccess show {number}")
    session.colleague.is_told("完了 (Heroku で確認済み)")
    session.colleague.pictured("certificate-japanese")


def test_its_expiry_is_announced_step_by_step_and_answered_with_buttons(
    opens: Callable[..., Session],
) -> None:
    session = opens()
    engineer, lead = session.engineer, session.lead
    number = issued(session)
    session.panel.passes(None)
    engineer.sees(f"#{number} for billing expires within 60d")
    engineer.presses("Acknowledge", on="expires within 60d")
    engineer.sees("expires within 60d", "Acknowledged by @Engineer")
    session.panel.passes(None)
    engineer.sees(f"#{number} for billing expires within 30d")
    engineer.pictured("certificate-reminder")
    engineer.presses("Remind me later", on="expires within 30d")
    engineer.sees("expires within 30d", "Snoozed until")
    # A long downtime: of all the steps within it only the most urgent one is told.
    session.moves_time(28 * DAY)
    engineer.sees(f"#{number} for billing expires within 3d")
    for passed in ("14d", "7d"):
        engineer.sees_not(f"expires within {passed}")
    lead.sees(f"#{number} for billing expires within 3d", "It belongs to @Engineer", place="approvals")
    lead.pictured("certificate-reminder-copy")
    engineer.sees("expires within 3d", "Not acknowledged yet")


def test_a_rotation_goes_from_its_button_over_a_test_to_the_removal_of_the_old_one(
    opens: Callable[..., Session],
) -> None:
    heroku = heroku_emulator()
    heroku.serve_at(DATABASE, NOBODY)
    session = opens(heroku=heroku, probes=True)
    engineer, lead = session.engineer, session.lead
    old = issued(session)
    session.panel.has_certificates(2)
    session.panel.passes(None)
    engineer.presses("Rotate", on="expires within 60d")
    lead.sees(f"Rotate client certificate {old} for billing", "nightly export", place="approvals")
    lead.pictured("rotation-card")
    new = old + 1
    approved(session, new)
    engineer.sees(f"The new client certificate for billing is ready (#{new})")
    engineer.pictured("rotation-ready")
    engineer.presses("Test connection", on=f"is ready (#{new})")
    engineer.sees(f"is ready (#{new})", "the database did not answer")
    engineer.pictured("rotation-tested")
    engineer.presses("Installed", on=f"is ready (#{new})")
    engineer.sees(f"#{new}: installed since")
    engineer.presses("Keep the old one", on=f"#{new}: installed since")
    engineer.sees(f"#{new}: the new certificate is ready since")
    engineer.presses("Installed", on=f"#{new}: the new certificate is ready since")
    engineer.sees(f"#{new}: installed since")
    lead.sees(f"#{new}: installed since")
    lead.pictured("rotation-resting")
    session.panel.has_certificates(3)
    session.moves_time(DAY + timedelta(minutes=1))
    engineer.sees(f"#{new} done")
    session.panel.has_certificates(2)
    engineer.types("/pgaccess mtls certificate list billing")
    engineer.is_told(f"#{new}")
    engineer.types(f"/pgaccess show {new}")
    engineer.is_told("reported the new certificate as installed")
    engineer.pictured("rotation-history")


def test_a_certificate_is_removed_by_a_request(opens: Callable[..., Session]) -> None:
    session = opens()
    number = issued(session)
    removal = asked(session.engineer, f"mtls certificate remove {number} because the laptop was lost")
    session.lead.sees("the laptop was lost", place="approvals")
    session.lead.pictured("certificate-removal")
    approved(session, removal)
    session.engineer.sees(f"#{removal} done", place=DIRECT)
    session.panel.has_certificates(1)
    session.engineer.types(f"/pgaccess mtls certificate get {number}")
    session.engineer.is_told("mtls certificate")


def test_mtls_is_disabled_with_the_typed_name_and_enabled_again(opens: Callable[..., Session]) -> None:
    session = opens()
    engineer, lead = session.engineer, session.lead
    session.opened("203.0.113.90 because nightly export")
    engineer.types("/pgaccess mtls disable billing because it moves")
    engineer.sees_in_form("all of this ends immediately")
    engineer.pictured("disable-form")
    engineer.writes("biling", into="Type the app name")
    engineer.sends()
    engineer.finds_wrong("Type the app name", "That is not the app name")
    engineer.pictured("disable-form-wrong")
    engineer.writes("billing", into="Type the app name")
    engineer.sends()
    lead.sees("Disable mTLS on billing", "it moves", place="approvals")
    lead.pictured("disable-card")
    lead.presses("Approve", on="Disable mTLS on billing")
    session.panel.allows_no_more("203.0.113.90/32")
    engineer.sees("Disable mTLS on billing", "done", place=DIRECT)
    engineer.sees("203.0.113.90/32", "ended", place=DIRECT)
    number = asked(engineer, "mtls enable billing because it has moved")
    approved(session, number)
    engineer.sees("mTLS is enabled on billing", f"(#{number})", place=DIRECT)
    engineer.pictured("enabled")
