"""Findings as people decide about them: what is offered for each entry, and until when one is ignored."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from bot.domain.method import Method
from bot.domain.policy.environments import Pattern
from bot.domain.policy.rules import Policy
from bot.domain.reports import findings
from bot.domain.reports.finding import (
    LONGEST_BECAUSE,
    Concern,
    FindingAction,
    FindingKind,
    actions,
    asks_at_once,
    channels,
    concern,
    is_ignored,
    parse_ignored_until,
    reached,
    require_because,
    subject_of,
    width,
)
from bot.domain.subject import Accounts
from bot.domain.target import Database, Space
from bot.domain.trusted_ips.ruleset import DataServices
from bot.errors import Refusal, Refused
from tests.unit import factories
from tests.unit.factories import NOW, POLICY

ARN: Final = "arn:aws:iam::123456789012:root"
ALL, ADOPT, REMOVE, IGNORE = (
    tuple(FindingAction),
    FindingAction.ADOPT,
    FindingAction.REMOVE,
    FindingAction.IGNORE,
)
BERLIN: Final = ZoneInfo("Europe/Berlin")
TOKYO: Final = ZoneInfo("Asia/Tokyo")

OFFERED: Final = [
    (Method.MTLS, "192.0.2.7/32", ALL),
    (Method.MTLS, "192.0.2.0/24", ALL),
    # Nobody could request these, so they are not adopted; that somebody made them is no reason to keep them.
    (Method.MTLS, "0.0.0.0/0", (REMOVE, IGNORE)),
    (Method.MTLS, "10.0.0.0/8", (REMOVE, IGNORE)),
    (Method.MTLS, "127.0.0.1/32", (REMOVE, IGNORE)),
    # No request can name what is no IPv4 network.
    (Method.MTLS, "2001:db8::/32", (IGNORE,)),
    (Method.MTLS, "192.0.2.7/24", (IGNORE,)),
    (Method.MTLS, "", (IGNORE,)),
    (Method.MTLS, "any", (IGNORE,)),
    (Method.TRUSTED, "198.51.100.0/24", ALL),
    (Method.TRUSTED, "10.1.2.3/32", (REMOVE, IGNORE)),
    # A new space has it: pgaccess neither adds nor removes it.
    (Method.TRUSTED, "0.0.0.0/0", (IGNORE,)),
    (Method.TRUSTED, "::/0", (IGNORE,)),
    (Method.PRIVATELINK, ARN, ALL),
    (Method.PRIVATELINK, "arn:aws:iam::123456789012:user/etl", ALL),
    (Method.PRIVATELINK, "*", (IGNORE,)),
    (Method.PRIVATELINK, "arn:aws:iam::123456789012:role/etl", (IGNORE,)),
    (Method.PRIVATELINK, "?", (IGNORE,)),
]


@pytest.mark.parametrize(("method", "listed", "offered"), OFFERED)
@pytest.mark.parametrize("kind", FindingKind)
def test_what_is_offered_depends_on_what_a_request_can_be_about(
    kind: FindingKind, method: Method, listed: str, offered: tuple[FindingAction, ...]
) -> None:
    there = kind in (FindingKind.UNMANAGED, FindingKind.BACK)
    assert actions(kind, method, listed) == (offered if there else ())


@pytest.mark.parametrize(("method", "listed", "offered"), OFFERED)
@pytest.mark.parametrize("action", [ADOPT, REMOVE])
def test_a_button_is_offered_exactly_where_its_request_has_a_subject(
    action: FindingAction, method: Method, listed: str, offered: tuple[FindingAction, ...]
) -> None:
    assert (subject_of(method, listed, action) is not None) == (action in offered)


def test_a_subject_is_the_entry_itself_and_nothing_wider() -> None:
    assert subject_of(Method.MTLS, "192.0.2.0/24", REMOVE) == IPv4Network("192.0.2.0/24")
    assert subject_of(Method.TRUSTED, "192.0.2.7/32", ADOPT) == IPv4Network("192.0.2.7/32")
    assert subject_of(Method.PRIVATELINK, ARN, REMOVE) == Accounts((ARN,))


@pytest.mark.parametrize(
    ("method", "listed", "count"),
    [
        (Method.MTLS, "192.0.2.7/32", 1),
        (Method.MTLS, "0.0.0.0/0", 2**32),
        (Method.TRUSTED, "192.0.2.0/24", 256),
        (Method.TRUSTED, "2001:db8::/32", None),
        (Method.MTLS, "odd", None),
        (Method.PRIVATELINK, ARN, None),
        # Twelve digits are a network to Python's parser, and an account here.
        (Method.PRIVATELINK, "1", None),
    ],
)
def test_the_width_of_a_network_is_counted(method: Method, listed: str, count: int | None) -> None:
    assert width(method, listed) == count


@pytest.mark.parametrize(
    ("services", "found"),
    [
        (DataServices.CONFIRMED, Concern.DATABASES),
        (DataServices.WEB_ONLY, Concern.WEB),
        (DataServices.UNKNOWN, Concern.MAYBE),
        (DataServices.WAITING, Concern.MAYBE),
    ],
)
def test_whether_a_range_opens_databases_is_claimed_only_where_it_is_known(
    services: DataServices, found: Concern
) -> None:
    assert concern(services) is found


# --- where --------------------------------------------------------------------------------------------

SPACE: Final = Space(id=UUID(int=90), name="acme-private", region="virginia", shield=False)
BILLING: Final = replace(factories.database("billing", 1), space_id=SPACE.id)
REPORTS: Final = replace(factories.database("reports", 2), space_id=SPACE.id)
ELSEWHERE: Final = replace(factories.database("other", 3), space="other", space_id=UUID(int=91))


def test_a_range_of_a_space_reaches_all_its_databases_and_a_rule_its_own() -> None:
    every = [REPORTS, ELSEWHERE, BILLING]
    assert reached(SPACE, every) == ("billing", "reports")
    assert reached(BILLING, every) == ("billing",)
    assert reached(SPACE, [ELSEWHERE]) == ()


def policy(*asked: str, unmatched: str | None = "default") -> Policy:
    """Billing is in production, reports in staging, and the rest as said."""
    patterns = (
        Pattern(environment="production", app="billing"),
        Pattern(environment="staging", app="reports"),
    )
    return replace(POLICY, patterns=patterns, unmatched=unmatched, ask_unmanaged=frozenset(asked))


@pytest.mark.parametrize(
    ("asked", "target", "inside", "asks"),
    [
        (("production",), BILLING, (), True),
        (("production",), REPORTS, (), False),
        (("production", "staging"), REPORTS, (), True),
        ((), BILLING, (), False),
        # A range opens every database in its space: one of them is enough.
        (("production",), SPACE, (BILLING, REPORTS), True),
        (("staging",), SPACE, (BILLING, REPORTS), True),
        (("production",), SPACE, (REPORTS,), False),
        (("default",), SPACE, (), True),
    ],
)
def test_who_is_asked_at_once_is_what_the_policy_says_of_the_environment(
    asked: tuple[str, ...], target: Database | Space, inside: Collection[Database], asks: bool
) -> None:
    assert asks_at_once(policy(*asked), target, inside) is asks


def test_a_channel_that_is_both_has_one_card_which_asks() -> None:
    both = replace(POLICY, operations_channel=POLICY.approvals_channel)
    assert channels(POLICY, asks=False) == {"C0OPERATIONS": False}
    assert channels(POLICY, asks=True) == {"C0OPERATIONS": False, "C0APPROVALS": True}
    assert channels(both, asks=False) == {"C0APPROVALS": False}
    assert channels(both, asks=True) == {"C0APPROVALS": True}


def test_what_the_policy_does_not_cover_is_told_to_operations_only() -> None:
    uncovered = policy("production", "default", unmatched=None)
    assert asks_at_once(uncovered, ELSEWHERE, ()) is False
    assert asks_at_once(uncovered, SPACE, (BILLING, ELSEWHERE)) is False


# --- until when ---------------------------------------------------------------------------------------


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "zone", "until"),
    [
        ("30d", BERLIN, NOW + timedelta(days=30)),
        ("8時間", TOKYO, NOW + timedelta(hours=8)),
        ("1d 12h", BERLIN, NOW + timedelta(hours=36)),
        # The day is included, in the zone of whoever typed it.
        ("2026-12-24", BERLIN, at("2026-12-24 23:59:00+01:00")),
        ("2026-12-24", TOKYO, at("2026-12-24 23:59:00+09:00")),
        ("2026/12/24", BERLIN, at("2026-12-24 23:59:00+01:00")),
        ("2026年12月24日", TOKYO, at("2026-12-24 23:59:00+09:00")),
        # Its day is today, which is not over.
        ("2026-11-24", BERLIN, at("2026-11-24 23:59:00+01:00")),
        ("2026-12-24 18:00", BERLIN, at("2026-12-24 18:00:00+01:00")),
        ("tomorrow 9:00", BERLIN, at("2026-11-25 09:00:00+01:00")),
        ("明日9時", TOKYO, at("2026-11-25 09:00:00+09:00")),
        ("18:00", BERLIN, at("2026-11-24 18:00:00+01:00")),
        (" 30d ", BERLIN, NOW + timedelta(days=30)),
        ("2 weeks", BERLIN, NOW + timedelta(days=14)),
        ("friday", BERLIN, at("2026-11-27 23:59:00+01:00")),
        ("24 Dec 6pm", BERLIN, at("2026-12-24 18:00:00+01:00")),
    ],
)
def test_an_entry_is_ignored_until_a_date_a_time_or_for_a_duration(
    text: str, zone: ZoneInfo, until: datetime
) -> None:
    assert parse_ignored_until(text, now=NOW, zone=zone) == until


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", Refusal.IGNORE_UNTIL),
        ("  ", Refusal.IGNORE_UNTIL),
        ("30", Refusal.DURATION_NO_UNIT),
        ("for a while", Refusal.DURATION_UNREADABLE),
        ("0m", Refusal.DURATION_TOO_SHORT),
        ("367d", Refusal.DURATION_TOO_LONG),
        ("2026-11-23", Refusal.END_PAST),
        ("2028-01-01", Refusal.DURATION_TOO_LONG),
        ("2027-02-30", Refusal.END_UNREADABLE),
        ("2026-12-24 25:00", Refusal.END_UNREADABLE),
        ("04/05", Refusal.TIME_UNCLEAR),
    ],
)
def test_nothing_is_ignored_for_ever_in_the_past_or_until_nobody_knows_when(
    text: str, refusal: Refusal
) -> None:
    with pytest.raises(Refused) as refused:
        parse_ignored_until(text, now=NOW, zone=BERLIN)
    assert refused.value.reason is refusal


@pytest.mark.parametrize(
    ("until", "ignored"),
    [(None, False), (NOW, False), (NOW + timedelta(seconds=1), True), (NOW - timedelta(days=1), False)],
)
def test_ignoring_ends_at_its_moment(until: datetime | None, ignored: bool) -> None:
    assert is_ignored(until, now=NOW) is ignored


def test_whoever_ignores_says_why() -> None:
    assert require_because("  the vendor leaves ") == "the vendor leaves"
    assert require_because("x" * LONGEST_BECAUSE)
    for text, refusal in (("", Refusal.REASON_MISSING), (" \n", Refusal.REASON_MISSING)):
        with pytest.raises(Refused) as refused:
            require_because(text)
        assert refused.value.reason is refusal
    with pytest.raises(Refused) as refused:
        require_because("x" * (LONGEST_BECAUSE + 1))
    assert refused.value.reason is Refusal.REASON_LONG


def test_the_entries_of_findings_are_read_back_from_their_names() -> None:
    target, other = UUID(int=1), UUID(int=2)
    names = [
        findings.unmanaged(target, "192.0.2.7/32"),
        findings.unmanaged(other, "192.0.2.8/32"),
        findings.absent(target, "192.0.2.9/32"),
        findings.unmanaged(target, "arn:aws:iam::123456789012:user/a b"),
        "request 17",
    ]
    assert findings.entries_of(target, names) == ("192.0.2.7/32", "arn:aws:iam::123456789012:user/a b")
