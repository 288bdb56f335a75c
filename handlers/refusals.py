"""A refusal that also says what became of the request that a button is about."""

from bot.errors import Refused
from bot.i18n.translator import Mrkdwn


class RefusedForState(Refused):
    """The request has moved on since the message with the button was shown.

    Args:
        refused: why nothing was done.
        line: where the request stands, in the language of the person.
    """

    def __init__(self, refused: Refused, *, line: Mrkdwn) -> None:
        super().__init__(refused.reason, **refused.params)
        self.line = line
