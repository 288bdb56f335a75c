"""What passes between the flow and the store: values, each complete in itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
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
from bot.domain.request import Decision, Kind, Request, Terms
from bot.domain.target import Database, Space, Target
from bot.domain.timings import DEFAULT, Timings
from bot.domain.trusted_ips.ruleset import RulesetObservation, Services
from bot.ports.services import MessageRef


class MessageKind(StrEnum):
    """What a post shows. Cards are edited as their request moves on; notices are sent once."""

    CARD_APPROVAL = "card.approval"
    CARD_REQUESTER = "card.requester"
    DECIDED = "notification.decided"
    IN_FORCE = "notification.in_force"
    ENDING = "notification.ending"
    ENDED = "notification.ended"
    FAILED = "notification.failed"
    INTERRUPTED = "notification.interrupted"
    DONE = "notification.done"
    NOT_DONE = "notification.not_done"
    LAPSED = "notification.lapsed"
    REMINDER = "notification.reminder"
    EXPIRY = "notification.expiry"
    EXPIRY_COPY = "notification.expiry_copy"
    EXPIRY_ORPHAN = "notification.expiry_orphan"
    UNOWNED = "notification.unowned"
    INSTALL = "notification.install"
    ROTATION_READY = "notification.rotation_ready"
    HOME = "home"
    HEROKU_DENIED = "notification.heroku_denied"
    HEROKU_TROUBLE = "notification.heroku_trouble"
    ORPHAN = "notification.orphan"
    RULE_UNMANAGED = "notification.rule_unmanaged"
    RULES_UNMANAGED = "notification.rules_unmanaged"
    RULE_BACK = "notification.rule_back"
    RULE_MISSING = "notification.rule_missing"
    RULE_UNAPPLIED = "notification.rule_unapplied"
    DOWNLOAD_LINK = "notification.download_link"
    CERTIFICATE_READY = "notification.certificate_ready"
    CERTIFICATE_GONE = "notification.certificate_gone"
    CERTIFICATE_UNMANAGED = "notification.certificate_unmanaged"
    RANGE_BACK = "notification.range_back"
    RANGE_STUCK = "notification.range_stuck"
    RANGE_MISSING = "notification.range_missing"
    RANGE_UNMANAGED = "notification.range_unmanaged"
    RANGES_CONTENDED = "notification.ranges_contended"
    RANGES_UNSEEN = "notification.ranges_unseen"
    RANGES_UNAPPLIED = "notification.ranges_unapplied"
    TICKET = "notification.ticket"
    LINK_READY = "notification.link_ready"
    LINK_CONNECTED = "notification.link_connected"
    LINK_URL = "notification.link_url"
    LINK_UNMANAGED = "notification.link_unmanaged"
    LINK_BACK = "notification.link_back"
    LINK_MISSING = "notification.link_missing"
    LINK_UNAPPLIED = "notification.link_unapplied"
    LINK_STAYS = "notification.link_stays"

    @property
    def is_card(self) -> bool:
        """Whether it is edited as its request moves on; the others are sent once."""
        return self in (MessageKind.CARD_APPROVAL, MessageKind.CARD_REQUESTER)

    @property
    def is_reply(self) -> bool:
        """Whether it stands in the thread of its request's card."""
        return self in (MessageKind.REMINDER, MessageKind.TICKET)


BOT: Final = "pgaccess"
"""The actor of what happens without a person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditContext:
    """Who changes a state, and when: the audit line of the change.

    Attributes:
        actor: a Slack id, or ``pgaccess`` for what the bot does by itself.
        at: business time.
    """

    actor: str
    at: datetime
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewRequest:
    """A request that is about to be recorded; see ``Request`` for what its parts mean."""

    kind: Kind
    terms: Terms
    requester: str
    rule: str
    needed: int
    expires_at: datetime
    remind_at: datetime | None
    grant: UUID | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestDetails:
    """A request with everything that is shown of it.

    Attributes:
        grant: the one that it opened, or that it extends.
        change: the one that its approval brought about, where that happens once.
        look: what the last look at its target and method saw.
        closes: for a removal of one entry or of all, the requests whose grants it would close.
        certificate: the one that it is about, for a rotation or a removal.
        issued: the one that was made for it.
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

    @property
    def rules(self) -> MtlsObservation | None:
        """The last look at IP rules; raises ``TypeError`` where it is another method that is asked for."""
        return mtls_observation(self.observation)

    @property
    def link(self) -> PrivateLinkObservation | None:
        """The last look at PrivateLink; raises ``TypeError`` where it is another method that is asked for."""
        return privatelink_observation(self.observation)

    @property
    def database(self) -> Database:
        """The database; raises ``TypeError`` where it is a space that is asked for."""
        if not isinstance(self.target, Database):
            raise TypeError(f"{self.target.name} is no database")
        return self.target


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseStatus:
    """One database as the store knows it.

    Attributes:
        look: at its IP rules and certificates.
        open: everything pending or open there, newest first.
        mine: of these, and of what is open in its space, the asking person's.
        now: business time of the answer.
        link: the last look at its PrivateLink.
        certificates: the asking person's, those that are there.
        space: that it is in; None where it can have no trusted ranges.
    """

    database: Database
    observation: MtlsObservation | None
    open: tuple[RequestDetails, ...]
    mine: tuple[RequestDetails, ...]
    now: datetime
    link: PrivateLinkObservation | None = None
    certificates: tuple[KnownCertificate, ...] = ()
    space: "SpaceStatus | None" = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DisableImpact:
    """What disabling mTLS on a database would end.

    Attributes:
        requests: whose grants would end.
        certificates: those that nobody could connect with any more.
    """

    database: Database
    observation: MtlsObservation
    requests: tuple[int, ...]
    certificates: tuple[KnownCertificate, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateList:
    """The client certificates of one database.

    Attributes:
        look: the last one; its ``certificates_at`` says how old what is known of them is.
        certificates: those that are there, by their end.
    """

    database: Database
    observation: MtlsObservation | None
    certificates: tuple[KnownCertificate, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SpaceStatus:
    """One space as the store knows it.

    Attributes:
        open: everything pending or open there, newest first.
        services: how it stands with Heroku's support.
    """

    space: Space
    observation: RulesetObservation | None
    open: tuple[RequestDetails, ...]
    services: Services


@dataclass(frozen=True, kw_only=True, slots=True)
class HomeSummary:
    """What a person's App Home shows."""

    mine: tuple[RequestDetails, ...]
    waiting: tuple[RequestDetails, ...]
    ending: tuple[RequestDetails, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReconcileJob:
    """One method of one target that a keeper holds.

    Attributes:
        lane: the row that is held.
        lease: the token that every write of this pass has to show.
        method: what is kept in step there in this turn.
        version: the wanted version that a plan made from what was known at the claim satisfies.
        attempts: looks made in a row while something was under way, for the growing gaps.
        failures: passes that Heroku spoilt, until one leaves nothing under way.
        due_at: Postgres time at which it was due; another one by the end of the pass means that somebody
            asked for a look meanwhile.
        installation: the part of every mark that tells our rules from another installation's.
        claimed_at: Postgres time at which the turn began.
        purpose: what its calls are for: to close, to open, or only to look.
        look: what the last look saw; None when there was none.
        changing: whether a change of it is under way; one that comes later makes it due again.
        certified: whether certificates of the target are known.
        timings: of its lease, and of what is done within it.
    """

    lane: int
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
    changing: bool = True
    certified: bool = True
    timings: Timings = DEFAULT

    @property
    def database(self) -> Database:
        """The database; raises ``TypeError`` where it is a space's turn."""
        if not isinstance(self.target, Database):
            raise TypeError(f"{self.target.name} is no database")
        return self.target


@dataclass(frozen=True, kw_only=True, slots=True)
class Notification:
    """A card or notice that is to be recorded.

    Attributes:
        to: a person's or a channel's Slack id.
        key: what is told once.
        params: what it says beyond its request.
    """

    kind: MessageKind
    to: str
    key: str
    request: int | None = None
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxMessage:
    """One card or notice that a courier holds.

    Attributes:
        recipient: a channel's id, or a person's.
        place: where it stands; None while it was never posted, as far as the store knows.
        channel: the conversation it goes to, once known.
        posting_since: Postgres time of a try whose answer is not recorded: it may stand in Slack already.
        version: the wanted version that a render made now shows.
        params: what a notice without a request says.
    """

    id: int
    lease: UUID
    kind: MessageKind
    recipient: str
    request: int | None
    channel: str | None
    place: MessageRef | None
    posting_since: datetime | None
    version: int
    attempts: int
    params: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class UserLookup:
    """Somebody who turned up unknown, to be looked up.

    Attributes:
        version: changes each time that they are asked for; an answer to an older question is none.
        read: Postgres' time of the question.
    """

    id: str
    version: str
    read: datetime
