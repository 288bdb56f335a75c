"""Which rules were lost with a store, and what becomes of them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from bot.domain.mtls.lost_rules import Fate, lost_rules
from bot.domain.mtls.observation import IpRule
from bot.domain.mtls.rule_description import RuleHolder, write_description
from bot.domain.subject import Network

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
INTENT = UUID(int=7)
RULE = UUID(int=1)


def holder(request: int = 12, *, ends_in: timedelta | None = timedelta(hours=1)) -> RuleHolder:
    return RuleHolder(request=request, owner="U0ENGINEER", ends_at=None if ends_in is None else NOW + ends_in)


def listed(*holders: RuleHolder, network: str = "203.0.113.4/32", id_read: bool = True) -> IpRule:
    return IpRule(
        id=RULE,
        network=Network(network) if network != "::/0" else network,
        status="Authorized",
        description=write_description("ours", INTENT, holders),
        id_read=id_read,
    )


def lost(
    rule: IpRule,
    *,
    installations: tuple[str, ...] = ("ours",),
    owned: tuple[UUID, ...] = (),
    intents: tuple[UUID, ...] = (),
) -> list[UUID]:
    found = lost_rules([rule], installations=installations, owned=owned, intents=intents)
    return [each.rule for each in found]


def test_a_rule_with_our_marker_and_an_unknown_intent_was_lost() -> None:
    assert lost(listed(holder())) == [RULE]


def test_what_the_store_knows_or_another_installation_made_was_not() -> None:
    assert lost(listed(holder()), owned=(RULE,)) == []
    assert lost(listed(holder()), intents=(INTENT,)) == []
    assert lost(listed(holder()), installations=("another",)) == []


def test_what_an_earlier_name_carries_is_ours_as_well() -> None:
    assert lost(listed(holder()), installations=("production", "ours")) == [RULE]


def test_a_rule_that_cannot_be_removed_or_granted_is_left_alone() -> None:
    assert lost(listed(holder(), id_read=False)) == []
    assert lost(listed(holder(), network="::/0")) == []


@pytest.mark.parametrize(
    ("holders", "fate", "requests"),
    [
        ([], Fate.UNREADABLE, []),
        ([holder()], Fate.CONTINUES, [12]),
        ([holder(ends_in=None)], Fate.CONTINUES, [12]),
        ([holder(ends_in=timedelta())], Fate.OVERDUE, [12]),
        ([holder(ends_in=timedelta(seconds=-1))], Fate.OVERDUE, [12]),
        ([holder(), holder(13, ends_in=timedelta(hours=-1))], Fate.CONTINUES, [12]),
        ([holder(ends_in=None), holder(13, ends_in=timedelta(hours=-1))], Fate.CONTINUES, [12]),
        (
            [holder(ends_in=timedelta(hours=-2)), holder(13, ends_in=timedelta(hours=-1))],
            Fate.OVERDUE,
            [13, 12],
        ),
    ],
)
def test_the_latest_end_decides_and_what_is_over_is_not_recorded_again_beside_what_goes_on(
    holders: list[RuleHolder], fate: Fate, requests: list[int]
) -> None:
    (found,) = lost_rules([listed(*holders)], installations=("ours",), owned=(), intents=())
    assert found.fate(NOW) is fate
    assert [each.request for each in found.holders(NOW)] == requests


@pytest.mark.parametrize("network", ["0.0.0.0/0", "128.0.0.0/1", "10.0.0.0/8", "127.0.0.1/32"])
def test_what_nobody_can_have_asked_for_is_never_recorded_again(network: str) -> None:
    for described in ([holder()], [holder(ends_in=None)], [holder(ends_in=timedelta(hours=-1))], []):
        rule = listed(*described, network=network)
        (found,) = lost_rules([rule], installations=("ours",), owned=(), intents=())
        assert found.fate(NOW) is Fate.IMPOSSIBLE
