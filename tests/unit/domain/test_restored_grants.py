"""What a restored store may have wrong about its open grants."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from bot.domain.grant import Grant, GrantState
from bot.domain.restored_grants import Doubt, doubtful_grants
from bot.domain.signed_note import Note
from tests.unit.factories import NOW, grant

HOUR = timedelta(hours=1)


def note(
    of: Grant, *, over: bool = False, later: timedelta | None = timedelta(), at: timedelta = HOUR
) -> Note:
    ends_at = None if later is None or of.ends_at is None else of.ends_at + later
    return Note(
        target=of.target,
        method=of.method,
        subject=of.subject,
        request=of.request,
        owner=of.owner,
        ends_at=ends_at,
        over=over,
        at=NOW + at,
    )


IN_FORCE, APPLYING, ENDLESS = grant(), grant(GrantState.APPLYING), grant(endless=True)


@pytest.mark.parametrize(
    ("stored", "known", "doubt"),
    [
        (IN_FORCE, None, None),
        (IN_FORCE, note(IN_FORCE), None),
        (IN_FORCE, note(IN_FORCE, over=True), Doubt.OVER),
        (IN_FORCE, note(IN_FORCE, over=True, at=timedelta()), Doubt.OVER),
        # Of a grant that had its number in an earlier store.
        (IN_FORCE, note(IN_FORCE, over=True, at=-HOUR), None),
        (IN_FORCE, note(IN_FORCE, later=4 * HOUR), Doubt.EXTENDED),
        (IN_FORCE, note(IN_FORCE, later=-HOUR), None),
        # The note of its approval has the hard end, which the read-back brings forward.
        (IN_FORCE, note(IN_FORCE, later=HOUR, at=-HOUR), None),
        (ENDLESS, note(ENDLESS, later=None), None),
        (ENDLESS, note(ENDLESS, over=True), Doubt.OVER),
        (grant(GrantState.INTERRUPTED), note(IN_FORCE, later=HOUR), Doubt.EXTENDED),
        (APPLYING, None, Doubt.UNOPENED),
        (APPLYING, note(APPLYING), Doubt.UNOPENED),
        (APPLYING, note(APPLYING, over=True), Doubt.OVER),
        # Opened before, and again by a new decision.
        (replace(APPLYING, verified_at=NOW), None, None),
    ],
)
def test_what_a_note_knows_better_and_what_would_be_opened_is_doubtful(
    stored: Grant, known: Note | None, doubt: Doubt | None
) -> None:
    found = doubtful_grants([stored], [] if known is None else [known])
    assert [each.doubt for each in found] == ([] if doubt is None else [doubt])
    assert all(each.grant is stored and each.note is known for each in found)


@pytest.mark.parametrize(
    "other",
    [
        replace(note(IN_FORCE, over=True), request=18),
        replace(note(IN_FORCE, over=True), owner="U0LEAD"),
        replace(note(IN_FORCE, over=True), target=UUID(int=9)),
    ],
)
def test_the_note_of_another_grant_says_nothing(other: Note) -> None:
    assert doubtful_grants([IN_FORCE], [other]) == ()
