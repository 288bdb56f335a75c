"""PrivateLink's plan: nothing unmanaged is touched, nothing closed is opened again, and it comes to rest."""

from dataclasses import replace
from typing import Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.grant import GrantState, ReasonCode
from bot.domain.outside.text import UNREADABLE
from bot.domain.owned_entry import DesiredGrant, OwnedEntry, Removal
from bot.domain.privatelink.observation import AllowedAccount
from bot.domain.privatelink.plan import PrivateLinkPlan, StoredAccounts, completed, make_plan
from tests.unit.domain.plans import ended, failures, interrupted, verified

A, B, C = (f"arn:aws:iam::{digit * 12}:root" for digit in "123")
ARNS: Final = (A, B, C)
READY: Final = "Operational"


def want(
    *arns: str, state: GrantState = GrantState.APPLYING, number: int = 1, **more: bool
) -> DesiredGrant[str]:
    return DesiredGrant(
        request=number,
        grant=UUID(int=number),
        owner="U0ENGINEER",
        addresses=frozenset(arns or (A,)),
        state=state,
        **more,
    )


def account(arn: str = A, status: str = "Active") -> AllowedAccount:
    return AllowedAccount(arn=arn, status=status)


def known(*wants: DesiredGrant[str], entries: tuple[OwnedEntry[str], ...] = ()) -> StoredAccounts:
    return StoredAccounts(grants=wants, entries=entries)


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
def test_nothing_is_allowed_while_the_endpoint_is_neither_ready_nor_absent(status: str) -> None:
    plan = make_plan(known(want(A)), status, ())
    assert not plan.changes_heroku
    assert plan.under_way


def test_two_grants_that_want_one_account_add_it_once() -> None:
    assert accounts(make_plan(known(want(A), want(A, number=2)), READY, ()).add) == [A]


def test_an_account_that_somebody_else_allowed_serves_a_grant_and_stays_after_its_end() -> None:
    plan = make_plan(known(want(A)), READY, [account(A)])
    assert (verified(plan), plan.changes_heroku) == ((UUID(int=1),), False)
    end = make_plan(known(want(A, state=GrantState.ENDING)), READY, [account(A)])
    assert (ended(end), end.remove) == ((UUID(int=1),), ())


def test_a_grant_is_in_force_once_the_endpoint_is_ready_and_each_of_its_accounts_active() -> None:
    wants, active = (
        known(want(A, B), entries=(OwnedEntry(key=A, observed=True), OwnedEntry(key=B, observed=True))),
        [account(A)],
    )
    assert verified(make_plan(wants, READY, [*active, account(B, "Provisioning")])) == ()
    assert verified(make_plan(wants, "Provisioning", [*active, account(B)])) == ()
    assert verified(make_plan(wants, READY, [*active, account(B)])) == (UUID(int=1),)


def test_after_a_lost_answer_nothing_is_asked_again_until_it_cannot_land_any_more() -> None:
    waiting = known(want(A), entries=(OwnedEntry(key=A, observed=False, ambiguous=True),))
    assert not make_plan(waiting, None, ()).changes_heroku
    assert not make_plan(waiting, READY, ()).changes_heroku
    over = known(want(A), entries=(OwnedEntry(key=A, observed=False),))
    assert accounts(make_plan(over, READY, ()).add) == [A]
    assert make_plan(over, READY, ()).abandoned == (A,)


def test_no_endpoint_is_made_while_another_answer_is_outstanding_that_may_have_made_it() -> None:
    waiting = known(want(A), want(B, number=2), entries=(OwnedEntry(key=A, observed=False, ambiguous=True),))
    assert make_plan(waiting, None, ()).open == ()


def test_a_missed_deadline_is_a_failure_and_what_it_left_is_taken_away() -> None:
    late = known(want(A, overdue=True), entries=(OwnedEntry(key=A, observed=True),))
    plan = make_plan(late, READY, [account(A, "Provisioning")])
    assert failures(plan) == ((UUID(int=1), ReasonCode.DEADLINE),)
    assert plan.remove == (A,)


# --- ending ----------------------------------------------------------------------------------------


def test_an_account_that_two_grants_need_stays_until_the_second_ends() -> None:
    first, second = want(A, state=GrantState.ENDING), want(A, state=GrantState.IN_FORCE, number=2)
    plan = make_plan(known(first, second, entries=(OwnedEntry(key=A, observed=True),)), READY, [account(A)])
    assert (plan.remove, ended(plan)) == ((), (UUID(int=1),))
    last = make_plan(
        known(replace(second, state=GrantState.ENDING), entries=(OwnedEntry(key=A, observed=True),)),
        READY,
        [account(A)],
    )
    assert (last.remove, ended(last)) == ((A,), ())


def test_an_end_is_said_once_the_list_lacks_the_account() -> None:
    ending = known(
        want(A, state=GrantState.ENDING),
        entries=(OwnedEntry(key=A, observed=True, removal=Removal.REQUESTED),),
    )
    assert ended(make_plan(ending, READY, [account(A)])) == ()
    assert ended(make_plan(ending, READY, ())) == (UUID(int=1),)


@pytest.mark.parametrize("status", ["Provisioning", "Deprovisioned", "Somehow"])
def test_a_list_of_an_endpoint_that_is_made_or_destroyed_proves_no_absence(status: str) -> None:
    ending = known(
        want(A, state=GrantState.ENDING),
        entries=(OwnedEntry(key=A, observed=True, removal=Removal.REQUESTED),),
    )
    assert (ended(make_plan(ending, status, ())), make_plan(ending, status, ()).absent) == ((), ())


def test_a_removal_that_came_to_nothing_is_asked_for_once_more_wanted_or_not() -> None:
    for wants in ((), (want(A),)):
        asked = known(*wants, entries=(OwnedEntry(key=A, observed=True, removal=Removal.OVERDUE),))
        assert make_plan(asked, READY, [account(A)]).remove == (A,)
        waiting = known(*wants, entries=(OwnedEntry(key=A, observed=True, removal=Removal.REQUESTED),))
        assert make_plan(waiting, READY, [account(A)]).remove == ()


# --- what others do --------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "left"), [(READY, ()), (None, ()), ("Deprovisioned", (account(A),))])
def test_what_was_in_force_and_is_gone_is_interrupted_and_not_opened_again(
    status: str | None, left: tuple[AllowedAccount, ...]
) -> None:
    held = known(want(A, state=GrantState.IN_FORCE), entries=(OwnedEntry(key=A, observed=True),))
    plan = make_plan(held, status, left)
    assert interrupted(plan) == (UUID(int=1),)
    assert not plan.changes_heroku


def test_a_grant_that_is_approved_while_another_is_interrupted_does_not_open_what_was_closed() -> None:
    both = known(
        want(A, state=GrantState.IN_FORCE), want(A, number=2), entries=(OwnedEntry(key=A, observed=True),)
    )
    plan = make_plan(both, READY, ())
    assert failures(plan) == ((UUID(int=2), ReasonCode.CLOSED_ELSEWHERE),)
    assert not plan.changes_heroku


def test_an_endpoint_that_says_an_unknown_word_interrupts_nothing() -> None:
    held = known(want(A, state=GrantState.IN_FORCE), entries=(OwnedEntry(key=A, observed=True),))
    assert interrupted(make_plan(held, "Updating", ())) == ()


# --- closing, and what others left -----------------------------------------------------------------


def test_closing_destroys_the_endpoint_once_and_is_done_when_it_is_proven_to_be_gone() -> None:
    closing = replace(
        known(want(A, state=GrantState.ENDING), entries=(OwnedEntry(key=A, observed=True),)), closing=True
    )
    first = make_plan(closing, READY, [account(A), account(B)])
    assert (first.close, first.remove, first.closed) == (True, (), False)
    assert not make_plan(replace(closing, close_waiting=True), READY, [account(A)]).close
    assert not make_plan(closing, "Deprovisioned", [account(A)]).close
    last = make_plan(closing, None, ())
    assert (last.closed, last.close, ended(last)) == (True, False, (UUID(int=1),))


def test_what_is_approved_while_it_closes_waits_until_it_is_closed() -> None:
    closing = replace(known(want(A)), closing=True)
    assert make_plan(closing, READY, ()).add == ()
    assert make_plan(closing, None, ()).open == ()


def test_an_unmanaged_account_goes_by_its_own_approved_removal_alone() -> None:
    approved_removals = replace(known(), approved_removals=frozenset({B}))
    plan = make_plan(approved_removals, READY, [account(A), account(B)])
    assert (plan.remove, plan.removed) == ((B,), frozenset())
    waiting = replace(approved_removals, removals_waiting=frozenset({B}))
    assert make_plan(waiting, READY, [account(A), account(B)]).remove == ()
    assert make_plan(approved_removals, READY, [account(A)]).removed == {B}
    assert make_plan(approved_removals, "Provisioning", [account(A)]).removed == frozenset()


def test_what_was_adopted_stays_without_a_grant_and_goes_by_its_own_approved_removal() -> None:
    kept = replace(
        known(want(A, state=GrantState.ENDING)), entries=(OwnedEntry(key=A, observed=True, adopted=True),)
    )
    plan = make_plan(kept, READY, [account(A)])
    assert (plan.remove, ended(plan)) == ((), (UUID(int=1),))
    assert make_plan(replace(kept, approved_removals=frozenset({A})), READY, [account(A)]).remove == (A,)


# --- in general ------------------------------------------------------------------------------------

STATES = st.sampled_from(
    [GrantState.APPLYING, GrantState.IN_FORCE, GrantState.INTERRUPTED, GrantState.ENDING]
)


@st.composite
def situations(draw: st.DrawFn) -> tuple[StoredAccounts, str | None, tuple[AllowedAccount, ...]]:
    """Any stored state, and any observation."""
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
    entries = tuple(
        OwnedEntry(
            key=arn,
            observed=(shown := draw(st.booleans())),
            ambiguous=not shown and draw(st.booleans()),
            removal=draw(st.sampled_from(Removal)) if shown else Removal.NONE,
            adopted=shown and draw(st.booleans()),
        )
        for arn in sorted(draw(st.sets(st.sampled_from(ARNS))))
    )
    approved_removals = draw(st.frozensets(st.sampled_from(ARNS))) - {each.key for each in entries}
    status = draw(st.sampled_from([None, READY, "Provisioning", "Deprovisioned"]))
    seen = draw(st.sets(st.sampled_from(ARNS))) if status else set()
    listed = tuple(account(arn, draw(st.sampled_from(["Active", "Provisioning"]))) for arn in sorted(seen))
    made = StoredAccounts(
        grants=wants,
        entries=entries,
        approved_removals=approved_removals,
        closing=draw(st.booleans()),
        close_waiting=draw(st.booleans()),
    )
    return made, status, listed


@given(situations())
def test_no_unmanaged_account_is_ever_removed_save_by_its_own_approval(
    situation: tuple[StoredAccounts, str | None, tuple[AllowedAccount, ...]],
) -> None:
    made, status, listed = situation
    ours = {each.key for each in made.entries}
    assert set(make_plan(made, status, listed).remove) <= ours | made.approved_removals


@given(situations())
def test_only_what_an_open_grant_wants_is_allowed(
    situation: tuple[StoredAccounts, str | None, tuple[AllowedAccount, ...]],
) -> None:
    made, status, listed = situation
    plan = make_plan(made, status, listed)
    opening = {arn for each in made.grants if each.opens for arn in each.addresses}
    there = {each.arn for each in listed}
    added = accounts(plan.open) + accounts(plan.add)
    assert set(added) <= opening - there
    assert len(added) == len(set(added))
    assert not (plan.open and plan.add)


@given(situations())
def test_planned_again_on_its_own_result_it_comes_to_rest(
    situation: tuple[StoredAccounts, str | None, tuple[AllowedAccount, ...]],
) -> None:
    made, status, listed = situation
    for _ in range(8):
        plan = make_plan(made, status, listed)
        made, status, listed = _carried_out(made, status, listed, plan)
    assert not plan.changes_heroku
    assert not plan.concludes


def _carried_out(
    made: StoredAccounts, status: str | None, listed: tuple[AllowedAccount, ...], plan: PrivateLinkPlan
) -> tuple[StoredAccounts, str | None, tuple[AllowedAccount, ...]]:
    """What the store knows and Heroku has once a plan was carried out and its time has passed."""
    there = {each.arn for each in listed}
    there -= set(plan.remove)
    there |= set(accounts(plan.open) + accounts(plan.add))
    status = {"Provisioning": READY, "Deprovisioned": None}.get(status or "", status)
    status = READY if plan.open else status
    if plan.close or status is None:
        status, there = None, set()
    entries = {
        each.key: replace(each, observed=each.observed or each.key in plan.observed) for each in made.entries
    }
    for arn in plan.remove:
        if arn in entries:
            entries[arn] = replace(entries[arn], removal=Removal.REQUESTED)
    for arn in (*plan.absent, *plan.abandoned):
        entries.pop(arn, None)
    for arn in accounts(plan.open) + accounts(plan.add):
        entries[arn] = OwnedEntry(key=arn, observed=True)
    settled = {each: replace(entries[each], ambiguous=False) for each in entries}
    made = StoredAccounts(
        grants=tuple(moved for each in made.grants if (moved := _moved(each, plan)) is not None),
        entries=tuple(settled.values()),
        approved_removals=made.approved_removals - plan.removed,
        closing=made.closing and not plan.closed,
    )
    return made, status, tuple(account(arn) for arn in sorted(there))


def _moved(each: DesiredGrant[str], plan: PrivateLinkPlan) -> DesiredGrant[str] | None:
    """The grant in its new state; None where it is over. The clock closes what is over."""
    if each.grant in ended(plan) or each.grant in dict(failures(plan)):
        return None
    if each.grant in interrupted(plan):
        return replace(each, state=GrantState.INTERRUPTED)
    if each.grant in verified(plan):
        return replace(each, state=GrantState.IN_FORCE)
    if each.over and each.state in (GrantState.APPLYING, GrantState.IN_FORCE):
        return replace(each, state=GrantState.ENDING)
    return each


# --- lists in which something could not be read ------------------------------------------------------


@pytest.mark.parametrize("removal", list(Removal))
@pytest.mark.parametrize("state", [GrantState.APPLYING, GrantState.IN_FORCE, GrantState.ENDING])
def test_an_account_that_may_be_listed_is_never_called_absent(removal: Removal, state: GrantState) -> None:
    stored = known(want(A, state=state), entries=(OwnedEntry(key=A, observed=True, removal=removal),))
    plan = make_plan(stored, READY, completed([account(UNREADABLE)], stored))
    assert (plan.absent, ended(plan), verified(plan), accounts(plan.add)) == ((), (), (), [])
    assert interrupted(plan) == () or removal is not Removal.NONE


def test_an_account_that_a_grant_relies_on_may_be_the_one_that_cannot_be_read() -> None:
    stored = known(want(A, state=GrantState.IN_FORCE))
    assert interrupted(make_plan(stored, READY, completed([account(UNREADABLE)], stored))) == ()
    assert interrupted(make_plan(stored, READY, completed([account(B)], stored))) == (UUID(int=1),)


def test_beside_an_account_that_cannot_be_read_others_are_opened_and_closed() -> None:
    stored = known(want(A), want(B, state=GrantState.ENDING), entries=(OwnedEntry(key=B, observed=True),))
    plan = make_plan(stored, READY, completed([account(UNREADABLE), account(B)], stored))
    assert (accounts(plan.add), plan.remove) == ([A], (B,))


def test_an_account_called_available_lets_a_grant_be_in_force() -> None:
    stored = known(want(A), entries=(OwnedEntry(key=A, observed=True),))
    assert verified(make_plan(stored, READY, [account(A, "Available")])) == (UUID(int=1),)
