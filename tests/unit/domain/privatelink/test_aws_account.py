"""AWS accounts: every right spelling is one ARN, and every mistake has a sentence of its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.privatelink.aws_account import (
    SHOWN,
    accounts,
    number_of,
    parse_account,
    parse_accounts,
    short,
)
from bot.domain.subject import Accounts
from bot.errors import Refusal, Refused

ROOT = "arn:aws:iam::123456789012:root"
USER = "arn:aws:iam::123456789012:user/etl"


@pytest.mark.parametrize(
    ("spelt", "arn"),
    [
        ("123456789012", ROOT),
        (" 123456789012 ", ROOT),
        ("1234-5678-9012", ROOT),
        ("123456789012:root", ROOT),
        (ROOT, ROOT),
        ("123456789012:user/etl", USER),
        (USER, USER),
        ("123456789012:user/data/team/etl", "arn:aws:iam::123456789012:user/data/team/etl"),
        ("123456789012:user/a,b@example.com", "arn:aws:iam::123456789012:user/a,b@example.com"),
        ("000000000001", "arn:aws:iam::000000000001:root"),
    ],
)
def test_every_right_spelling_becomes_the_full_arn(spelt: str, arn: str) -> None:
    assert parse_account(spelt) == arn


@pytest.mark.parametrize(
    ("spelt", "reason"),
    [
        ("", Refusal.ACCOUNT_EMPTY),
        ("  ", Refusal.ACCOUNT_EMPTY),
        ("12345678901", Refusal.ACCOUNT_DIGITS),
        ("1234567890123", Refusal.ACCOUNT_DIGITS),
        ("1234567890123:root", Refusal.ACCOUNT_DIGITS),
        ("arn:aws:iam::12345:root", Refusal.ACCOUNT_DIGITS),
        ("billing", Refusal.ACCOUNT_UNREADABLE),
        ("123456789012:", Refusal.ACCOUNT_UNREADABLE),
        ("123456789012:user/", Refusal.ACCOUNT_UNREADABLE),
        ("123456789012:user/a b", Refusal.ACCOUNT_UNREADABLE),
        ("123456789012:policy/x", Refusal.ACCOUNT_UNREADABLE),
        ("*", Refusal.ACCOUNT_UNREADABLE),
        ("arn:aws:iam::123456789012", Refusal.ACCOUNT_UNREADABLE),
        ("1２3456789012x", Refusal.ACCOUNT_UNREADABLE),
        ("123456789012:role/admin", Refusal.ACCOUNT_ROLE),
        ("arn:aws:iam::123456789012:role/admin", Refusal.ACCOUNT_ROLE),
        ("arn:aws:iam::123456789012:group/admins", Refusal.ACCOUNT_ROLE),
        ("arn:aws:sts::123456789012:assumed-role/admin/session", Refusal.ACCOUNT_ROLE),
        ("arn:aws:s3:::bucket", Refusal.ACCOUNT_OTHER),
        ("arn:aws:ec2:us-east-1:123456789012:vpc-endpoint/vpce-0ab1", Refusal.ACCOUNT_OTHER),
        ("arn:aws-cn:iam::123456789012:root", Refusal.ACCOUNT_PARTITION),
        ("arn:aws-us-gov:iam::123456789012:root", Refusal.ACCOUNT_PARTITION),
    ],
)
def test_every_mistake_is_refused_by_its_own_name(spelt: str, reason: Refusal) -> None:
    with pytest.raises(Refused) as refused:
        parse_account(spelt)
    assert refused.value.reason is reason


@pytest.mark.parametrize(
    "spelt",
    [
        "123456789012 210987654321",
        "123456789012,210987654321",
        "123456789012, 210987654321,",
        "210987654321 、 123456789012",
        "123456789012:root, arn:aws:iam::210987654321:root 123456789012",
    ],
)
def test_several_are_parted_by_spaces_or_commas_and_each_counts_once(spelt: str) -> None:
    assert parse_accounts(spelt) == Accounts((ROOT, "arn:aws:iam::210987654321:root"))


def test_a_comma_in_a_users_name_parts_nothing() -> None:
    assert parse_accounts("123456789012:user/a,b").arns == ("arn:aws:iam::123456789012:user/a,b",)


def test_one_wrong_account_among_several_is_refused_and_none_is_empty() -> None:
    for spelt, reason in (("123456789012 12", Refusal.ACCOUNT_DIGITS), (" , ", Refusal.ACCOUNT_EMPTY)):
        with pytest.raises(Refused) as refused:
            parse_accounts(spelt)
        assert refused.value.reason is reason


def test_an_arn_is_shown_as_people_write_it() -> None:
    assert (short(ROOT), short(USER)) == ("123456789012", "123456789012:user/etl")
    assert number_of(USER) == "123456789012"


ARNS = st.builds(
    lambda number, who: f"arn:aws:iam::{number:012}:{who}",
    st.integers(0, 10**12 - 1),
    st.sampled_from(["root", "user/etl", "user/data/etl", "user/a,b"]),
)


@given(st.lists(ARNS, min_size=1, max_size=5))
def test_what_is_shown_is_read_back_as_the_same(arns: list[str]) -> None:
    assert parse_accounts(" ".join(map(short, arns))) == accounts(arns)
    assert parse_accounts(", ".join(arns)) == accounts(arns)


@given(st.text(max_size=80))
def test_anything_at_all_is_an_arn_or_refused(text: str) -> None:
    try:
        found = parse_accounts(text)
    except Refused:
        return
    assert all(arn.startswith("arn:aws:iam::") for arn in found.arns)


def test_more_accounts_than_an_approver_can_be_shown_are_refused_with_how_many_fit() -> None:
    numbers = [f"{number:012}" for number in range(1, 60)]
    with pytest.raises(Refused) as caught:
        parse_accounts(" ".join(numbers))
    assert caught.value.reason is Refusal.ACCOUNTS_TOO_MANY
    limit = caught.value.params["limit"]
    assert caught.value.params["count"] == len(numbers)
    assert isinstance(limit, int)
    assert len(parse_accounts(" ".join(numbers[:limit])).arns) == limit
    assert sum(len(arn) + 3 for arn in parse_accounts(" ".join(numbers[:limit])).arns) <= SHOWN


def test_one_account_with_the_longest_name_fits() -> None:
    # AWS, "IAM and AWS STS quotas": a path of 512 characters, a name of 64.
    path = "/".join(["p" * 63] * 8)
    assert len(parse_accounts(f"123456789012:user/{path}/{'n' * 64}").arns) == 1
