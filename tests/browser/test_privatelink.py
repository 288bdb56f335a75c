"""PrivateLink on the page: requested, approved, in force, used, ended; closed by name; rejected."""

from collections.abc import Callable

import pytest

from sandbox.heroku.fixtures import DATABASE
from tests.browser.other_methods import approved, asked, at_heroku, no_more_at_heroku, unfolded
from tests.browser.page_driver import Session
from tests.browser.slack import DIRECT

pytestmark = pytest.mark.timeout(120)

ACCOUNT = "123456789012"


def test_an_account_is_allowed_connects_gets_its_command_and_ends(opens: Callable[..., Session]) -> None:
    session = opens()
    engineer, lead = session.engineer, session.lead
    number = asked(engineer, f"privatelink open billing account {ACCOUNT} for 2d because nightly export")
    lead.sees("PrivateLink", "us-east-1", place="approvals")
    lead.pictured("link-card")
    approved(session, number)
    engineer.sees(f"AWS {ACCOUNT} may connect to billing", "aws ec2 create-vpc-endpoint", place=DIRECT)
    engineer.pictured("link-in-force")
    unfolded(session, f"privatelink-{DATABASE}")
    at_heroku(session, "account", ACCOUNT, status="Active")
    engineer.page.get_by_test_id(f"connect-{ACCOUNT}").click()
    engineer.page.locator("[data-testid='connection'][data-status='Available']").wait_for(state="attached")
    # Asking for the status has Heroku looked at soon; by itself that comes within a minute.
    engineer.types("/pgaccess privatelink status billing")
    engineer.sees("is connected to billing", place=DIRECT)
    engineer.sees("The URL through", 'psql "$(heroku config:get DATABASE_ENDPOINT_')
    engineer.pictured("link-used")
    engineer.types("/pgaccess status billing")
    engineer.is_told("config var")
    engineer.pictured("link-status")
    engineer.presses("End access", on="The URL through", place=DIRECT)
    engineer.sees(f"#{number} has ended")
    no_more_at_heroku(session, "account", ACCOUNT)
    engineer.pictured("link-ended")


def test_the_endpoint_is_closed_by_an_approved_request_with_the_typed_name(
    opens: Callable[..., Session],
) -> None:
    session = opens()
    engineer, lead = session.engineer, session.lead
    number = asked(engineer, f"privatelink open billing account {ACCOUNT} for 2d because nightly export")
    approved(session, number)
    engineer.sees(f"AWS {ACCOUNT} may connect to billing", place=DIRECT)
    engineer.types("/pgaccess privatelink close billing because it moves")
    engineer.sees_in_form(f"access by request: #{number}")
    engineer.writes("ledger", into="Type the app name")
    engineer.sends()
    engineer.finds_wrong("Type the app name", "That is not the app name")
    engineer.pictured("link-close-form")
    engineer.writes("billing", into="Type the app name")
    engineer.sends()
    lead.sees("Close PrivateLink on billing", f"Ends #{number}.", place="approvals")
    lead.presses("Approve", on="Close PrivateLink on billing")
    engineer.sees(f"#{number} has ended", place=DIRECT)
    engineer.sees("Close PrivateLink on billing", " done:")
    no_more_at_heroku(session, "account", ACCOUNT)


def test_invalid_input_is_rejected_at_once_and_at_the_field(session: Session) -> None:
    engineer = session.engineer
    engineer.types("/pgaccess privatelink add 1234567890123 to billing")
    engineer.is_told("has 13 digits")
    engineer.types(f"/pgaccess privatelink add {ACCOUNT}:role/admin to billing")
    engineer.is_told("documents whole accounts and users only")
    engineer.types("/pgaccess privatelink open billing")
    engineer.sees_in_form("AWS accounts")
    engineer.writes("1234", into="AWS accounts")
    engineer.sends()
    engineer.finds_wrong("AWS accounts", "digits")
    engineer.pictured("link-form")
