"""Did you mean: the refusal of a word that is not known here."""

from collections.abc import Sequence

from bot.domain.text import cite, nearest
from bot.errors import Refusal, Refused


def unknown(word: str, known: Sequence[str], *, example: str) -> Refused:
    """The refusal of a word that is not known here.

    Args:
        word: as typed.
        known: what would be right here, in the order in which it is listed.
        example: a line that is right.
    """
    meant = nearest(word, known)
    if meant is None:
        return Refused(Refusal.UNKNOWN_HERE, word=cite(word), known=", ".join(known), example=example)
    return Refused(Refusal.UNKNOWN_WORD, word=cite(word), suggestion=meant, example=example)
