"""Renders a request as the command that submits it again."""

from typing import Final

from bot.domain.privatelink.aws_account import short
from bot.domain.request import Kind, Terms
from bot.domain.subject import Accounts, Subject

COMMAND: Final = "/pgaccess"
"""The slash command that the app's manifest registers."""


def line_for(kind: Kind, terms: Terms, label: str) -> str:
    """Returns the command that requests the same again.

    Args:
        kind: of the request to submit.
        terms: what was requested.
        label: the target as people type it.
    """
    way, what = f"{COMMAND} {terms.method}", _spelt(terms.subject)
    match kind:
        case Kind.REMOVE | Kind.REMOVE_UNMANAGED:
            return f"{way} remove {what} from {label}"
        case Kind.OPEN | Kind.EXTEND:
            return f"{way} add {what} to {label}"
        case Kind.ADOPT:
            return f"{way} adopt {what} on {label}"
        case Kind.CLOSE:
            return f"{way} close {label}"
        case Kind.ENABLE | Kind.DISABLE:
            return f"{way} {kind} {label}"
        case Kind.ISSUE:
            return f"{way} certificate new on {label}"
    return f"{way} certificate list {label}"


def _spelt(subject: Subject) -> str:
    """Returns a subject as it is typed."""
    return " ".join(map(short, subject.arns)) if isinstance(subject, Accounts) else str(subject)
