"""Values that pass between the core and the store."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from bot.domain.grant import Grant
from bot.domain.method import Method
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.observation import Observation, mtls_observation, privatelink_observation
from bot.domain.operation import Operation
from bot.domain.privatelink.observation import PrivateLinkObservation
from bot.domain.rate_budget import CallPriority
from bot.domain.reach import NOTHING_NEARBY, Nearby, Reach, reach_of
from bot.domain.reports.trouble import Hold, Trouble
from bot.domain.request import Decision, Kind, Request, Terms
from bot.domain.target import Database, Space, Target
from bot.domain.timings import DEFAULT, Timings
from bot.domain.trusted_ips.ruleset import DataServices, RulesetObservation
from bot.ports.unmanaged_entries import UnmanagedEntry

BOT: Final = "pgaccess"
"""Actor of what happens without a person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditContext:
    """Who changes a state, when, and why: what the audit line of the change says.

    Attributes:
        actor: a Slack id, or ``BOT``.
        at: business time.
    """

    actor: str
    at: datetime
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditLine:
    """One line of the audit trail about a request.

    Attributes:
        request: the number of the request that the line is about.
        at: business time.
        actor: a Slack id, or ``BOT``.
        subject: what has changed: ``request``, ``grant``, a kind of operation, ``certificate`` ….
        before: its state before; empty for what is new.
        after: its state after.
        details: what else the line says, as texts.
    """

    request: int
    at: datetime
    actor: str
    subject: str
    before: str
    after: str
    details: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class NewRequest:
    """A request to record; see ``Request`` for its fields.

    Attributes:
        environment: the environments that it was judged by, as text, for the audit trail.
        asker: who asked for the requester; empty where they asked themselves.
    """

    kind: Kind
    terms: Terms
    requester: str
    rule: str
    needed: int
    expires_at: datetime
    remind_at: datetime | None
    grant: UUID | None = None
    by_admins: bool = False
    environment: str = ""
    asker: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestDetails:
    """A request with everything that is shown of it.

    Attributes:
        grant: the one that it opened, or that it extends.
        observation: the last one of its target and method.
        operation: the one that its approval started, where it is a one-time operation.
        closes: for a removal, the requests whose grants it would close.
        certificate: the one that is to be rotated or removed.
        issued: the one that was issued for it.
        reopening: the pending request to open its grant again.
        nearby: what else may allow the same addresses, as it is known now; two readings of one request are
            equal whatever that is. A new or decided request comes without it, since its answer needs none.
        hold: what keeps Heroku from being asked about its target and method, once people are told of it.
        reasons_hidden: whoever it is shown to may not read the reasons, and they were left out.
    """

    request: Request
    target: Target
    decisions: tuple[Decision, ...]
    grant: Grant | None
    observation: Observation | None
    operation: Operation | None = None
    closes: tuple[int, ...] = ()
    certificate: KnownCertificate | None = None
    issued: KnownCertificate | None = None
    reopening: Request | None = None
    hold: Hold | None = None
    reasons_hidden: bool = False
    nearby: Nearby = field(default=NOTHING_NEARBY, compare=False)

    @property
    def reach(self) -> tuple[Reach, ...]:
        """Which entries allow the addresses that it is about now, whoever made them; of each address."""
        if self.target.gone_at is not None:
            # Whatever was observed last, nothing there answers any more.
            return ()
        terms = self.request.terms
        return reach_of(terms.subject, method=terms.method, observation=self.observation, nearby=self.nearby)

    def without_reasons(self) -> "RequestDetails":
        """Returns the same without a word of why it was asked, decided or withdrawn."""
        reopening = None if self.reopening is None else self.reopening.without_reasons()
        return replace(
            self,
            request=self.request.without_reasons(),
            reopening=reopening,
            decisions=tuple(replace(each, reason="") for each in self.decisions),
            reasons_hidden=True,
        )

    @property
    def rules(self) -> MtlsObservation | None:
        """The last observation of IP rules; raises ``TypeError`` for a request of another method."""
        return mtls_observation(self.observation)

    @property
    def link(self) -> PrivateLinkObservation | None:
        """The last observation of PrivateLink; raises ``TypeError`` for a request of another method."""
        return privatelink_observation(self.observation)

    @property
    def database(self) -> Database:
        """The database; raises ``TypeError`` for a request about a space."""
        if not isinstance(self.target, Database):
            raise TypeError(f"{self.target.name} is not a database")
        return self.target


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseStatus:
    """One database as the store knows it.

    Attributes:
        observation: the last one of its IP rules and certificates.
        open: everything pending or open there, newest first.
        mine: of these, and of what is open in its space, the reader's own.
        now: business time.
        link: the last observation of its PrivateLink.
        certificates: the reader's own that Heroku has.
        space: the one it is in; None where that can have no trusted ranges, or is missing.
        space_missing: the last discovery has not found its space.
        unmanaged: entries at the database that pgaccess does not manage.
    """

    database: Database
    observation: MtlsObservation | None
    open: tuple[RequestDetails, ...]
    mine: tuple[RequestDetails, ...]
    now: datetime
    link: PrivateLinkObservation | None = None
    certificates: tuple[KnownCertificate, ...] = ()
    space: "SpaceStatus | None" = None
    space_missing: bool = False
    unmanaged: tuple[UnmanagedEntry, ...] = ()

    @property
    def nearby(self) -> Nearby:
        """What may allow addresses to the database besides its own rules, and the grants that are open."""
        space = self.space
        opened = (*self.open, *(() if space is None else space.open))
        return Nearby(
            space=(self.database.space if self.space_missing else "") if space is None else space.space.name,
            missing=self.space_missing,
            ranges=None if space is None else space.observation,
            services=DataServices.UNKNOWN if space is None else space.services,
            grants=tuple({each.grant.id: each.grant for each in opened if each.grant is not None}.values()),
            certificates=self.certificates,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class DisableImpact:
    """Impact of disabling mTLS on a database.

    Attributes:
        requests: those whose grants would end.
        certificates: those that could no longer be used.
    """

    database: Database
    observation: MtlsObservation
    requests: tuple[int, ...]
    certificates: tuple[KnownCertificate, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateList:
    """The client certificates of one database.

    Attributes:
        observation: the last one; its ``certificates_at`` tells the age of the list.
        certificates: those that Heroku has, by expiry.
    """

    database: Database
    observation: MtlsObservation | None
    certificates: tuple[KnownCertificate, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SpaceStatus:
    """One space as the store knows it.

    Attributes:
        open: everything pending or open there, newest first.
        services: whether Heroku's support has applied its ranges to data services.
        unmanaged: its ranges that pgaccess does not manage.
        now: business time; None where nobody asked for the time.
    """

    space: Space
    observation: RulesetObservation | None
    open: tuple[RequestDetails, ...]
    services: DataServices
    unmanaged: tuple[UnmanagedEntry, ...] = ()
    now: datetime | None = None

    @property
    def nearby(self) -> Nearby:
        """The grants that are open there."""
        return Nearby(grants=tuple(each.grant for each in self.open if each.grant is not None))


@dataclass(frozen=True, kw_only=True, slots=True)
class HomeSummary:
    """What a person's App Home shows: own requests, requests to decide, what ends soon, and what is over.

    Attributes:
        over: own requests that are over and can be requested again, newest first.
    """

    mine: tuple[RequestDetails, ...]
    waiting: tuple[RequestDetails, ...]
    ending: tuple[RequestDetails, ...]
    over: tuple[RequestDetails, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ReconcileJob:
    """A claimed row of the reconcile queue: one method of one target.

    Attributes:
        id: the row's.
        lease: token that every write of the run has to show.
        method: what is reconciled.
        version: the generation that a plan made from what was known at the claim reconciles.
        attempts: observations in a row while something was under way, for the growing gaps.
        failures: runs in a row that Heroku made fail.
        due_at: Postgres time at which it was due; another one at the end of the run means that a refresh was
            requested meanwhile.
        installation: the part of every marker that tells our rules from another installation's.
        earlier: what this installation was called before; rules from then carry that still.
        claimed_at: Postgres time of the claim.
        purpose: priority of its calls: removal, addition, or mere observation.
        observation: the last one; None when there was none.
        changing: whether an operation of it is unfinished; one that starts later makes it due again.
        certified: whether the inventory has certificates of the target.
        trouble: what kept the run before this one from reconciling it; None if nothing did.
        outage: the kind of the outage that it is part of, as operations know it; None if it is part of none.
        timings: of its lease, and of what is done within it.
    """

    id: int
    lease: UUID
    target: Target
    method: Method
    version: int
    attempts: int
    failures: int
    due_at: datetime
    installation: str
    claimed_at: datetime
    purpose: CallPriority = CallPriority.ADD
    observation: Observation | None = None
    # True unless it is known better: reading too much is harmless, and what is not read is not carried out.
    changing: bool = True
    certified: bool = True
    earlier: tuple[str, ...] = ()
    trouble: Trouble | None = None
    outage: Trouble | None = None
    timings: Timings = DEFAULT

    @property
    def database(self) -> Database:
        """The database; raises ``TypeError`` for a job of a space."""
        if not isinstance(self.target, Database):
            raise TypeError(f"{self.target.name} is not a database")
        return self.target


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonalAccess:
    """What a person has, as somebody who may revoke sees it.

    Attributes:
        person: Slack id of whose it is.
        ends: what ends, or has ended: pending requests and those with a grant, newest first.
        certificates: their certificates, which are revoked as well where the policy says so.
        certificates_end: whether it does.
        stays: requests that somebody else would have to decide about, newest first.
    """

    person: str
    ends: tuple[RequestDetails, ...]
    certificates: tuple[KnownCertificate, ...]
    certificates_end: bool
    stays: tuple[RequestDetails, ...]
