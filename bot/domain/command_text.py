"""Renders a request as the command that submits it again."""

from datetime import datetime, timedelta
from typing import Final

from bot.domain.duration import LONGEST, SHORTEST, show_duration
from bot.domain.privatelink.aws_account import short
from bot.domain.request import Kind, Request, Terms
from bot.domain.subject import Accounts, Subject

COMMAND: Final = "/pgaccess"
"""The slash command that the app's manifest registers."""

REASON: Final = 300
"""Characters of a reason that a line repeats: a message shows the whole line. A longer one is left out, since
half of it would be submitted as if it were all."""


def line_for(kind: Kind, terms: Terms, label: str, *, reason: str = "", length: str = "") -> str:
    """Returns the command that requests the same entry or operation.

    Args:
        kind: of the request to submit.
        terms: what was requested.
        label: the target as people type it.
        reason: why; left out where there is none.
        length: the clause that says how long, for access.
    """
    way, what = f"{COMMAND} {terms.method}", spelt(terms.subject)
    why = f" because {reason}" if reason else ""
    match kind:
        case Kind.REMOVE | Kind.REMOVE_UNMANAGED:
            return f"{way} remove {what} from {label}{why}"
        case Kind.OPEN | Kind.EXTEND | Kind.REOPEN:
            return f"{way} add {what} to {label}{f' {length}' if length else ''}{why}"
        case Kind.ADOPT:
            return f"{way} adopt {what} on {label}{why}"
        case Kind.CLOSE:
            return f"{way} close {label}{why}"
        case Kind.ENABLE | Kind.DISABLE:
            return f"{way} {kind} {label}{why}"
        case Kind.ISSUE:
            return f"{way} certificate new on {label}{why}"
    return f"{way} certificate list {label}"


def line_again(request: Request, label: str) -> str:
    """Returns the command that requests the same once more: with its length of time and its reason.

    Args:
        request: as it was recorded.
        label: its target as people type it.
    """
    terms = request.terms
    # A backtick would end the code in which messages show the line.
    reason = terms.reason.replace("`", "'")
    reason = reason if len(reason) <= REASON else ""
    return line_for(request.kind, terms, label, reason=reason, length=_length(terms, asked=request.asked_at))


def spelt(subject: Subject) -> str:
    """Returns a subject as it is typed."""
    return " ".join(map(short, subject.arns)) if isinstance(subject, Accounts) else str(subject)


def _length(terms: Terms, *, asked: datetime) -> str:
    """The clause that asks for as long as terms did; an end that was named is as far away as it was then."""
    if terms.duration is not None:
        return f"for {show_duration(terms.duration)}"
    if terms.until is None:
        return "for ever"
    # Upwards: a minute less than was asked for might end a job before it is done.
    length = -(-(terms.until - asked) // timedelta(minutes=1)) * timedelta(minutes=1)
    return f"for {show_duration(min(max(length, SHORTEST), LONGEST))}"
