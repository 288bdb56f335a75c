"""Factories of domain values for tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from typing import Any
from uuid import UUID

from bot.domain.grant import Grant, GrantState, ReasonCode
from bot.domain.method import Method
from bot.domain.mtls.observation import IpRule, MtlsObservation
from bot.domain.person import Person
from bot.domain.policy.rules import Policy
from bot.domain.policy.rules import Rule as PolicyRule
from bot.domain.request import Decision, Kind, Request, RequestState, Terms, Verdict
from bot.domain.target import Database
from bot.ports import RequestDetails
from sandbox.heroku.fixtures import DATABASE
from sandbox.heroku.model.resources import lasting_id

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
NETWORK = IPv4Network("203.0.113.4/32")

RULE = PolicyRule(
    name="everything",
    denies=False,
    environments=None,
    methods=None,
    requesters=None,
    approvers=frozenset({"U0LEAD", "U0LEAD2"}),
    approvals=1,
    default_duration=timedelta(hours=8),
    longest_duration=timedelta(days=5),
    permanent=False,
    widest=24,
    minimum_reason=0,
    extend_alone=timedelta(),
    lapse_after=timedelta(hours=24),
    remind_after=(timedelta(hours=1), timedelta(hours=4), timedelta(hours=12)),
)

POLICY = Policy(
    approvals_channel="C0APPROVALS",
    operations_channel="C0OPERATIONS",
    audit_channel="C0AUDIT",
    language="en",
    admins=frozenset(),
    warn_before=timedelta(minutes=30),
    targets=(),
    rules=(RULE,),
    unmatched="default",
)


def ruled(**changed: Any) -> Policy:
    """``POLICY`` with its one rule changed."""
    return replace(POLICY, rules=(replace(RULE, **changed),))


def database(app: str = "billing", number: int = 1, *, shield: bool = False) -> Database:
    return Database(
        id=UUID(int=number),
        name="postgresql-curved-12345",
        app=app,
        space="acme-private",
        region="virginia",
        shield=shield,
        plan="heroku-postgresql:private-4",
        config_var="DATABASE_URL",
    )


def emulated_database(name: str = DATABASE) -> Database:
    """A database of the emulated Heroku, by its first name."""
    return replace(database(), id=lasting_id("addon", name), name=name)


def person(
    id: str = "U0ENGINEER",
    *,
    zone: str = "Europe/Berlin",
    deactivated: bool = False,
    bot: bool = False,
    guest: bool = False,
    external: bool = False,
) -> Person:
    return Person(
        id=id,
        name="an engineer",
        locale="en-US",
        zone=zone,
        deactivated=deactivated,
        bot=bot,
        guest=guest,
        external=external,
    )


def request(
    *,
    kind: Kind = Kind.OPEN,
    state: RequestState = RequestState.PENDING,
    reason: str = "quarterly migration",
    network: IPv4Network = NETWORK,
    until: datetime | None = None,
    endless: bool = False,
    needed: int = 1,
) -> Request:
    """A request for 8 hours, until a time, or without an end; a removal has neither."""
    timeless = endless or until is not None or kind is Kind.REMOVE
    return Request(
        id=17,
        kind=kind,
        terms=Terms(
            method=Method.MTLS,
            target=UUID(int=1),
            subject=network,
            duration=None if timeless else timedelta(hours=8),
            until=until,
            reason=reason,
        ),
        grant=UUID(int=2) if kind is Kind.EXTEND else None,
        requester="U0ENGINEER",
        rule=RULE.name,
        needed=needed,
        state=state,
        version=1,
        asked_at=NOW,
        decided_at=None if state is RequestState.PENDING else NOW,
        expires_at=NOW + RULE.lapse_after,
        reminders=0,
    )


def grant(
    state: GrantState = GrantState.IN_FORCE,
    *,
    reason_code: ReasonCode | None = None,
    detail: str = "",
    endless: bool = False,
) -> Grant:
    return Grant(
        id=UUID(int=2),
        request=17,
        target=UUID(int=1),
        owner="U0ENGINEER",
        method=Method.MTLS,
        subject=NETWORK,
        duration=None if endless else timedelta(hours=8),
        state=state,
        started_at=NOW,
        verified_at=NOW if state is not GrantState.APPLYING else None,
        ends_at=None if endless else NOW + timedelta(hours=8),
        extended=timedelta(),
        warn_at=None,
        closed_at=NOW if state in (GrantState.ENDED, GrantState.FAILED, GrantState.INTERRUPTED) else None,
        reason_code=reason_code,
        detail=detail,
    )


def vote(verdict: Verdict = Verdict.APPROVE, reason: str = "", *, person: str = "U0LEAD") -> Decision:
    return Decision(person=person, verdict=verdict, reason=reason, at=NOW)


def rule(network: str = "198.51.100.0/24", number: int = 7, status: str = "Authorized") -> IpRule:
    return IpRule(id=UUID(int=number), network=IPv4Network(network), status=status, description="office")


def look(*rules: IpRule, ours: frozenset[UUID] = frozenset(), enabled: bool = True) -> MtlsObservation:
    return MtlsObservation(at=NOW, enabled=enabled, rules=rules, ours=ours)


def case(
    *,
    asked: Request | None = None,
    votes: tuple[Decision, ...] = (),
    granted: Grant | None = None,
    seen: MtlsObservation | None = None,
    closes: tuple[int, ...] = (),
) -> RequestDetails:
    return RequestDetails(
        request=asked or request(),
        target=database(),
        decisions=votes,
        grant=granted,
        observation=seen,
        closes=closes,
    )


class SetClock:
    """A clock that stands still until a test sets it."""

    def __init__(self, present: datetime = NOW) -> None:
        self.present = present

    def now(self) -> datetime:
        return self.present
