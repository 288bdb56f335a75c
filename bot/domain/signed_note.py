"""Signed notes of what is open: they stand in a channel, and survive the loss of the store.

Trusted ranges and AWS accounts have no description at Heroku, and the description of an IP rule cannot be
changed: what was approved for them, and each extension, is noted in Slack. Pure: the key is an argument.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from bot.domain.method import Method
from bot.domain.subject import Subject, read_subject, write_subject

NOTE: Final = "note"
SIGNATURE: Final = "signature"
"""The two fields of a message's metadata that hold a note."""

_PURPOSE: Final = b"pgaccess signed notes 1"
"""Keeps the key apart from every other use of the secret that it is derived from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """What is known of one grant at one moment.

    Attributes:
        target: Heroku's UUID of the database or space.
        request: number of the request that opened the grant.
        owner: Slack id.
        ends_at: its end, or its hard end before it was verified; None without an end.
        over: it is proven that it has ended, or failed and left nothing.
        at: business time of the moment.
    """

    target: UUID
    method: Method
    subject: Subject
    request: int
    owner: str
    ends_at: datetime | None
    over: bool
    at: datetime


def note_key(secret: str) -> bytes:
    """Derives the key that notes are signed with from a secret that survives the store."""
    return hmac.new(secret.encode(), _PURPOSE, hashlib.sha256).digest()


def sign(note: Note, key: bytes) -> dict[str, str]:
    """Returns the fields of a message's metadata that hold a note and its HMAC-SHA-256."""
    text = json.dumps(_written(note), sort_keys=True, separators=(",", ":"))
    return {NOTE: text, SIGNATURE: _signature(text, key)}


def verify(metadata: Mapping[str, Any], keys: Iterable[bytes]) -> Note | None:
    """Reads a note; returns None if none of the keys has signed it.

    Args:
        metadata: of a message.
        keys: the present one, and those from before a rotation.
    """
    text, signature = metadata.get(NOTE), metadata.get(SIGNATURE)
    if not isinstance(text, str) or not isinstance(signature, str) or not signature.isascii():
        return None
    if not any(hmac.compare_digest(signature, _signature(text, key)) for key in keys):
        return None
    # Signed, so it was written below: nothing in it can be odd.
    return _read(json.loads(text))


def standing(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Returns the newest note of each grant as ``newest`` does, and leaves out what is over."""
    return tuple(note for note in newest(notes) if not note.over)


def newest(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Returns the newest note of each grant, in the order of their moments.

    A number alone does not name a grant: after a restore it may have been given twice.
    """
    found: dict[tuple[UUID, Method, Subject, int, str], Note] = {}
    for note in sorted(notes, key=lambda note: note.at):
        found[note.target, note.method, note.subject, note.request, note.owner] = note
    return tuple(found.values())


def noted_end(
    notes: Sequence[Note], *, request: int, owner: str, ends_at: datetime | None
) -> datetime | None:
    """Returns the end that a grant has by its note: an extension that a description does not know.

    Args:
        notes: standing ones of one target, method and subject.
        request: number of its request.
        owner: Slack id.
        ends_at: its end by the description.
    """
    known = [note.ends_at for note in notes if (note.request, note.owner) == (request, owner)]
    return known[-1] if known else ends_at


def _signature(text: str, key: bytes) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _written(note: Note) -> dict[str, str | int | bool]:
    return {
        "target": str(note.target),
        "method": note.method.value,
        "subject": write_subject(note.subject),
        "request": note.request,
        "owner": note.owner,
        "ends": "" if note.ends_at is None else note.ends_at.isoformat(),
        "over": note.over,
        "at": note.at.isoformat(),
    }


def _read(written: Mapping[str, Any]) -> Note:
    return Note(
        target=UUID(written["target"]),
        method=Method(written["method"]),
        subject=read_subject(written["subject"]),
        request=written["request"],
        owner=written["owner"],
        ends_at=datetime.fromisoformat(written["ends"]) if written["ends"] else None,
        over=written["over"],
        at=datetime.fromisoformat(written["at"]),
    )
