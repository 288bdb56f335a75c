"""A request until it is decided: whether it can be, by whom it was, and how an approver may change it."""

from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import IPv4Network
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.request import (
    Decision,
    RequestState,
    Terms,
    Verdict,
    deciding,
    narrowed,
    require_first_vote,
    require_open,
    require_pending,
)
from bot.errors import Refusal, Refused
from tests.unit import factories
from tests.unit.factories import NOW

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
AGREED = factories.vote(person="U0LEAD")
DENIED = factories.vote(Verdict.DENY, "too wide", person="U0LEAD2")

hosts = st.integers(min_value=0, max_value=2**32 - 1)
widths = st.integers(min_value=8, max_value=32)
durations = st.timedeltas(min_value=timedelta(minutes=1), max_value=timedelta(days=30))


def refused(state: RequestState, *votes: Decision) -> Refused:
    """Why a request in this state cannot be decided."""
    with pytest.raises(Refused) as caught:
        require_open(factories.request(state=state), votes, version=1, now=NOW)
    return caught.value


# --- can it still be decided? ------------------------------------------------------------------------


def test_what_is_pending_can_be_decided_on_the_terms_it_has() -> None:
    require_open(factories.request(), (), version=1, now=NOW)
    require_open(factories.request(needed=2), (AGREED,), version=1, now=NOW)


@pytest.mark.parametrize("version", [0, 2])
def test_a_button_that_showed_other_terms_decides_nothing(version: int) -> None:
    with pytest.raises(Refused) as caught:
        require_open(factories.request(), (), version=version, now=NOW)
    assert (caught.value.reason, caught.value.params) == (Refusal.REQUEST_CHANGED, {"id": 17})


def test_until_its_very_end_a_request_can_be_decided() -> None:
    asked = factories.request(until=NOW + HOUR)
    require_open(asked, (), version=1, now=NOW + HOUR - SECOND)
    with pytest.raises(Refused) as caught:
        require_open(asked, (), version=1, now=NOW + HOUR)
    assert caught.value.reason is Refusal.REQUEST_OVER


def test_what_is_decided_is_said_to_be_whatever_the_button_showed() -> None:
    decided = factories.request(state=RequestState.APPROVED, until=NOW)
    with pytest.raises(Refused) as caught:
        require_open(decided, (AGREED,), version=7, now=NOW)
    assert caught.value.reason is Refusal.REQUEST_DECIDED


@pytest.mark.parametrize(
    ("state", "votes", "person"),
    [
        (RequestState.DENIED, (DENIED,), "U0LEAD2"),
        (RequestState.APPROVED, (AGREED,), "U0LEAD"),
        (RequestState.APPROVED, (AGREED, factories.vote(person="U0LEAD3")), "U0LEAD3"),
    ],
)
def test_who_decided_is_named(state: RequestState, votes: tuple[Decision, ...], person: str) -> None:
    found = refused(state, *votes)
    assert found.reason is Refusal.REQUEST_DECIDED
    assert found.params == {"id": 17, "person": person, "state": state, "at": NOW}


@pytest.mark.parametrize("votes", [*permutations((AGREED, DENIED))])
def test_a_denial_is_never_put_down_to_somebody_who_agreed(votes: tuple[Decision, ...]) -> None:
    assert refused(RequestState.DENIED, *votes).params["person"] == "U0LEAD2"
    assert deciding(RequestState.DENIED, votes) == DENIED


@pytest.mark.parametrize("state", [RequestState.CANCELLED, RequestState.LAPSED])
@pytest.mark.parametrize("votes", [(), (AGREED,)])
def test_what_was_taken_back_or_lapsed_names_nobody(state: RequestState, votes: tuple[Decision, ...]) -> None:
    found = refused(state, *votes)
    assert (found.reason, found.params) == (Refusal.REQUEST_CLOSED, {"id": 17, "at": NOW})
    assert deciding(state, votes) is None


def test_what_is_pending_waits() -> None:
    require_pending(factories.request(needed=2), (AGREED,))
    assert deciding(RequestState.PENDING, (AGREED,)) is None


# --- votes -------------------------------------------------------------------------------------------


def test_each_approver_counts_once_whatever_they_said() -> None:
    asked = factories.request(needed=3)
    require_first_vote(asked, (AGREED,), "U0LEAD2")
    for vote in (AGREED, DENIED):
        with pytest.raises(Refused) as caught:
            require_first_vote(asked, (AGREED, DENIED), vote.person)
        assert (caught.value.reason, caught.value.params) == (Refusal.ALREADY_VOTED, {"id": 17})


# --- changed terms -----------------------------------------------------------------------------------


def narrow(
    terms: Terms,
    *,
    network: IPv4Network | None = None,
    duration: timedelta | None = None,
    until: datetime | None = None,
) -> Terms:
    return narrowed(terms, subject=network, duration=duration, until=until, request=17)


def wide(host: int, width: int) -> Terms:
    """Terms for 8 hours for some network."""
    return factories.request(network=IPv4Network((host, width), strict=False)).terms


@given(host=hosts, width=widths, inner=hosts, longer=widths)
def test_a_network_is_accepted_exactly_if_it_lies_within(
    host: int, width: int, inner: int, longer: int
) -> None:
    terms, network = wide(host, width), IPv4Network((inner, longer), strict=False)
    within = network.subnet_of(*terms.networks)
    if within:
        assert narrow(terms, network=network) == replace(terms, subject=network)
    else:
        with pytest.raises(Refused):
            narrow(terms, network=network)


@given(host=hosts, width=widths, longer=widths)
def test_every_part_of_a_network_is_accepted(host: int, width: int, longer: int) -> None:
    terms = wide(host, width)
    part = IPv4Network((host, max(width, longer)), strict=False)
    assert narrow(terms, network=part).networks == (part,)


@given(asked=durations, request_input=durations)
def test_a_duration_is_accepted_exactly_if_it_is_no_longer(
    asked: timedelta, request_input: timedelta
) -> None:
    terms = replace(factories.request().terms, duration=asked)
    if request_input <= asked:
        assert narrow(terms, duration=request_input) == replace(terms, duration=request_input)
    else:
        with pytest.raises(Refused):
            narrow(terms, duration=request_input)


@given(asked=durations, request_input=durations)
def test_an_end_is_accepted_exactly_if_it_is_no_later(asked: timedelta, request_input: timedelta) -> None:
    terms = factories.request(until=NOW + asked).terms
    if request_input <= asked:
        assert narrow(terms, until=NOW + request_input) == replace(terms, until=NOW + request_input)
    else:
        with pytest.raises(Refused):
            narrow(terms, until=NOW + request_input)


@pytest.mark.parametrize(
    ("terms", "duration", "until"),
    [
        (factories.request().terms, None, NOW + HOUR),
        (factories.request(until=NOW + HOUR).terms, HOUR, None),
    ],
)
def test_a_duration_is_not_exchanged_for_an_end_nor_an_end_for_a_duration(
    terms: Terms, duration: timedelta | None, until: datetime | None
) -> None:
    with pytest.raises(Refused) as caught:
        narrow(terms, duration=duration, until=until)
    assert (caught.value.reason, caught.value.params) == (Refusal.TERMS_WIDER, {"id": 17})


@pytest.mark.parametrize(("duration", "until"), [(HOUR, None), (None, NOW + HOUR)])
def test_what_has_no_end_can_be_given_one(duration: timedelta | None, until: datetime | None) -> None:
    endless = factories.request(endless=True).terms
    assert narrow(endless, duration=duration, until=until) == replace(endless, duration=duration, until=until)


@pytest.mark.parametrize(
    "terms",
    [factories.request().terms, factories.request(until=NOW).terms, factories.request(endless=True).terms],
)
def test_saying_nothing_leaves_the_terms_as_they_were(terms: Terms) -> None:
    assert narrow(terms) == terms
