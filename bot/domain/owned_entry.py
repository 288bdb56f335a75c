"""State of an entry that pgaccess owns at Heroku."""

from enum import StrEnum


class Removal(StrEnum):
    """How far the removal of a rule of ours is."""

    NONE = "none"
    ASKED = "asked"
    OVERDUE = "overdue"
