"""Signed notes: what is signed is read back, and nothing else is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.method import Method
from bot.domain.signed_note import NOTE, SIGNATURE, Note, note_key, noted_end, sign, standing, verify
from bot.domain.subject import Accounts, Network

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
KEY, OTHER = note_key("secret"), note_key("another secret")
OPEN = Note(
    target=UUID(int=1),
    method=Method.TRUSTED,
    subject=Network("203.0.113.4/32"),
    request=12,
    owner="U0ENGINEER",
    ends_at=NOON + timedelta(hours=8),
    over=False,
    at=NOON,
)


def later(note: Note = OPEN) -> Note:
    return replace(note, at=note.at + timedelta(minutes=1))


def over(note: Note = OPEN) -> Note:
    return replace(later(note), over=True)


@given(
    note=st.builds(
        Note,
        target=st.uuids(),
        method=st.sampled_from(Method),
        subject=st.ip_addresses(v=4).map(lambda address: Network(f"{address}/32"))
        | st.just(Accounts(("arn:aws:iam::123456789012:root", "arn:aws:iam::210987654321:user/etl"))),
        request=st.integers(1, 10**12),
        owner=st.text(max_size=20),
        ends_at=st.none() | st.timedeltas(timedelta(), timedelta(days=999)).map(NOON.__add__),
        over=st.booleans(),
        at=st.just(NOON),
    )
)
def test_what_is_signed_is_read_back(note: Note) -> None:
    assert verify(sign(note, KEY), [OTHER, KEY]) == note


def test_a_note_of_another_secret_says_nothing() -> None:
    assert verify(sign(OPEN, OTHER), [KEY]) is None
    assert verify(sign(OPEN, KEY), []) is None


@pytest.mark.parametrize("position", range(0, len(sign(OPEN, KEY)[NOTE]), 3))
def test_a_note_that_was_changed_anywhere_says_nothing(position: int) -> None:
    signed = sign(OPEN, KEY)
    text = signed[NOTE]
    changed = text[:position] + ("x" if text[position] != "x" else "y") + text[position + 1 :]
    assert verify({**signed, NOTE: changed}, [KEY]) is None


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {NOTE: "{}"},
        {SIGNATURE: "00"},
        {NOTE: "{}", SIGNATURE: ""},
        {NOTE: "{}", SIGNATURE: "é"},
        {NOTE: 1, SIGNATURE: 2},
        {NOTE: None, SIGNATURE: None},
        {NOTE: {}, SIGNATURE: []},
        {"post": 12},
    ],
)
def test_what_is_no_signed_note_says_nothing(metadata: dict[str, object]) -> None:
    assert verify(metadata, [KEY]) is None


def test_the_newest_note_of_a_grant_counts_in_whatever_order_they_are_read() -> None:
    extended = replace(later(), ends_at=NOON + timedelta(hours=12))
    assert standing([extended, OPEN]) == standing([OPEN, extended]) == (extended,)


def test_what_is_over_does_not_stand() -> None:
    again = later(over())
    assert standing([over(), OPEN]) == ()
    assert standing([OPEN, replace(again, over=False), over()]) == (replace(again, over=False),)


def test_one_number_may_name_two_grants_after_a_restore() -> None:
    another = replace(later(), subject=Network("198.51.100.7/32"), owner="U0OTHER")
    assert standing([OPEN, another, over(another)]) == (OPEN,)


def test_an_end_is_the_noted_one_if_it_is_of_the_same_request_and_owner() -> None:
    hour = NOON + timedelta(hours=1)
    assert noted_end([OPEN], request=12, owner="U0ENGINEER", ends_at=hour) == OPEN.ends_at
    assert noted_end([OPEN], request=13, owner="U0ENGINEER", ends_at=hour) == hour
    assert noted_end([OPEN], request=12, owner="U0OTHER", ends_at=hour) == hour
    assert noted_end([], request=12, owner="U0ENGINEER", ends_at=None) is None
