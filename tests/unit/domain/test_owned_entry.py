"""What evidence proves of a grant, whichever the access method."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from bot.domain.grant import GrantState, ReasonCode
from bot.domain.owned_entry import (
    ENDED,
    INTERRUPTED,
    VERIFIED,
    DesiredGrant,
    OwnedEntry,
    Removal,
    StoredState,
    Transition,
    failed,
    transitions,
    unsettled,
)

ID = UUID(int=1)
A, B = "a", "b"
APPLYING, IN_FORCE, ENDING = GrantState.APPLYING, GrantState.IN_FORCE, GrantState.ENDING


@dataclass(frozen=True)
class Proven:
    """Evidence, by address."""

    allowed: str = ""
    interrupted: str = ""
    closed_by_others: str = ""
    closed: str = ""

    def is_allowed(self, address: str) -> bool:
        return address in self.allowed

    def is_interrupted(self, address: str) -> bool:
        return address in self.interrupted

    def is_closed_by_others(self, address: str) -> bool:
        return address in self.closed_by_others

    def is_closed(self, address: str) -> bool:
        return address in self.closed


def grant(
    state: GrantState, *, number: int = 1, overdue: bool = False, over: bool = False
) -> DesiredGrant[str]:
    return DesiredGrant(
        request=number,
        grant=UUID(int=number),
        owner="U0ENGINEER",
        addresses=frozenset([A, B]),
        state=state,
        overdue=overdue,
        over=over,
    )


@pytest.mark.parametrize(
    ("state", "proven", "transition"),
    [
        (APPLYING, Proven(allowed="ab"), VERIFIED),
        (APPLYING, Proven(allowed="a"), None),
        (APPLYING, Proven(closed_by_others="b"), failed(ReasonCode.CLOSED_ELSEWHERE)),
        (IN_FORCE, Proven(interrupted="b"), INTERRUPTED),
        (IN_FORCE, Proven(allowed="ab"), None),
        (ENDING, Proven(closed="ab"), ENDED),
        (ENDING, Proven(closed="a"), None),
        (GrantState.INTERRUPTED, Proven(allowed="ab", closed="ab"), None),
    ],
)
def test_a_grant_opens_with_all_of_its_addresses_and_is_interrupted_with_one(
    state: GrantState, proven: Proven, transition: Transition | None
) -> None:
    assert transitions([grant(state)], proven).get(ID) == transition


def test_a_missed_deadline_counts_before_what_is_allowed_by_now() -> None:
    late = transitions([grant(APPLYING, overdue=True)], Proven(allowed="ab"))
    assert late == {ID: failed(ReasonCode.DEADLINE)}


def test_closing_by_others_counts_before_a_full_list() -> None:
    closed = transitions([grant(APPLYING)], Proven(closed_by_others="a"), no_room=[A, B])
    assert closed == {ID: failed(ReasonCode.CLOSED_ELSEWHERE)}
    assert transitions([grant(APPLYING)], Proven(), no_room=[B]) == {ID: failed(ReasonCode.FULL)}


@pytest.mark.parametrize("state", [APPLYING, IN_FORCE])
def test_nothing_is_concluded_of_a_grant_that_is_over(state: GrantState) -> None:
    everything = Proven(allowed="ab", interrupted="ab", closed_by_others="ab", closed="ab")
    assert transitions([grant(state, overdue=True, over=True)], everything) == {}


def test_what_is_neither_open_nor_closed_yet_is_unsettled() -> None:
    grants = [grant(APPLYING), grant(ENDING, number=2), grant(IN_FORCE, number=3)]
    assert [each.grant.int for each in unsettled(grants, {ID: VERIFIED})] == [2]


def test_a_grant_that_is_over_desires_nothing() -> None:
    stored: StoredState[str, str] = StoredState(
        grants=(grant(IN_FORCE, over=True), grant(APPLYING, over=True))
    )
    assert (stored.desired, stored.held, stored.opening([A])) == (frozenset(), frozenset(), frozenset())


def test_an_adopted_entry_stays_until_its_removal_is_requested() -> None:
    adopted = OwnedEntry(key=A, observed=True, adopted=True)
    leaving = OwnedEntry(key=B, observed=True, adopted=True, removal=Removal.REQUESTED)
    assert (adopted.stays, leaving.stays) == (True, False)
    stored: StoredState[str, str] = StoredState(entries=(adopted, leaving))
    assert stored.adopted == {A, B}
