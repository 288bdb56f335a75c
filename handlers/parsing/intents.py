"""The intent of a typed command: which command it is, and the values typed behind it."""

from dataclasses import dataclass
from typing import Final

from bot.services import RequestInput

CommandPath = tuple[str, ...]
"""The words of a command: ``("mtls", "add")``; empty for the bare command."""


NO_INPUT: Final = RequestInput()
"""What a command without values has for input."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """One command line as parsed, whichever command it is.

    Values are raw strings as typed; None means that the person left them out. What an address or a duration
    means, the domain decides.

    Attributes:
        command: row of the command table.
        input: address or accounts, target, duration or end, and reason. The target is the name of a database,
            an app, an alias or a space; for ``list`` it may also be ``mine``, ``pending`` or ``ended``.
        number: number of a request; for ``list``, the one that the page begins behind.
        person: Slack id of somebody who was mentioned.
        certificate: number of a certificate's request, or the beginning of the certificate's id.
        moment: a time in the past.
        topic: command or group of commands that ``help`` explains; empty for all of them.
    """

    command: CommandPath
    input: RequestInput = NO_INPUT
    number: int | None = None
    person: str | None = None
    certificate: str | None = None
    moment: str | None = None
    topic: CommandPath = ()
