"""The line that asks for something once more, as a person would type it."""

from typing import Final

from bot.domain.method import Method
from bot.domain.privatelink.aws_account import short
from bot.domain.request import Kind, Terms
from bot.domain.subject import Accounts, Subject

COMMAND: Final = "/pgaccess"
"""The slash command that the app's manifest registers."""


def line_for(kind: Kind, terms: Terms, label: str) -> str:
    """The line that asks for the same once more.

    Args:
        kind: of the request that it would make.
        terms: what was asked for.
        label: what people call the target.
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
            return f"{COMMAND} {Method.PRIVATELINK} close {label}"
        case Kind.ENABLE | Kind.DISABLE:
            return f"{way} {kind} {label}"
        case Kind.ISSUE:
            return f"{way} certificate new on {label}"
    return f"{way} certificate list {label}"


def _spelt(subject: Subject) -> str:
    """A subject as it is typed."""
    return " ".join(map(short, subject.arns)) if isinstance(subject, Accounts) else str(subject)
