"""What approvers and operations read of somebody who has left: valid, true, and with the right buttons."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final
from uuid import UUID

import pytest

from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.request import Kind
from bot.i18n.translator import Translator
from bot.ports import Message, MessageKind
from bot.views import action_ids
from bot.views.render import render
from bot.views.reviews import leavers
from tests.unit import factories
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples
from tests.unit.views.mtls.test_expiry import known, outbox_message
from tests.unit.views.samples import IN_BOTH_LANGUAGES, LONG

ORPHAN = replace(known(), owner_left_at=NOW)
PARAMS = {"certificate": str(ORPHAN.id), "owner": "U0ENGINEER", "approvers": "S0LEADS U0LEAD"}
OFFERED = [action_ids.REVOKE_CERTIFICATE, action_ids.ASSIGN]


def left(issued: KnownCertificate = ORPHAN, language: str = "en", **params: str) -> Message:
    details = replace(factories.case(asked=factories.request(kind=Kind.ISSUE)), issued=issued)
    message = outbox_message(MessageKind.CERTIFICATE_LEFT, **PARAMS, **params)
    return render(message, details, t=Translator(language), policy=POLICY)


CASES: Final[dict[str, Callable[[str], Message]]] = {
    "to be decided": lambda language: left(language=language),
    "delivered": lambda language: left(replace(ORPHAN, delivered_at=NOW), language),
    "long purpose": lambda language: left(replace(ORPHAN, purpose=LONG), language),
    "gone": lambda language: left(replace(ORPHAN, absent_at=NOW), language),
    "another": lambda language: left(replace(ORPHAN, id=UUID(int=71)), language),
    "back": lambda language: left(replace(ORPHAN, owner_left_at=None), language),
    "revoking": lambda language: left(ORPHAN, language, revoked_by="U0LEAD", revocation="18"),
    "assigned": lambda language: left(ORPHAN, language, assigned_to="U0X", assigned_by="U0LEAD"),
}


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("case", CASES)
def test_every_state_of_a_leavers_certificate_can_be_shown(case: str, language: str) -> None:
    message = CASES[case](language)
    samples.require_valid(message)
    offered = samples.actions(list(message.blocks))
    assert offered == (OFFERED if case in ("to be decided", "delivered", "long purpose") else [])


def test_the_approvers_are_mentioned_and_told_whether_the_key_is_out() -> None:
    assert "<!subteam^S0LEADS> <@U0LEAD>" in left().text
    assert "never downloaded" in samples.content(left())
    assert "may still have the private key" in samples.content(left(replace(ORPHAN, delivered_at=NOW)))


def test_what_the_policy_itself_revokes_is_decided_by_pgaccess() -> None:
    assert "decided by pgaccess" in left(revoked_by="pgaccess", revocation="18").text


@IN_BOTH_LANGUAGES
def test_the_new_owner_gets_the_button_to_the_files_while_it_is_theirs(language: str) -> None:
    details = factories.case(asked=factories.request(kind=Kind.ISSUE))
    params = {"owner": "U0HEIR", "before": "U0ENGINEER", "assigned_by": "U0LEAD"}
    message = outbox_message(MessageKind.CERTIFICATE_ASSIGNED, **params)
    for owner, offered in (("U0HEIR", [action_ids.FILES]), ("U0OTHER", [])):
        issued = replace(ORPHAN, owner=owner, owner_left_at=None)
        shown = render(message, replace(details, issued=issued), t=Translator(language), policy=POLICY)
        samples.require_valid(shown)
        assert samples.actions(list(shown.blocks)) == offered


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("why", ["deactivated", "bot", "guest", "external"])
def test_operations_reads_who_left_and_what_ended(why: str, language: str) -> None:
    lists = {"grants": "17 18", "pending": "19", "links": "", "rotations": "", "certificates": "12"}
    message = outbox_message(MessageKind.LEAVER, person="U0ENGINEER", why=why, **lists)
    shown = render(message, None, t=Translator(language), policy=POLICY)
    samples.require_valid(shown)
    for number in ("#17, #18", "#19", "#12"):
        assert number in samples.content(shown)


@IN_BOTH_LANGUAGES
def test_the_form_asks_for_a_person(language: str) -> None:
    details = factories.case(asked=factories.request(kind=Kind.ISSUE))
    view = leavers.assign_form(details, ORPHAN.id, Translator(language))
    samples.require_valid_view(view)
    assert view["blocks"][-1]["element"]["type"] == "users_select"
    assert action_ids.read_pick(view["private_metadata"]) == (details.request.id, ORPHAN.id)
