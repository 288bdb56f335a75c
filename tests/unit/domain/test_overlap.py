"""What is there already where somebody asks for access."""

from datetime import UTC, datetime
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.overlap import STOPPING, Held, OverlapKind, count_after, overlaps, require_new
from bot.domain.subject import Accounts, covers
from bot.errors import Refusal, Refused

ME, COLLEAGUE = "U0ENGINEER", "U0COLLEAGUE"
END = datetime(2026, 11, 25, tzinfo=UTC)
ASKED = IPv4Network("203.0.113.4/32")


def held(network: str = "203.0.113.4", *, by: str = ME, pending: bool = False, request: int = 1) -> Held:
    return Held(
        request=request,
        owner=by,
        subject=IPv4Network(network),
        ends_at=None if pending else END,
        pending=pending,
    )


@pytest.mark.parametrize(
    ("there", "kind"),
    [
        (held(), OverlapKind.OWN_OPEN),
        (held(pending=True), OverlapKind.OWN_ASKED),
        (held("203.0.113.0/24"), OverlapKind.OWN_COVERS),
        (held(by=COLLEAGUE, pending=True), OverlapKind.OTHER_ASKED),
        (held(by=COLLEAGUE), OverlapKind.OTHER_OPEN),
        (held("203.0.113.0/24", by=COLLEAGUE), OverlapKind.OTHER_OPEN),
        (held("203.0.113.5"), OverlapKind.JOINS),
        (held("203.0.113.5", pending=True), OverlapKind.JOINS),
    ],
)
def test_what_is_there_is_told_apart_by_whose_it_is_and_how_it_concerns_the_request(
    there: Held, kind: OverlapKind
) -> None:
    (overlap,) = overlaps(ASKED, [there], person=ME)
    assert (overlap.kind, overlap.held) == (kind, there)


@pytest.mark.parametrize(
    "there",
    [
        held("203.0.113.6"),  # adjacent to nothing
        held("203.0.113.3"),  # adjacent, but not exactly one network together
        held("198.51.100.4"),
        held("203.0.113.0/24", pending=True),  # nobody knows whether it will be approved
        held("203.0.113.5", by=COLLEAGUE),  # somebody else's cannot be joined
    ],
)
def test_what_does_not_concern_a_request_is_left_out(there: Held) -> None:
    assert overlaps(ASKED, [there], person=ME) == ()


def test_two_halves_are_named_with_the_whole() -> None:
    (overlap,) = overlaps(IPv4Network("203.0.113.0/25"), [held("203.0.113.128/25")], person=ME)
    assert overlap.whole == IPv4Network("203.0.113.0/24")


@pytest.mark.parametrize(
    ("there", "refusal"),
    [
        (held(), Refusal.ALREADY_OPEN),
        (held(pending=True), Refusal.ALREADY_ASKED),
        (held("203.0.113.0/24"), Refusal.ALREADY_COVERED),
    ],
)
def test_what_a_person_has_is_refused_by_the_number_of_its_request(there: Held, refusal: Refusal) -> None:
    with pytest.raises(Refused) as refused:
        require_new(ASKED, [held("198.51.100.4", request=2), there], person=ME, app="billing")
    assert (refused.value.reason, refused.value.params["id"]) == (refusal, 1)


@pytest.mark.parametrize("there", [held(by=COLLEAGUE), held(by=COLLEAGUE, pending=True), held("203.0.113.5")])
def test_what_others_have_and_what_is_beside_it_refuse_nothing(there: Held) -> None:
    require_new(ASKED, [there], person=ME, app="billing")


def test_the_newest_of_several_equal_ones_is_named() -> None:
    found = overlaps(ASKED, [held(pending=True, request=3), held(pending=True, request=7)], person=ME)
    assert [overlap.held.request for overlap in found] == [7, 3]


def test_accounts_are_the_same_only_as_a_whole_and_covered_by_more() -> None:
    one, both = Accounts(("arn:aws:iam::1:root",)), Accounts(("arn:aws:iam::1:root", "arn:aws:iam::2:root"))
    there = Held(request=1, owner=ME, subject=both, ends_at=None, pending=False)
    assert [each.kind for each in overlaps(one, [there], person=ME)] == [OverlapKind.OWN_COVERS]
    assert [each.kind for each in overlaps(both, [there], person=ME)] == [OverlapKind.OWN_OPEN]


def test_a_network_that_has_a_rule_needs_no_further_one() -> None:
    assert count_after([ASKED], [IPv4Network("198.51.100.0/24"), "not a network"]) == 3
    assert count_after([ASKED], [ASKED]) is None
    assert count_after([ASKED, IPv4Network("192.0.2.8/32")], [ASKED]) == 2


NETWORKS = st.builds(
    lambda host, length: IPv4Network((0xCB007100 + host, length), strict=False),
    st.integers(0, 255),
    st.integers(26, 32),
)


@given(NETWORKS, st.lists(st.tuples(NETWORKS, st.booleans(), st.booleans()), max_size=8))
def test_a_request_is_stopped_exactly_where_its_person_has_all_of_it_or_has_asked_for_it(
    asked: IPv4Network, there: list[tuple[IPv4Network, bool, bool]]
) -> None:
    known = [
        held(str(network), by=ME if own else COLLEAGUE, pending=pending) for network, own, pending in there
    ]
    stopped = any(overlap.kind in STOPPING for overlap in overlaps(asked, known, person=ME))
    assert stopped == any(
        own and (network == asked if pending else covers(network, asked)) for network, own, pending in there
    )
