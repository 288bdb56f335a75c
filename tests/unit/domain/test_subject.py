"""Subjects: several networks as one, what covers what, and how they are stored."""

from collections.abc import Sequence
from ipaddress import IPv4Network
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.subject import (
    Accounts,
    CertificateId,
    Networks,
    Subject,
    Whole,
    covers,
    ends,
    gathered,
    names_of,
    network_of,
    networks_of,
    read_subject,
    write_subject,
)

ACCOUNT = Accounts(("arn:aws:iam::123456789012:root",))


def several(*networks: str) -> Subject:
    return gathered(map(IPv4Network, networks))


def networks() -> st.SearchStrategy[IPv4Network]:
    # Close together, so that some contain others and some are adjacent.
    return st.builds(
        lambda last, width: IPv4Network((0xCB007100 + last, width), strict=False),
        st.integers(0, 255),
        st.integers(24, 32),
    )


@given(st.lists(networks(), min_size=1, max_size=20))
def test_gathered_networks_allow_the_same_addresses_each_by_one_of_them(given: list[IPv4Network]) -> None:
    subject = gathered(given)
    kept = networks_of(subject)
    assert {address for one in given for address in one} == {address for one in kept for address in one}
    assert set(kept) <= set(given)
    assert not any(a.subnet_of(b) for a in kept for b in kept if a != b)
    assert subject == gathered(reversed(given))
    assert isinstance(subject, Networks) is (len(kept) > 1)


@given(st.lists(networks(), min_size=1, max_size=20))
def test_a_stored_subject_is_read_as_it_was(given: list[IPv4Network]) -> None:
    subject = gathered(given)
    assert read_subject(write_subject(subject)) == subject
    assert write_subject(subject).split(" ") == list(names_of(subject))


@pytest.mark.parametrize("subject", [ACCOUNT, CertificateId(UUID(int=7)), Whole()])
def test_other_subjects_are_read_as_they_were(subject: Subject) -> None:
    assert read_subject(write_subject(subject)) == subject
    with pytest.raises(TypeError):
        networks_of(subject)


def test_nothing_is_no_subject() -> None:
    with pytest.raises(ValueError, match="no network"):
        gathered([])


def test_several_networks_are_not_one() -> None:
    with pytest.raises(TypeError):
        network_of(several("203.0.113.4/32", "203.0.113.6/32"))


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        (["203.0.113.0/24", "198.51.100.0/24"], ["203.0.113.4/32"], True),
        (["203.0.113.0/24", "198.51.100.0/24"], ["203.0.113.4/32", "198.51.100.0/25"], True),
        (["203.0.113.0/24", "198.51.100.0/24"], ["203.0.113.4/32", "192.0.2.1/32"], False),
        (["203.0.113.0/24"], ["203.0.113.0/25", "203.0.113.128/25"], True),
        # Two adjacent ones are not the one that they make: Heroku's list has them as they are.
        (["203.0.113.0/25", "203.0.113.128/25"], ["203.0.113.0/24"], False),
        (["203.0.113.4/32"], ["203.0.113.4/32", "203.0.113.5/32"], False),
    ],
)
def test_what_is_narrower_is_covered(wide: Sequence[str], narrow: Sequence[str], covered: bool) -> None:
    assert covers(several(*wide), several(*narrow)) is covered


@pytest.mark.parametrize(
    ("removed", "granted", "ended"),
    [
        (several("203.0.113.4/32"), several("203.0.113.4/32"), True),
        (several("203.0.113.0/24"), several("203.0.113.4/32"), False),
        (several("203.0.113.4/32", "203.0.113.6/32"), several("203.0.113.4/32"), True),
        (several("203.0.113.4/32"), several("203.0.113.4/32", "203.0.113.6/32"), False),
        (Whole(), several("203.0.113.4/32", "203.0.113.6/32"), True),
        (ACCOUNT, several("203.0.113.4/32"), False),
    ],
)
def test_a_removal_ends_only_what_it_takes_whole(removed: Subject, granted: Subject, ended: bool) -> None:
    assert ends(removed, granted) is ended
