"""Judgements of the watch: what is overdue, who does not work, what nobody needs to hear of."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from bot.domain.method import Method
from bot.domain.mtls.observation import IpRule
from bot.domain.mtls.rule_description import RuleHolder, write_description
from bot.domain.subject import Network
from bot.domain.watch.condition import (
    LATE,
    SEVERITIES,
    SILENT,
    UNSEALED,
    Condition,
    Item,
    ItemKind,
    OpenGrant,
    Waiting,
    heroku_pause,
    in_order,
    overdue_entries,
    overdue_grants,
    silent_parts,
    unsealed,
)
from tests.unit.factories import NOW, database

BILLING, LEDGER = database(), database("ledger", 2)
HOME = Network("203.0.113.4/32")
SECOND = timedelta(seconds=1)
OURS = "1f0c2b7a"


def described(ends_at: datetime | None, *, installation: str = OURS, request: int = 12) -> str:
    holder = RuleHolder(request=request, owner="U0ENGINEER", ends_at=ends_at)
    return write_description(installation, UUID(int=7), [holder])


def rule(description: str, *, network: Network | str = HOME, id: int = 1) -> IpRule:
    return IpRule(id=UUID(int=id), network=network, status="Authorized", description=description)


def grant(
    ends_at: datetime | None, *, target: UUID = BILLING.id, networks: tuple[Network, ...] = (HOME,)
) -> OpenGrant:
    return OpenGrant(
        request=12, target=target, label="billing", method=Method.MTLS, networks=networks, ends_at=ends_at
    )


def overdue(
    *rules: IpRule,
    installations: tuple[str, ...] = (OURS,),
    grants: Sequence[OpenGrant] = (),
    adopted: Collection[UUID] = (),
) -> list[str]:
    found = overdue_entries(
        {BILLING.id: rules},
        [BILLING, LEDGER],
        installations=installations,
        grants=grants,
        adopted=adopted,
        now=NOW,
    )
    return sorted(item.name for item in found)


FOUND = ["203.0.113.4/32 → billing (#12)"]


@pytest.mark.parametrize(
    ("since_end", "found"),
    [
        (-timedelta(hours=1), []),
        (timedelta(), []),
        # The run that removes it takes its time.
        (LATE - SECOND, []),
        (LATE, FOUND),
        (timedelta(days=400), FOUND),
    ],
)
def test_an_entry_is_overdue_some_minutes_after_the_end_in_its_description(
    since_end: timedelta, found: list[str]
) -> None:
    assert overdue(rule(described(NOW - since_end))) == found


@pytest.mark.parametrize(
    "description",
    [
        "",
        "vendor's office, until 2020-01-01",
        # The first descriptions had no end.
        f"pgaccess/{OURS} 00000000-0000-0000-0000-000000000007",
        described(None),
        described(NOW - timedelta(days=1), installation="another"),
        "from pgaccess/1f0c2b7a 00000000-0000-0000-0000-000000000007 request 1 of U0LEAD, ends 2020-01-01",
    ],
)
def test_what_is_not_ours_or_names_no_end_is_never_overdue(description: str) -> None:
    assert overdue(rule(description)) == []


def test_an_end_at_the_last_moment_that_there_is_does_not_stop_the_watch() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    assert overdue_grants([grant(last)], now=NOW) == frozenset()
    assert overdue(rule(described(NOW - timedelta(days=1))), grants=[grant(last)]) == []
    described_last = f"pgaccess/{OURS} {UUID(int=7)} request 12 of U0ENGINEER, ends 9999-12-31 23:59:59 UTC"
    assert overdue(rule(described_last), rule(described(NOW - LATE), id=2)) == FOUND


def test_where_no_installation_is_known_every_mark_of_pgaccess_counts() -> None:
    old = rule(described(NOW - timedelta(days=1), installation="another"))
    assert overdue(old, installations=()) == FOUND
    assert overdue(old, installations=(OURS, "another")) == FOUND


@pytest.mark.parametrize(
    ("grants", "found"),
    [
        ([grant(NOW + timedelta(hours=1))], []),
        ([grant(None)], []),
        # One that is ending right now.
        ([grant(NOW)], []),
        ([grant(NOW - timedelta(days=1))], FOUND),
        ([grant(NOW - timedelta(days=1)), grant(NOW + timedelta(hours=1))], []),
        ([grant(NOW + timedelta(hours=1), target=LEDGER.id)], FOUND),
        ([grant(NOW + timedelta(hours=1), networks=(Network("203.0.113.5/32"),))], FOUND),
        # One that only covers it is another rule.
        ([grant(NOW + timedelta(hours=1), networks=(Network("203.0.113.0/24"),))], FOUND),
        ([grant(NOW + timedelta(hours=1), networks=())], FOUND),
    ],
)
def test_an_extension_that_the_store_knows_of_covers_its_entry(
    grants: list[OpenGrant], found: list[str]
) -> None:
    assert overdue(rule(described(NOW - timedelta(hours=2))), grants=grants) == found


def test_an_adopted_entry_stays_without_a_grant() -> None:
    old = rule(described(NOW - timedelta(hours=2)), id=5)
    assert overdue(old, adopted=frozenset({UUID(int=5)})) == []
    assert overdue(old, adopted=frozenset({UUID(int=6)})) == FOUND


def test_an_entry_of_an_odd_network_is_judged_by_its_description_alone() -> None:
    odd = rule(described(NOW - timedelta(hours=2)), network="2001:db8::/32")
    assert overdue(odd, grants=[grant(None)]) == ["2001:db8::/32 → billing (#12)"]


def test_each_entry_is_found_for_itself() -> None:
    past = NOW - timedelta(hours=2)
    rules = [
        rule(described(past, request=1)),
        rule(described(past, request=2), id=2),
        rule("vendor", id=3),
        rule(described(NOW + timedelta(hours=1), request=4), id=4),
    ]
    assert overdue(*rules) == ["203.0.113.4/32 → billing (#1)", "203.0.113.4/32 → billing (#2)"]


@pytest.mark.parametrize(
    ("ends_at", "found"),
    [(None, 0), (NOW, 0), (NOW - LATE + SECOND, 0), (NOW - LATE, 1), (NOW - timedelta(days=3), 1)],
)
def test_an_open_grant_is_overdue_some_minutes_after_its_end(ends_at: datetime | None, found: int) -> None:
    assert len(overdue_grants([grant(ends_at)], now=NOW)) == found


@pytest.mark.parametrize(
    ("reconciler", "notifier", "scheduler", "ever", "silent"),
    [
        (None, None, None, True, set()),
        (SILENT, SILENT, SILENT, True, set()),
        # Due only later.
        (-SILENT * 3, -SILENT, -SILENT, True, set()),
        (SILENT + SECOND, None, None, True, {"reconciler"}),
        (None, SILENT + SECOND, None, True, {"notifier"}),
        (None, None, SILENT + SECOND, True, {"scheduler"}),
        (SILENT * 9, SILENT * 9, SILENT * 9, True, {"reconciler", "notifier", "scheduler"}),
        # A store on which nobody has ever worked.
        (None, None, None, False, {"scheduler"}),
    ],
)
def test_work_that_is_due_and_not_taken_shows_that_nobody_works(
    reconciler: timedelta | None,
    notifier: timedelta | None,
    scheduler: timedelta | None,
    ever: bool,
    silent: set[str],
) -> None:
    waiting = Waiting(reconciler=reconciler, notifier=notifier, scheduler=scheduler, ever=ever)
    assert {str(item.kind) for item in silent_parts(waiting)} == silent


@pytest.mark.parametrize(
    ("oldest", "found"), [(None, 0), (timedelta(), 0), (UNSEALED, 0), (UNSEALED + SECOND, 1)]
)
def test_a_line_may_wait_some_minutes_for_its_seal(oldest: timedelta | None, found: int) -> None:
    assert len(unsealed(oldest)) == found


@pytest.mark.parametrize(("calls", "seconds"), [(3, 60), (10, 60), (11, 66), (100, 600), (1003, 6018)])
def test_many_databases_are_read_less_often(calls: int, seconds: int) -> None:
    assert heroku_pause(calls, every=timedelta(minutes=1)) == timedelta(seconds=seconds)


def test_items_are_told_in_one_order_the_longest_overdue_first() -> None:
    items = [
        Item(kind=ItemKind.ENTRY, name="b", at=NOW),
        Item(kind=ItemKind.ENTRY, name="a", at=NOW),
        Item(kind=ItemKind.ENTRY, name="c", at=NOW - SECOND),
    ]
    assert [item.name for item in in_order(frozenset(items))] == ["c", "a", "b"]


def test_every_condition_has_a_severity() -> None:
    assert set(SEVERITIES) == set(Condition)
