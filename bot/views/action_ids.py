"""The ids by which Slack sends buttons, forms and fields back to us, and the values of buttons."""

import json
import re
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from bot.domain.method import Method
from bot.domain.reports.finding import FindingAction

_NUMBER: Final = re.compile(r"[0-9]{1,18}")
"""Eighteen digits stay below the maximum of Postgres' ``bigint``."""

_LONGEST_VALUE: Final = 2000
"""Characters that Slack takes for the value of a button (Block Kit reference, "Button element")."""

_REQUEST: Final = re.compile(r"([0-9]{1,18})(?:-([0-9a-f]{8}))?")
"""A request by its number and its nonce; values from before nonces, and requests of that time, have none."""

_ENTRY: Final = re.compile(r"([0-9]{1,18})-([0-9a-f]{8})")
"""An unmanaged entry by its number and its fingerprint."""

APPROVE: Final = "request.approve"
DENY: Final = "request.deny"
DETAILS: Final = "request.details"
CHANGE: Final = "request.change"
CANCEL: Final = "request.cancel"
DONE: Final = "grant.done"
EXTEND: Final = "grant.extend"
REVOKE: Final = "grant.revoke"
RETRY: Final = "grant.retry"
GIVE_UP: Final = "grant.give_up"
RESTORE: Final = "grant.restore"
ACKNOWLEDGE: Final = "certificate.acknowledge"
SNOOZE: Final = "certificate.snooze"
ROTATE: Final = "certificate.rotate"
INSTALLED: Final = "certificate.installed"
KEEP_OLD: Final = "certificate.keep_old"
TEST: Final = "certificate.test"
AGAIN: Final = "request.again"
"""Buttons of a request; their value is what `button_value` writes: not to be trusted when it comes back."""

ANYWAY: Final = "request.anyway"
"""The button that opens the form for a request like one that there is; its value is of `input_value`."""

PICK: Final = "certificate.pick"
"""Buttons that choose one of several certificates; each ``action_id`` ends in a number of its own."""

NOT_ME: Final = "certificate.not_me"
"""The button that revokes a certificate whose files somebody else has; its value is of `download_value`."""

REVOKE_CERTIFICATE: Final = "certificate.revoke"
ASSIGN: Final = "certificate.assign"
"""Buttons about a certificate whose owner has left; their value is what `pick_value` writes."""

KEEP: Final = "review.keep"
REVIEW_END: Final = "review.end"
"""Buttons of the weekly review; behind the request, their value has the number of the message."""

REVIEW_KEEP_ITEM: Final = "access_review.keep"
REVIEW_END_ITEM: Final = "access_review.end"
"""Buttons of an item of the access review; behind the item, their value has the number of its request."""

REVIEW_PREVIOUS: Final = "access_review.previous"
REVIEW_NEXT: Final = "access_review.next"
"""Buttons that turn the pages of the access review; their value is what `page_value` writes."""

REVOKE_PERSON: Final = "person.revoke"
"""The button that ends everything of one person; its value is what `person_value` writes."""

FILES: Final = "certificate.files"
"""The button to a certificate's files; its value is that of a request's button."""

SUPPORT_DONE: Final = "space.support_done"
SUPPORT_WEB: Final = "space.support_web"
"""Buttons that record what Heroku's support has done for a space; their value names a waiting request."""

REPLACE: Final = "target.replace"
KEEP_APART: Final = "target.keep"
"""Buttons that tell whether a target has replaced another; each ``action_id`` ends in a number of its own."""

FINDING_ADOPT: Final = "finding.adopt"
FINDING_REMOVE: Final = "finding.remove"
FINDING_IGNORE: Final = "finding.ignore"
"""Buttons of a finding's card; their value is what `finding_value` writes."""

FINDING_CHOOSE: Final = "finding.choose"
"""The button that opens the form about unmanaged entries; each ``action_id`` ends in an access method."""

ASK: Final = "home.ask"
"""The button of the App Home that opens the form."""

PRESET_OPEN: Final = "preset.open"
PRESET_PUSH: Final = "preset.push"
"""Buttons that fill a form in, from the App Home and inside a form; each ``action_id`` ends in a number, and
their value is the preset's name."""

ADVISE: Final = "advise.open"
ADVISE_MTLS: Final = "advise.mtls"
ADVISE_PRIVATELINK: Final = "advise.privatelink"
ADVISE_COMPARE: Final = "advise.compare"
"""Buttons around advice: to the questions, to the form of an access method, and to the comparison."""

SHORTCUT_ASK: Final = "shortcut.ask"
"""The global shortcut that opens the form; the app's manifest registers it."""

FORM_ADD: Final = "form.mtls_add"
FORM_ADD_ANYWAY: Final = "form.mtls_add_anyway"
FORM_DENY: Final = "form.deny"
FORM_CHANGE: Final = "form.change"
FORM_EXTEND: Final = "form.extend"
FORM_DISABLE: Final = "form.mtls_disable"
FORM_LINK_ADD: Final = "form.link_add"
FORM_LINK_ADD_ANYWAY: Final = "form.link_add_anyway"
FORM_LINK_CLOSE: Final = "form.link_close"
FORM_RANGE_ADD: Final = "form.range_add"
FORM_RANGE_ADD_ANYWAY: Final = "form.range_add_anyway"
FORM_ASSIGN: Final = "form.assign"
FORM_KEEP_ITEM: Final = "form.review_keep"
FORM_END_ITEM: Final = "form.review_end"
FORM_ADVISE: Final = "form.advise"
FORM_FINDING: Final = "form.finding"
FORM_FINDINGS: Final = "form.findings"
FORM_NOTE: Final = "form.note"
"""Forms, by their ``callback_id``; a note has nothing to fill in."""

FIELD_ADDRESS: Final = "address"
FIELD_TARGET: Final = "target"
FIELD_DURATION: Final = "duration"
FIELD_OTHER_TIME: Final = "other_time"
FIELD_REASON: Final = "reason"
FIELD_ALTERNATIVES: Final = "alternatives"
FIELD_NEED: Final = "need"
FIELD_ORIGIN: Final = "origin"
FIELD_REGION: Final = "region"
FIELD_LENGTH: Final = "length"
FIELD_PRODUCTION: Final = "production"
FIELD_NAME: Final = "name"
FIELD_PERSON: Final = "person"
FIELD_TICKET: Final = "ticket"
FIELD_ENTRY: Final = "entry"
FIELD_ACTION: Final = "action"
"""Fields of the forms: ``block_id`` and ``action_id`` are the same."""


def button_value(request: int, version: int, *, nonce: str) -> str:
    """The value of a button: a request with its nonce, and the version of its terms."""
    return f"{_named(request, nonce)}.{version}"


def read_about(value: str) -> tuple[int, str] | None:
    """Reads which request a value is about, whatever else it holds: its number, and its nonce or nothing."""
    found = _REQUEST.match(value)
    # No request has the number 0: it stands in buttons that are about none.
    if found is None or not value.startswith(".", found.end()) or int(found[1]) == 0:
        return None
    return int(found[1]), found[2] or ""


def input_value(method: Method, values: Mapping[str, str | None]) -> str:
    """The value of a button that opens a form: an access method, and what the form's fields hold.

    The reason is left out where it does not fit: a form can be filled in once more.
    """
    held = {name: value for name, value in values.items() if value}
    while len(value := json.dumps({"method": str(method), **held})) > _LONGEST_VALUE and held:
        held.pop(FIELD_REASON if FIELD_REASON in held else next(iter(held)))
    return value


def read_input(value: str) -> tuple[Method, Mapping[str, str]]:
    """Reads the access method and the fields' values from a button's value.

    Raises:
        ValueError: the value was not written by us.
    """
    read = json.loads(value)
    if not isinstance(read, dict) or not all(isinstance(each, str) for each in read.values()):
        raise ValueError("not the fields of a form")
    return Method(read.pop("method", "")), read


def pick_value(request: int, certificate: UUID, *, nonce: str) -> str:
    """The value of a button that chooses a certificate."""
    return f"{_named(request, nonce)}.{certificate}"


def read_pick(value: str) -> tuple[int, UUID]:
    """Reads the request and the certificate from a button's value.

    Raises:
        ValueError: the value was not written by us.
    """
    request, _, certificate = value.partition(".")
    return _request(request), UUID(certificate)


def download_value(request: int, certificate: UUID, link: UUID, *, nonce: str) -> str:
    """The value of a button about a download of a certificate's files."""
    return f"{_named(request, nonce)}.{certificate}.{link}"


def read_download(value: str) -> tuple[int, UUID, UUID]:
    """Reads the request, the certificate and the link from a button's value.

    Raises:
        ValueError: the value was not written by us.
    """
    request, certificate, link = value.split(".")
    return _request(request), UUID(certificate), UUID(link)


def identity_value(target: UUID, entry: str) -> str:
    """The value of a button that tells what a target is: its UUID, and the key of an entry of the policy."""
    return f"{target}.{entry}"


def read_identity(value: str) -> tuple[UUID, str]:
    """Reads the target and the entry's key from a button's value.

    Raises:
        ValueError: the value was not written by us.
    """
    target, separator, entry = value.partition(".")
    if not separator:
        raise ValueError("a value without an entry")
    return UUID(target), entry


def page_value(review: int, group: int, page: int) -> str:
    """The value of a button that shows a page of a review's message; it is about no request."""
    return f"{review}/{group}/{page}"


def read_page(value: str) -> tuple[int, int, int]:
    """Reads the review, the group and the page from a button's value.

    Raises:
        ValueError: the value was not written by us.
    """
    review, group, page = value.split("/")
    return _number(review), _number(group), _number(page)


def entry_value(entry: int, *, fingerprint: str) -> str:
    """Names an unmanaged entry: its number in the store, and its fingerprint."""
    return f"{entry}-{fingerprint}"


def finding_value(entry: int, action: FindingAction, *, fingerprint: str) -> str:
    """The value of a button about an unmanaged entry: which it is, and what the button does.

    Without the dot that ends a request's number: no request is meant.
    """
    return f"{entry_value(entry, fingerprint=fingerprint)}/{action}"


def read_finding(value: str) -> tuple[int, str, FindingAction]:
    """Reads the entry's number, its fingerprint and the action from a button's value.

    Raises:
        ValueError: the value was not written by us.
    """
    entry, _, action = value.partition("/")
    return *read_entry(entry), FindingAction(action)


def finding_list_value(target: str, method: Method) -> str:
    """The value of a button about the unmanaged entries of a target's access method."""
    return f"{target}.{method}"


def read_finding_list(value: str) -> tuple[UUID, Method]:
    """Reads the target and the access method from a button's value.

    Raises:
        ValueError: the value was not written by us.
    """
    target, _, method = value.partition(".")
    return UUID(target), Method(method)


def read_entry(value: str) -> tuple[int, str]:
    """Reads an unmanaged entry's number and its fingerprint; raises ``ValueError`` as above."""
    found = _ENTRY.fullmatch(value)
    if found is None:
        raise ValueError("not an entry of ours")
    return int(found[1]), found[2]


def person_value(person: str, reason: str) -> str:
    """The value of a button about one person, and why it is pressed."""
    return f"{person}.{reason}"


def read_person(value: str) -> tuple[str, str]:
    """Reads the person's Slack id and the reason from a button's value.

    Raises:
        ValueError: the value was not written by us.
    """
    person, dot, reason = value.partition(".")
    if not dot or not person:
        raise ValueError("no person, or no reason")
    return person, reason


# Only the shape is checked: whether the person may act on it is for the use case to decide.
def read_button(value: str) -> tuple[int, int]:
    """Reads the request and the version from a button's value.

    Raises:
        ValueError: the value was not written by us.
    """
    request, _, version = value.partition(".")
    return _request(request), _number(version)


def _named(request: int, nonce: str) -> str:
    return f"{request}-{nonce}" if nonce else str(request)


def _request(text: str) -> int:
    """Reads the number of a request; whether its nonce is right was asked before."""
    found = _REQUEST.fullmatch(text)
    if found is None:
        raise ValueError("not a request of ours")
    return int(found[1])


def _number(text: str) -> int:
    """Reads a number as ``button_value`` writes it; ``int`` alone would take blanks and other digits too."""
    if _NUMBER.fullmatch(text) is None:
        raise ValueError("not a number of ours")
    return int(text)
