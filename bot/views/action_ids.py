"""The names by which Slack sends buttons and forms back to us."""

from typing import Final
from uuid import UUID

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
"""Buttons of a request; their value is ``<request>.<version of the terms shown>``, not to be trusted."""

PICK: Final = "certificate.pick"
"""The buttons by which somebody says which certificate is the one; each action has a number behind it."""

FILES: Final = "certificate.files"
"""The button by which its owner gets a certificate's files; its value is a request's button's."""

SUPPORT_DONE: Final = "space.support_done"
SUPPORT_WEB: Final = "space.support_web"
"""Buttons that tell what Heroku's support has done for a space; the value is that of a waiting request."""

ASK: Final = "home.ask"
"""The button of the App Home that opens the form."""

ADVISE: Final = "advise.open"
ADVISE_MTLS: Final = "advise.mtls"
ADVISE_PRIVATELINK: Final = "advise.privatelink"
ADVISE_COMPARE: Final = "advise.compare"
"""Buttons around advice: to the questions, on to the form of a way in, and to the table of the three ways."""

SHORTCUT_ASK: Final = "shortcut.ask"
"""The global shortcut that opens the form; the app's manifest registers it."""

FORM_ADD: Final = "form.mtls_add"
FORM_DENY: Final = "form.deny"
FORM_CHANGE: Final = "form.change"
FORM_EXTEND: Final = "form.extend"
FORM_DISABLE: Final = "form.mtls_disable"
FORM_LINK_ADD: Final = "form.link_add"
FORM_LINK_CLOSE: Final = "form.link_close"
FORM_RANGE_ADD: Final = "form.range_add"
FORM_ADVISE: Final = "form.advise"
FORM_NOTE: Final = "form.note"
"""Forms, by their ``callback_id``; the last only says something where no message can."""

FIELD_ADDRESS: Final = "address"
FIELD_TARGET: Final = "target"
FIELD_DURATION: Final = "duration"
FIELD_REASON: Final = "reason"
FIELD_NEED: Final = "need"
FIELD_ORIGIN: Final = "origin"
FIELD_REGION: Final = "region"
FIELD_LENGTH: Final = "length"
FIELD_PRODUCTION: Final = "production"
FIELD_NAME: Final = "name"
"""Fields of the forms: block id and action id are the same word."""


def button_value(request: int, version: int) -> str:
    """What a button carries."""
    return f"{request}.{version}"


def pick_value(request: int, certificate: UUID) -> str:
    """What a button carries that picks a certificate."""
    return f"{request}.{certificate}"


def read_pick(value: str) -> tuple[int, UUID]:
    """The request and the certificate that a button carries.

    Raises:
        ValueError: it is no value of ours.
    """
    request, _, certificate = value.partition(".")
    return int(request), UUID(certificate)


def read_button(value: str) -> tuple[int, int]:
    """The request and the version that a button carries.

    Raises:
        ValueError: it is no value of ours.
    """
    request, _, version = value.partition(".")
    return int(request), int(version)
