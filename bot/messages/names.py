"""The names by which Slack sends buttons and forms back to us."""

from typing import Final

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
"""Buttons of a request; their value is ``<request>.<version of the terms shown>``, not to be trusted."""

ASK: Final = "home.ask"
"""The button of the App Home that opens the form."""

SHORTCUT_ASK: Final = "shortcut.ask"
"""The global shortcut that opens the form; the app's manifest registers it."""

FORM_ADD: Final = "form.mtls_add"
FORM_DENY: Final = "form.deny"
FORM_CHANGE: Final = "form.change"
FORM_EXTEND: Final = "form.extend"
FORM_NOTE: Final = "form.note"
"""Forms, by their ``callback_id``; the last only says something where no message can."""

FIELD_ADDRESS: Final = "address"
FIELD_TARGET: Final = "target"
FIELD_DURATION: Final = "duration"
FIELD_REASON: Final = "reason"
"""Fields of the forms: block id and action id are the same word."""


def button_value(request: int, version: int) -> str:
    """What a button carries."""
    return f"{request}.{version}"


def read_button(value: str) -> tuple[int, int]:
    """The request and the version that a button carries.

    Raises:
        ValueError: it is no value of ours.
    """
    request, _, version = value.partition(".")
    return int(request), int(version)
