"""Notes of what is open, for the day that the store is lost; signed when they are posted."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from bot.domain.grant import Grant, GrantState
from bot.domain.method import Method
from bot.domain.policy.rules import Policy
from bot.domain.signed_note import Note
from bot.domain.subject import read_subject, write_subject
from bot.ports import MessageKind, Notification


def note_of(grant: Grant, policy: Policy, *, at: datetime) -> Notification:
    """Returns the note of a grant as it stands, to be written in the commit that made it so.

    Args:
        grant: as it is recorded.
        policy: names the channel.
        at: business time.
    """
    over = grant.state in (GrantState.ENDED, GrantState.FAILED)
    ends = "" if grant.ends_at is None else grant.ends_at.isoformat()
    return Notification(
        kind=MessageKind.NOTE,
        to=policy.notes_channel,
        key=f"{MessageKind.NOTE}:{grant.id}:{grant.state}:{at.isoformat()}",
        request=grant.request,
        params={
            "target": str(grant.target),
            "method": grant.method.value,
            "subject": write_subject(grant.subject),
            "request": str(grant.request),
            "owner": grant.owner,
            "ends": ends,
            "over": "yes" if over else "",
            "at": at.isoformat(),
        },
    )


def needs_note(grant: Grant) -> bool:
    """Whether Heroku keeps nothing of it that says whose it is: all but IP rules, which have descriptions."""
    return grant.method is not Method.MTLS


def read_note(params: Mapping[str, str]) -> Note:
    """Reads the note from the params of its message."""
    return Note(
        target=UUID(params["target"]),
        method=Method(params["method"]),
        subject=read_subject(params["subject"]),
        request=int(params["request"]),
        owner=params["owner"],
        ends_at=datetime.fromisoformat(params["ends"]) if params["ends"] else None,
        over=bool(params["over"]),
        at=datetime.fromisoformat(params["at"]),
    )
