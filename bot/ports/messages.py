"""Messages of the outbox: which kinds there are, and what is to be sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bot.ports.slack import MessageRef


class MessageKind(StrEnum):
    """What a message shows: a request as it moves on, or what has just happened, until that is not so."""

    # The values are stored in the outbox, and most are keys of the catalogs.
    CARD_APPROVAL = "card.approval"
    CARD_REQUESTER = "card.requester"
    CARD_DIRECT = "card.direct"
    DECIDED = "notification.decided"
    IN_FORCE = "notification.in_force"
    CONNECTION_CHANGED = "notification.connection_changed"
    ENDING = "notification.ending"
    ENDED = "notification.ended"
    CLOSED = "notification.closed"
    CLOSING_LATE = "notification.closing_late"
    FAILED = "notification.failed"
    INTERRUPTED = "notification.interrupted"
    DONE = "notification.done"
    NOT_DONE = "notification.not_done"
    LAPSED = "notification.lapsed"
    WITHDRAWN = "notification.withdrawn"
    REPLACEMENT = "notification.replacement"
    ADDON_RENAMED = "notification.addon_renamed"
    APP_RENAMED = "notification.app_renamed"
    SPACE_RENAMED = "notification.space_renamed"
    TARGET_GONE = "notification.target_gone"
    TARGET_BACK = "notification.target_back"
    TARGETS_MISSING = "notification.targets_missing"
    UNDECIDABLE = "notification.undecidable"
    REOPENING = "notification.reopening"
    REMINDER = "notification.reminder"
    EXPIRY = "notification.expiry"
    EXPIRY_COPY = "notification.expiry_copy"
    EXPIRY_ORPHAN = "notification.expiry_orphan"
    UNOWNED = "notification.unowned"
    INSTALL = "notification.install"
    ROTATION_READY = "notification.rotation_ready"
    HOME = "home"
    CHANNEL_LOST = "notification.channel_lost"
    CHANNEL_BACK = "notification.channel_back"
    ASKED_DIRECTLY = "notification.asked_directly"
    HEROKU_DENIED = "notification.heroku_denied"
    HEROKU_TROUBLE = "notification.heroku_trouble"
    HEROKU_RESTORED = "notification.heroku_restored"
    GROUPS_UNREADABLE = "notification.groups_unreadable"
    GROUPS_READABLE = "notification.groups_readable"
    ORPHAN = "notification.orphan"
    ORPHAN_OVERDUE = "notification.orphan_overdue"
    REBUILT = "notification.rebuilt"
    NOTE = "notification.note"
    REBUILD_LEFT = "notification.rebuild_left"
    RULE_UNMANAGED = "notification.rule_unmanaged"
    RULES_UNMANAGED = "notification.rules_unmanaged"
    RULE_BACK = "notification.rule_back"
    RULE_RESTORED = "notification.rule_restored"
    RULE_MISSING = "notification.rule_missing"
    RULE_UNAPPLIED = "notification.rule_unapplied"
    DOWNLOAD_LINK = "notification.download_link"
    CERTIFICATE_READY = "notification.certificate_ready"
    CERTIFICATE_GONE = "notification.certificate_gone"
    CERTIFICATE_COMPROMISED = "notification.certificate_compromised"
    CERTIFICATE_LEFT = "notification.certificate_left"
    CERTIFICATE_ASSIGNED = "notification.certificate_assigned"
    LEAVER = "notification.leaver"
    ENTITLEMENTS = "notification.entitlements"
    ACCESS_REVIEW = "notification.access_review"
    REVIEW_UNANSWERED = "notification.review_unanswered"
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
    POLICY_UNREADABLE = "notification.policy_unreadable"
    POLICY_READABLE = "notification.policy_readable"
    AUDIT_HEAD = "notification.audit_head"

    @property
    def is_card(self) -> bool:
        """Whether it stands for a request, or for what is to be decided: deleted, it is posted again."""
        # What becomes of a certificate is told where its approvers were asked, or warned.
        return self in (
            MessageKind.CARD_APPROVAL,
            MessageKind.CARD_REQUESTER,
            MessageKind.CARD_DIRECT,
            MessageKind.CERTIFICATE_LEFT,
            MessageKind.CERTIFICATE_COMPROMISED,
        )

    @property
    def is_reply(self) -> bool:
        """Whether it is posted in the thread of its request's card."""
        return self in (MessageKind.REMINDER, MessageKind.TICKET, MessageKind.REOPENING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Notification:
    """A message to add to the outbox.

    Attributes:
        to: Slack id of a person or a channel.
        key: what makes it unique.
        params: what it says beyond its request.
        asserts: what has to stay as it is for the message to stay true; see ``bot.ports.assertions``.
        about: what it is about besides its request: requests that it lists, findings that it reports.
    """

    kind: MessageKind
    to: str
    key: str
    request: int | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    asserts: str | None = None
    about: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxMessage:
    """A message of the outbox that a notifier has claimed.

    Attributes:
        recipient: Slack id of a person or a channel.
        channel: the conversation that it is posted to, once known.
        place: where it is; None while it was not posted, as far as the store knows.
        posting_since: Postgres time of an attempt whose answer is not recorded: it may be in Slack already.
        version: the one that is shown once it is rendered now.
        params: what it says beyond its request.
        asserts: what has to stay as it is for the message to stay true; None where nothing was recorded.
        settled_at: business time at which its finding was no longer so.
        about: the requests that it lists, and those of its findings that are not over.
        shown: digest of what Slack is known to show; None where that is not known.
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
    asserts: str | None = None
    settled_at: datetime | None = None
    about: tuple[str, ...] = ()
    shown: str | None = None
