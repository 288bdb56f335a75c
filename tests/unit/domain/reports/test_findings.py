"""Findings end when an observation no longer shows them, and only then."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final
from uuid import UUID

import pytest

from bot.domain.drift import NO_DRIFT, Drift
from bot.domain.mtls.observation import IpRule, MtlsObservation
from bot.domain.observation import Observation
from bot.domain.privatelink.observation import AllowedAccount, Connection, PrivateLinkObservation
from bot.domain.reports import findings
from bot.domain.trusted_ips.ruleset import Ruleset, RulesetObservation, RulesetRule
from tests.unit import factories
from tests.unit.factories import NOW

TARGET: Final = UUID(int=1)
RULE: Final = factories.rule("192.0.2.7/32")
SAME_NETWORK: Final = factories.rule("192.0.2.7/32", number=8)
ARN: Final = "arn:aws:iam::123456789012:root"
OTHER: Final = "arn:aws:iam::210987654321:root"
CONNECTION: Final = Connection(endpoint="vpce-0a", hostname="h", owner=ARN, status="Available")
LIST: Final = UUID(int=5)


def mtls(*rules: IpRule, ours: frozenset[UUID] = frozenset(), drift: Drift = NO_DRIFT) -> MtlsObservation:
    return replace(factories.look(*rules, ours=ours), drift=drift)


def link(
    *arns: str, ours: frozenset[str] = frozenset(), connected: bool = False, drift: Drift = NO_DRIFT
) -> PrivateLinkObservation:
    return PrivateLinkObservation(
        at=NOW,
        status="Operational",
        accounts=tuple(AllowedAccount(arn=arn, status="Active") for arn in arns),
        connections=(CONNECTION,) if connected else (),
        ours=ours,
        drift=drift,
    )


def ranges(
    *sources: str, ours: frozenset[str] = frozenset(), applied: bool = True, drift: Drift = NO_DRIFT
) -> RulesetObservation:
    rules = tuple(RulesetRule("allow", source) for source in sources)
    ruleset = Ruleset(id=LIST, rules=rules, applied=applied, by="a@example.com")
    return RulesetObservation(at=NOW, ruleset=ruleset, ours=ours, drift=drift)


RANGE, ANOTHER = "192.0.2.0/24", "198.51.100.0/24"

OVER: Final[dict[str, tuple[Observation, Observation, str]]] = {
    "a rule is removed": (mtls(RULE), mtls(), findings.unmanaged(TARGET, RULE.id)),
    "a rule is adopted": (
        mtls(RULE),
        mtls(RULE, ours=frozenset({RULE.id})),
        findings.unmanaged(TARGET, RULE.id),
    ),
    "a rule is made anew": (mtls(RULE), mtls(SAME_NETWORK), findings.unmanaged(TARGET, RULE.id)),
    "a rule that was listed again is removed": (
        mtls(RULE, ours=frozenset({RULE.id})),
        mtls(),
        findings.restored(TARGET, RULE.id),
    ),
    "a rule that was listed again is made anew": (
        mtls(RULE, ours=frozenset({RULE.id})),
        mtls(SAME_NETWORK),
        findings.restored(TARGET, RULE.id),
    ),
    "a rule is back": (mtls(), mtls(RULE), findings.absent(TARGET, "192.0.2.7/32")),
    "a rule is in force": (
        mtls(RULE, drift=Drift(unapplied=frozenset({"192.0.2.7/32"}))),
        mtls(RULE),
        findings.unapplied(TARGET, "192.0.2.7/32"),
    ),
    "an account is removed": (link(ARN), link(), findings.unmanaged(TARGET, ARN)),
    "an account is adopted": (
        link(ARN),
        link(ARN, ours=frozenset({ARN})),
        findings.unmanaged(TARGET, ARN),
    ),
    "an account is back": (link(OTHER), link(OTHER, ARN), findings.absent(TARGET, ARN)),
    "an account is in force": (
        link(ARN, drift=Drift(unapplied=frozenset({ARN}))),
        link(ARN),
        findings.unapplied(TARGET, ARN),
    ),
    "a connection is gone": (link(connected=True), link(), findings.connected(TARGET, "123456789012")),
    "a connection is allowed again": (
        link(connected=True),
        link(ARN, connected=True),
        findings.connected(TARGET, "123456789012"),
    ),
    "a range is removed": (ranges(RANGE, ANOTHER), ranges(ANOTHER), findings.unmanaged(TARGET, RANGE)),
    "a range is adopted": (
        ranges(RANGE),
        ranges(RANGE, ours=frozenset({RANGE})),
        findings.unmanaged(TARGET, RANGE),
    ),
    "a range is back": (ranges(ANOTHER), ranges(ANOTHER, RANGE), findings.absent(TARGET, RANGE)),
    "a range is not the only one": (ranges(RANGE), ranges(RANGE, ANOTHER), findings.stuck(TARGET, RANGE)),
    "a list is in force": (ranges(RANGE, applied=False), ranges(RANGE), findings.unapplied(TARGET, LIST)),
}


@pytest.mark.parametrize("name", OVER)
def test_a_finding_is_over_once_it_is_not_shown_any_more(name: str) -> None:
    before, now, finding = OVER[name]
    assert finding in findings.over(TARGET, before, now)
    assert finding not in findings.over(TARGET, now, now)


@pytest.mark.parametrize("name", OVER)
def test_a_finding_is_not_over_while_it_is_shown(name: str) -> None:
    before, _, finding = OVER[name]
    assert finding not in findings.over(TARGET, before, before)


@pytest.mark.parametrize("seen", [mtls, link, ranges])
def test_a_first_observation_ends_nothing(seen: Callable[[], Observation]) -> None:
    assert findings.over(TARGET, None, seen()) == frozenset()
    assert findings.over(TARGET, seen(), None) == frozenset()
