"""Open grants of which a store that was restored from a backup may know less than it did.

Pure. What was opened since is told by what is at Heroku; what was ended or extended since is told by the
notes, and of a grant that was about to be opened nothing tells what has become of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.grant import Grant, GrantState
from bot.domain.signed_note import Note


class Doubt(StrEnum):
    """What may be wrong about a grant.

    ``over``: its note says that it has ended. ``extended``: its note has a later end. ``unopened``: a worker
    is about to open it, and it may have been opened and ended since the backup.
    """

    OVER = "over"
    EXTENDED = "extended"
    UNOPENED = "unopened"


@dataclass(frozen=True, kw_only=True, slots=True)
class DoubtfulGrant:
    """A grant, and what may be wrong about it.

    Attributes:
        grant: as the store has it.
        note: what its newest note says; None without one.
    """

    grant: Grant
    doubt: Doubt
    note: Note | None


def doubtful_grants(grants: Iterable[Grant], newest: Iterable[Note]) -> tuple[DoubtfulGrant, ...]:
    """Returns the grants that a person has to look at after a restore, in their order.

    Args:
        grants: that can still be ended.
        newest: the newest note of each grant.
    """
    by_grant = {(note.target, note.method, note.subject, note.request, note.owner): note for note in newest}
    found = []
    for grant in grants:
        key = (grant.target, grant.method, grant.subject, grant.request, grant.owner)
        note = by_grant.get(key)
        doubt = _doubt(grant, note)
        if doubt is not None:
            found.append(DoubtfulGrant(grant=grant, doubt=doubt, note=note))
    return tuple(found)


def _doubt(grant: Grant, note: Note | None) -> Doubt | None:
    # An older note is of a grant that had its number in a store before this one.
    if note is not None and note.over and note.at >= grant.started_at:
        return Doubt.OVER
    if grant.state is GrantState.APPLYING and grant.verified_at is None:
        return Doubt.UNOPENED
    # Before its read-back a grant has its hard end, which its first note repeats: that is no extension.
    if note is None or grant.verified_at is None or grant.ends_at is None or note.at <= grant.verified_at:
        return None
    later = note.ends_at is not None and note.ends_at > grant.ends_at
    return Doubt.EXTENDED if later else None
