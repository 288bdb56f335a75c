"""PrivateLink's plan: nothing foreign is touched, nothing closed is opened again, and it comes to rest."""

from dataclasses import replace
from typing import Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.grant import GrantState, ReasonCode
from bot.domain.owned_entry import Removal
from bot.domain.privatelink.observation import AllowedAccount
from bot.domain.privatelink.plan import Let, LinkKnown, LinkPlan, LinkWant, make_plan

A, B, C = (f"arn:aws:iam::{digit * 12}:root" for digit in "123")
ARNS: Final = (A, B, C)
READY: Final = "Operational"


def want(*arns: str, state: GrantState = GrantState.APPLYING, number: int = 1, **more: bool) -> LinkWant:
    return LinkWant(
        grant=UUID(int=number), owner="U0ENGINEER", arns=frozenset(arns or (A,)), state=state, **more
    )


def account(arn: str = A, status: str = "Active") -> AllowedAccount:
    return AllowedAccount(arn=arn, status=status)


def known(*wants: LinkWant, lets: tuple[Let, ...] = ()) -> LinkKnown:
    return LinkKnown(wants=wants, lets=lets)


def accounts(plan: tuple[tuple[UUID, tuple[str, ...]], ...]) -> list[str]:
    return [arn for _, arns in plan for arn in arns]


# --- opening ---------------------------------------------------------------------------------------


def test_the_first_grant_makes_the_endpoint_with_its_accounts() -> None:
    plan = make_plan(known(want(A, B)), None, ())
    assert (accounts(plan.open), plan.add) == ([A, B], ())


def test_a_further_account_is_added_to_the_endpoint_that_is_there() -> None:
    plan = make_plan(known(want(B)), READY, [account(A)])
    assert (plan.open, accounts(plan.add)) == ((), [B])


@pytest.mark.parametrize("status", ["Provisioning", "Deprovisioning", "Deprovisioned", "Somehow"])
def test_nothing_is_let_in_while_the_endpoint_is_neither_ready_nor_absent(status: str) -> None:
    plan = make_plan(known(want(A)), status, ())
    assert not plan.changes_heroku
    assert plan.under_way


def test_two_grants_that_want_one_account_add_it_once() -> None:
    assert accounts(make_plan(known(want(A), want(A, number=2)), READY, ()).add) == [A]


def test_an_account_that_somebody_else_let_in_serves_a_grant_and_stays_after_its_end() -> None:
    plan = make_plan(known(want(A)), READY, [account(A)])
    assert (plan.in_force, plan.changes_heroku) == ((UUID(int=1),), False)
    ended = make_plan(known(want(A, state=GrantState.ENDING)), READY, [account(A)])
    assert (ended.ended, ended.remove) == ((UUID(int=1),), ())


def test_a_grant_is_in_force_once_the_endpoint_is_ready_and_each_of_its_accounts_active() -> None:
    wants, lets = known(want(A, B), lets=(Let(arn=A, listed=True), Let(arn=B, listed=True))), [account(A)]
    assert make_plan(wants, READY, [*lets, account(B, "Provisioning")]).in_force == ()
    assert make_plan(wants, "Provisioning", [*lets, account(B)]).in_force == ()
    assert make_plan(wants, READY, [*lets, account(B)]).in_force == (UUID(int=1),)


def test_after_a_lost_answer_nothing_is_asked_again_until_it_cannot_land_any_more() -> None:
    waiting = known(want(A), lets=(Let(arn=A, listed=False, waiting=True),))
    assert not make_plan(waiting, None, ()).changes_heroku
    assert not make_plan(waiting, READY, ()).changes_heroku
    over = known(want(A), lets=(Let(arn=A, listed=False),))
    assert accounts(make_plan(over, READY, ()).add) == [A]
    assert make_plan(over, READY, ()).lost == (A,)


def test_no_endpoint_is_made_while_another_answer_is_outstanding_that_may_have_made_it() -> None:
    waiting = known(want(A), want(B, number=2), lets=(Let(arn=A, listed=False, waiting=True),))
    assert make_plan(waiting, None, ()).open == ()


def test_a_missed_deadline_is_a_failure_and_what_it_left_is_taken_away() -> None:
    late = known(want(A, overdue=True), lets=(Let(arn=A, listed=True),))
    plan = make_plan(late, READY, [account(A, "Provisioning")])
    assert plan.failed == ((UUID(int=1), ReasonCode.DEADLINE),)
    assert plan.remove == (A,)


# --- ending ----------------------------------------------------------------------------------------


def test_an_account_that_two_grants_need_stays_until_the_second_ends() -> None:
    first, second = want(A, state=GrantState.ENDING), want(A, state=GrantState.IN_FORCE, number=2)
    plan = make_plan(known(first, second, lets=(Let(arn=A, listed=True),)), READY, [account(A)])
    assert (plan.remove, plan.ended) == ((), (UUID(int=1),))
    last = make_plan(
        known(replace(second, state=GrantState.ENDING), lets=(Let(arn=A, listed=True),)), READY, [account(A)]
    )
    assert (last.remove, last.ended) == ((A,), ())


def test_an_end_is_said_once_the_list_lacks_the_account() -> None:
    ending = known(want(A, state=GrantState.ENDING), lets=(Let(arn=A, listed=True, removal=Removal.ASKED),))
    assert make_plan(ending, READY, [account(A)]).ended == ()
    assert make_plan(ending, READY, ()).ended == (UUID(int=1),)


@pytest.mark.parametrize("status", ["Provisioning", "Deprovisioned", "Somehow"])
def test_a_list_of_an_endpoint_that_is_made_or_destroyed_proves_no_absence(status: str) -> None:
    ending = known(want(A, state=GrantState.ENDING), lets=(Let(arn=A, listed=True, removal=Removal.ASKED),))
    assert (make_plan(ending, status, ()).ended, make_plan(ending, status, ()).gone) == ((), ())


def test_a_removal_that_came_to_nothing_is_asked_for_once_more_wanted_or_not() -> None:
    for wants in ((), (want(A),)):
        asked = known(*wants, lets=(Let(arn=A, listed=True, removal=Removal.OVERDUE),))
        assert make_plan(asked, READY, [account(A)]).remove == (A,)
        waiting = known(*wants, lets=(Let(arn=A, listed=True, removal=Removal.ASKED),))
        assert make_plan(waiting, READY, [account(A)]).remove == ()


# --- what others do --------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "left"), [(READY, ()), (None, ()), ("Deprovisioned", (account(A),))])
def test_what_was_in_force_and_is_gone_is_interrupted_and_not_opened_again(
    status: str | None, left: tuple[AllowedAccount, ...]
) -> None:
    held = known(want(A, state=GrantState.IN_FORCE), lets=(Let(arn=A, listed=True),))
    plan = make_plan(held, status, left)
    assert plan.interrupted == (UUID(int=1),)
    assert not plan.changes_heroku


def test_a_grant_that_is_approved_while_another_is_interrupted_does_not_open_what_was_closed() -> None:
    both = known(want(A, state=GrantState.IN_FORCE), want(A, number=2), lets=(Let(arn=A, listed=True),))
    plan = make_plan(both, READY, ())
    assert plan.failed == ((UUID(int=2), ReasonCode.CLOSED_ELSEWHERE),)
    assert not plan.changes_heroku


def test_an_endpoint_that_says_an_unknown_word_interrupts_nothing() -> None:
    held = known(want(A, state=GrantState.IN_FORCE), lets=(Let(arn=A, listed=True),))
    assert make_plan(held, "Updating", ()).interrupted == ()


# --- closing, and what others left -----------------------------------------------------------------


def test_closing_destroys_the_endpoint_once_and_is_done_when_it_is_proven_to_be_gone() -> None:
    closing = replace(known(want(A, state=GrantState.ENDING), lets=(Let(arn=A, listed=True),)), closing=True)
    first = make_plan(closing, READY, [account(A), account(B)])
    assert (first.close, first.remove, first.closed) == (True, (), False)
    assert not make_plan(replace(closing, close_waiting=True), READY, [account(A)]).close
    assert not make_plan(closing, "Deprovisioned", [account(A)]).close
    last = make_plan(closing, None, ())
    assert (last.closed, last.close, last.ended) == (True, False, (UUID(int=1),))


def test_what_is_approved_while_it_closes_waits_until_it_is_closed() -> None:
    closing = replace(known(want(A)), closing=True)
    assert make_plan(closing, READY, ()).add == ()
    assert make_plan(closing, None, ()).open == ()


def test_a_unmanaged_account_goes_by_its_own_approved_removal_alone() -> None:
    approved_removals = replace(known(), approved_removals=frozenset({B}))
    plan = make_plan(approved_removals, READY, [account(A), account(B)])
    assert (plan.remove, plan.undone) == ((B,), frozenset())
    waiting = replace(approved_removals, removals_waiting=frozenset({B}))
    assert make_plan(waiting, READY, [account(A), account(B)]).remove == ()
    assert make_plan(approved_removals, READY, [account(A)]).undone == {B}
    assert make_plan(approved_removals, "Provisioning", [account(A)]).undone == frozenset()


def test_what_was_taken_over_stays_without_a_grant_and_goes_by_its_own_approved_removal() -> None:
    kept = replace(known(want(A, state=GrantState.ENDING)), lets=(Let(arn=A, listed=True, adopted=True),))
    plan = make_plan(kept, READY, [account(A)])
    assert (plan.remove, plan.ended) == ((), (UUID(int=1),))
    assert make_plan(replace(kept, approved_removals=frozenset({A})), READY, [account(A)]).remove == (A,)


# --- in general ------------------------------------------------------------------------------------

STATES = st.sampled_from(
    [GrantState.APPLYING, GrantState.IN_FORCE, GrantState.INTERRUPTED, GrantState.ENDING]
)


@st.composite
def situations(draw: st.DrawFn) -> tuple[LinkKnown, str | None, tuple[AllowedAccount, ...]]:
    """Any store, and any look."""
    wants = tuple(
        want(
            *draw(st.sets(st.sampled_from(ARNS), min_size=1)),
            state=draw(STATES),
            number=number + 1,
            overdue=draw(st.booleans()),
            over=draw(st.booleans()),
        )
        for number in range(draw(st.integers(0, 3)))
    )
    lets = tuple(
        Let(
            arn=arn,
            listed=(shown := draw(st.booleans())),
            waiting=not shown and draw(st.booleans()),
            removal=draw(st.sampled_from(Removal)) if shown else Removal.NONE,
            adopted=shown and draw(st.booleans()),
        )
        for arn in sorted(draw(st.sets(st.sampled_from(ARNS))))
    )
    approved_removals = draw(st.frozensets(st.sampled_from(ARNS))) - {each.arn for each in lets}
    status = draw(st.sampled_from([None, READY, "Provisioning", "Deprovisioned"]))
    seen = draw(st.sets(st.sampled_from(ARNS))) if status else set()
    listed = tuple(account(arn, draw(st.sampled_from(["Active", "Provisioning"]))) for arn in sorted(seen))
    made = LinkKnown(
        wants=wants,
        lets=lets,
        approved_removals=approved_removals,
        closing=draw(st.booleans()),
        close_waiting=draw(st.booleans()),
    )
    return made, status, listed


@given(situations())
def test_no_unmanaged_account_is_ever_removed_save_by_its_own_approval(
    situation: tuple[LinkKnown, str | None, tuple[AllowedAccount, ...]],
) -> None:
    made, status, listed = situation
    ours = {each.arn for each in made.lets}
    assert set(make_plan(made, status, listed).remove) <= ours | made.approved_removals


@given(situations())
def test_only_what_an_open_grant_wants_is_let_in(
    situation: tuple[LinkKnown, str | None, tuple[AllowedAccount, ...]],
) -> None:
    made, status, listed = situation
    plan = make_plan(made, status, listed)
    opening = {arn for each in made.wants if each.opens for arn in each.arns}
    there = {each.arn for each in listed}
    added = accounts(plan.open) + accounts(plan.add)
    assert set(added) <= opening - there
    assert len(added) == len(set(added))
    assert not (plan.open and plan.add)


@given(situations())
def test_planned_again_on_its_own_result_it_comes_to_rest(
    situation: tuple[LinkKnown, str | None, tuple[AllowedAccount, ...]],
) -> None:
    made, status, listed = situation
    for _ in range(8):
        plan = make_plan(made, status, listed)
        made, status, listed = _carried_out(made, status, listed, plan)
    assert not plan.changes_heroku
    assert not plan.concludes


def _carried_out(
    made: LinkKnown, status: str | None, listed: tuple[AllowedAccount, ...], plan: LinkPlan
) -> tuple[LinkKnown, str | None, tuple[AllowedAccount, ...]]:
    """What the store knows and Heroku has once a plan was carried out and its time has passed."""
    there = {each.arn for each in listed}
    there -= set(plan.remove)
    there |= set(accounts(plan.open) + accounts(plan.add))
    status = {"Provisioning": READY, "Deprovisioned": None}.get(status or "", status)
    status = READY if plan.open else status
    if plan.close or status is None:
        status, there = None, set()
    lets = {each.arn: replace(each, listed=each.listed or each.arn in plan.listed) for each in made.lets}
    for arn in plan.remove:
        if arn in lets:
            lets[arn] = replace(lets[arn], removal=Removal.ASKED)
    for arn in (*plan.gone, *plan.lost):
        lets.pop(arn, None)
    for arn in accounts(plan.open) + accounts(plan.add):
        lets[arn] = Let(arn=arn, listed=True)
    settled = {each: replace(lets[each], waiting=False) for each in lets}
    made = LinkKnown(
        wants=tuple(moved for each in made.wants if (moved := _moved(each, plan)) is not None),
        lets=tuple(settled.values()),
        approved_removals=made.approved_removals - plan.undone,
        closing=made.closing and not plan.closed,
    )
    return made, status, tuple(account(arn) for arn in sorted(there))


def _moved(each: LinkWant, plan: LinkPlan) -> LinkWant | None:
    """The grant in its new state; None where it is over. The clock closes what is over."""
    if each.grant in plan.ended or each.grant in dict(plan.failed):
        return None
    if each.grant in plan.interrupted:
        return replace(each, state=GrantState.INTERRUPTED)
    if each.grant in plan.in_force:
        return replace(each, state=GrantState.IN_FORCE)
    if each.over and each.state in (GrantState.APPLYING, GrantState.IN_FORCE):
        return replace(each, state=GrantState.ENDING)
    return each
