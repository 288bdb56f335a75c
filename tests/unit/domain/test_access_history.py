"""Who could reach a target at a moment, by what is recorded."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from bot.domain.access_history import (
    Access,
    AdoptedEntry,
    Approval,
    Certainty,
    Gap,
    GrantChange,
    ObservedList,
    RecordedGrant,
    Sight,
    SightedEntry,
    TargetName,
    access_at,
    access_of,
    evidence_of,
    names_at,
)
from bot.domain.grant import GrantState
from bot.domain.method import Method
from tests.unit import factories
from tests.unit.factories import NOW

DATABASE, OTHER, SPACE = UUID(int=1), UUID(int=2), UUID(int=3)
TICK = timedelta(seconds=1)
APPLYING, IN_FORCE, INTERRUPTED = GrantState.APPLYING, GrantState.IN_FORCE, GrantState.INTERRUPTED
ENDING, ENDED, FAILED, WAITING = GrantState.ENDING, GrantState.ENDED, GrantState.FAILED, GrantState.WAITING


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def recorded(
    *changes: tuple[float, GrantState, float | None], approvals: tuple[Approval, ...] = ()
) -> RecordedGrant:
    """A grant that moved at some minutes, each with the end that it had from then on."""
    return RecordedGrant(
        grant=factories.grant(),
        changes=tuple(
            GrantChange(at=at(minute), after=state, ends=None if end is None else at(end))
            for minute, state, end in changes
        ),
        approvals=approvals,
    )


def reaches(grant: RecordedGrant, minute: float) -> bool:
    access = access_of(grant, at(minute))
    return access is not None and access.certainty is Certainty.IN_FORCE


USUAL = recorded((0, APPLYING, 90), (1, IN_FORCE, 61), (61, ENDING, 61), (62, ENDED, 61))


@pytest.mark.parametrize(
    ("minute", "certainty"),
    [
        (-0.01, None),
        (0, Certainty.OPENING),
        (0.99, Certainty.OPENING),
        (1, Certainty.IN_FORCE),
        (30, Certainty.IN_FORCE),
        (61, Certainty.IN_FORCE),
        (61.99, Certainty.IN_FORCE),
        (62, None),
        (1000, None),
    ],
)
def test_access_lasts_from_its_read_back_until_it_is_read_back_as_gone(
    minute: float, certainty: Certainty | None
) -> None:
    access = access_of(USUAL, at(minute))
    assert (None if access is None else access.certainty) == certainty


@pytest.mark.parametrize(
    ("minute", "reached"), [(4.9, True), (5, False), (7, False), (8.9, False), (9, True), (20, True)]
)
def test_a_grant_that_was_interrupted_does_not_reach_until_it_is_read_back_again(
    minute: float, reached: bool
) -> None:
    grant = recorded(
        (0, APPLYING, 90), (1, IN_FORCE, 61), (5, INTERRUPTED, 61), (8, APPLYING, 61), (9, IN_FORCE, 61)
    )
    assert reaches(grant, minute) is reached


def test_a_grant_that_ends_while_interrupted_does_not_reach_again() -> None:
    grant = recorded(
        (0, APPLYING, 90), (1, IN_FORCE, 61), (5, INTERRUPTED, 61), (61, ENDING, 61), (62, ENDED, 61)
    )
    assert [minute for minute in range(70) if reaches(grant, minute)] == [1, 2, 3, 4]


def test_what_was_revoked_while_it_was_being_opened_is_said_to_be_uncertain_until_it_is_gone() -> None:
    grant = recorded((0, APPLYING, 90), (1, ENDING, 90), (3, ENDED, 90))
    found = [access_of(grant, at(minute)) for minute in range(4)]
    assert [None if each is None else each.certainty for each in found] == [Certainty.OPENING] * 3 + [None]


@pytest.mark.parametrize("last", [FAILED, WAITING])
def test_what_failed_or_waits_for_support_does_not_reach(last: GrantState) -> None:
    assert access_of(recorded((0, APPLYING, 90), (2, last, None)), at(3)) is None


def test_an_extension_changes_the_planned_end_and_not_the_beginning() -> None:
    grant = recorded(
        (0, APPLYING, 90), (1, IN_FORCE, 61), (50, IN_FORCE, 121), (121, ENDING, 121), (122, ENDED, 121)
    )
    before, after = access_of(grant, at(49)), access_of(grant, at(50))
    assert isinstance(before, Access)
    assert isinstance(after, Access)
    assert (before.planned_end, after.planned_end) == (at(61), at(121))
    assert before.since == after.since == at(1)
    assert before.ended_at == after.ended_at == at(122)


def test_access_without_an_end_has_none() -> None:
    access = access_of(recorded((0, APPLYING, None), (1, IN_FORCE, None)), at(10_000))
    assert access is not None
    assert (access.planned_end, access.ended_at, access.ended) == (None, None, "")


def test_the_interruption_that_came_next_is_named_as_the_end() -> None:
    grant = recorded(
        (0, APPLYING, 90), (1, IN_FORCE, 61), (5, INTERRUPTED, 61), (61, ENDING, 61), (62, ENDED, 61)
    )
    access = access_of(grant, at(3))
    assert access is not None
    assert (access.ended_at, access.ended) == (at(5), INTERRUPTED)


def test_changes_of_one_moment_count_in_the_order_in_which_they_were_recorded() -> None:
    assert reaches(recorded((0, APPLYING, 9), (0, IN_FORCE, 9)), 0)
    assert not reaches(recorded((0, APPLYING, 9), (0, IN_FORCE, 9), (0, ENDING, 9), (0, ENDED, 9)), 0)


def test_only_approvals_of_before_the_moment_are_named() -> None:
    first = Approval(request=17, person="U0LEAD", at=at(0))
    later = Approval(request=18, person="U0LEAD2", at=at(50))
    grant = recorded((0, APPLYING, 90), (1, IN_FORCE, 61), (50, IN_FORCE, 121), approvals=(first, later))
    for minute, expected in ((49.9, (first,)), (50, (first, later))):
        access = access_of(grant, at(minute))
        assert access is not None
        assert access.approvals == expected


FOLLOWS: dict[GrantState | None, tuple[GrantState, ...]] = {
    None: (APPLYING, WAITING),
    WAITING: (APPLYING, ENDING),
    APPLYING: (IN_FORCE, FAILED, ENDING),
    IN_FORCE: (IN_FORCE, INTERRUPTED, ENDING),
    INTERRUPTED: (APPLYING, ENDING),
    ENDING: (ENDED,),
    FAILED: (APPLYING, ENDED),
    ENDED: (),
}
"""What a grant can become from each state."""


def lives(most: int, *before: GrantState) -> Iterator[tuple[GrantState, ...]]:
    """Every life that a grant can have had with a number of changes at most."""
    yield before
    if len(before) < most:
        for state in FOLLOWS[before[-1] if before else None]:
            yield from lives(most, *before, state)


def test_whatever_a_grant_went_through_it_reaches_just_between_read_back_and_the_next_end() -> None:
    every = list(lives(10))
    assert len(every) > 500
    for life in every:
        grant = recorded(*((2 * index, state, None) for index, state in enumerate(life)))
        reached = False
        for index, after in enumerate(life):
            # Written the other way round: only a read-back opens, and only an end or a gap closes.
            reached = after is IN_FORCE or (reached and after is ENDING)
            assert reaches(grant, 2 * index) is reached, life
            assert reaches(grant, 2 * index + 1.9) is reached, life


# --- names ------------------------------------------------------------------------------------------


def named(target: UUID, name: str, since: float | None = None, *, gone: float | None = None) -> TargetName:
    return TargetName(
        target=target,
        name=f"postgresql-{target.int}",
        app=name,
        since=None if since is None else at(since),
        gone_at=None if gone is None else at(gone),
    )


def called(word: str, minute: float, *names: TargetName) -> set[UUID]:
    return {id for id, each in names_at(names, at(minute)).items() if each.is_called(word)}


@pytest.mark.parametrize(
    ("minute", "word"), [(-100, "billing"), (9.9, "billing"), (10, "ledger"), (100, "ledger")]
)
def test_a_target_has_the_name_of_that_day(minute: float, word: str) -> None:
    names = (named(DATABASE, "billing"), named(DATABASE, "ledger", 10))
    assert called(word, minute, *names) == {DATABASE}
    assert called({"billing": "ledger", "ledger": "billing"}[word], minute, *names) == set()


def test_two_targets_that_had_one_name_are_both_meant_and_later_only_the_one_that_kept_it() -> None:
    names = (named(DATABASE, "billing"), named(OTHER, "billing"), named(OTHER, "ledger", 10))
    assert called("billing", 5, *names) == {DATABASE, OTHER}
    assert called("billing", 10, *names) == {DATABASE}


def test_a_name_that_passed_to_another_target_means_whichever_had_it() -> None:
    names = (
        named(DATABASE, "billing"),
        named(DATABASE, "old", 10),
        named(OTHER, "new"),
        named(OTHER, "billing", 10),
    )
    assert called("billing", 9, *names) == {DATABASE}
    assert called("billing", 10, *names) == {OTHER}


def test_what_was_proven_to_be_gone_has_no_name_any_more() -> None:
    names = (named(DATABASE, "billing", gone=10),)
    assert called("billing", 9.9, *names) == {DATABASE}
    assert called("billing", 10, *names) == set()


@pytest.mark.parametrize("word", ["billing", "BILLING", "postgresql-1"])
def test_names_count_in_any_case_and_nothing_is_called_by_an_empty_word(word: str) -> None:
    assert called(word, 0, named(DATABASE, "billing")) == {DATABASE}
    assert called("", 0, TargetName(target=SPACE, name="acme-private")) == set()


# --- entries and evidence ------------------------------------------------------------------------------


def sighted(since: float, absent: float | None = None, *, entry: str = "rule") -> SightedEntry:
    return SightedEntry(
        target=DATABASE,
        method=Method.MTLS,
        entry=entry,
        subject="198.51.100.0/24",
        description="",
        created_by="",
        first_seen_at=at(since),
        absent_at=None if absent is None else at(absent),
    )


def adopted(since: float, absent: float | None = None) -> AdoptedEntry:
    return AdoptedEntry(
        target=DATABASE,
        method=Method.MTLS,
        entry="rule",
        subject="198.51.100.0/24",
        request=3,
        requester="U0ENGINEER",
        since=at(since),
        absent_at=None if absent is None else at(absent),
    )


@pytest.mark.parametrize(
    ("minute", "there"), [(-1, False), (0, True), (5, True), (9.9, True), (10, False), (20, True)]
)
def test_an_unmanaged_entry_is_there_as_long_as_it_was_observed(minute: float, there: bool) -> None:
    found = access_at(at(minute), (), unmanaged=[sighted(0, 10), sighted(20)])
    assert bool(found.unmanaged) is there


@pytest.mark.parametrize(
    ("minute", "how"), [(5, "unmanaged"), (10, "adopted"), (29, "adopted"), (30, "nobody")]
)
def test_an_entry_that_was_adopted_is_said_once_as_what_it_was_then(minute: float, how: str) -> None:
    found = access_at(at(minute), (), adopted=[adopted(10, 30)], unmanaged=[sighted(0, 10)])
    said = ["unmanaged"] * len(found.unmanaged) + ["adopted"] * len(found.adopted)
    assert said == ([] if how == "nobody" else [how])


def test_an_entry_that_came_back_unmanaged_after_its_adoption_is_not_said_to_be_adopted() -> None:
    found = access_at(at(5), (), adopted=[adopted(-10)], unmanaged=[sighted(0)])
    assert (len(found.adopted), len(found.unmanaged)) == (0, 1)


def seen(
    minute: float, *gaps: tuple[float | None, float], last: float | None = 100
) -> tuple[Sight, timedelta | None]:
    listed = ObservedList(
        target=DATABASE,
        method=Method.MTLS,
        observed_at=None if last is None else at(last),
        gaps=tuple(Gap(since=None if since is None else at(since), until=at(until)) for since, until in gaps),
    )
    found = evidence_of(listed, at(minute))
    return found.sight, found.age


@pytest.mark.parametrize(
    ("minute", "sight", "age"),
    [
        (-1, Sight.GAP, None),
        (0, Sight.OBSERVED, None),
        (40, Sight.OBSERVED, None),
        (41, Sight.GAP, 1),
        (89.5, Sight.GAP, 49.5),
        (90, Sight.OBSERVED, None),
        (99, Sight.OBSERVED, None),
        (100, Sight.LAST, 0),
        (130, Sight.LAST, 30),
    ],
)
def test_where_nobody_looked_the_answer_says_so(minute: float, sight: Sight, age: float | None) -> None:
    expected = None if age is None else timedelta(minutes=age)
    assert seen(minute, (None, 0), (40, 90)) == (sight, expected)


def test_a_list_that_was_never_read_proves_nothing() -> None:
    assert seen(0, last=None) == (Sight.NEVER, None)


def test_an_answer_has_the_grants_in_the_order_of_their_requests_and_the_names_of_the_day() -> None:
    first, second = (
        RecordedGrant(grant=replace(factories.grant(), request=number), changes=USUAL.changes)
        for number in (17, 18)
    )
    found = access_at(at(5), [named(DATABASE, "billing")], grants=[second, first])
    assert [each.grant.request for each in found.grants] == [17, 18]
    assert (found.name_of(DATABASE), found.name_of(OTHER)) == ("billing", str(OTHER))
