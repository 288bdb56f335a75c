"""Renders an outbox message: the table from a message's kind to what it shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.domain.grant import Grant
from bot.domain.policy import Policy
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Message, MessageKind, OutboxMessage, RequestDetails
from bot.views import block_kit, notifications, request_card
from bot.views.mtls import download, expiry, rotation
from bot.views.mtls import notifications as mtls_notifications
from bot.views.privatelink import notifications as privatelink_notifications
from bot.views.trusted_ips import notifications as trusted_notifications


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendering:
    """One message about a request that is to be rendered.

    Attributes:
        message: of the outbox.
        details: its request as recorded now.
        t: the reader's language.
        policy: names the approvers.
    """

    message: OutboxMessage
    details: RequestDetails
    t: Translator
    policy: Policy

    @property
    def state(self) -> Mrkdwn:
        """The line that says where the request stands."""
        return request_card.state_line(self.details, t=self.t, policy=self.policy)

    @property
    def approvers(self) -> Mrkdwn:
        """Those who may decide, mentioned."""
        return request_card.approvers(self.policy, self.details.request.rule)

    @property
    def admins(self) -> Mrkdwn:
        """The admins, mentioned."""
        return request_card.admins(self.policy, self.details.request.rule)


Renderer = Callable[[Rendering], Message]


def render(
    message: OutboxMessage, details: RequestDetails | None, *, t: Translator, policy: Policy
) -> Message:
    """Renders a card or notification from what is recorded now.

    Args:
        message: of the outbox.
        details: its request; None for what belongs to no request.
        t: the reader's language.
        policy: names the approvers.

    Raises:
        ValueError: the kind needs a grant, an operation or a certificate that the request does not have.
    """
    if details is None or message.kind not in RENDERERS:
        summary = expiry.unowned if message.kind is MessageKind.UNOWNED else notifications.operational
        return block_kit.posted(summary(message, t))
    rendering = Rendering(message=message, details=details, t=t, policy=policy)
    return block_kit.posted(RENDERERS[message.kind](rendering))


def _about_grant(it: Rendering) -> Message:
    grant = _grant(it)
    if notifications.is_late(it.message.kind, grant):
        return notifications.late(it.message.kind, it.details, it.t, state=it.state)
    owner = it.message.recipient == grant.owner
    return notifications.about_grant(it.message.kind, it.details, grant, it.t, owner=owner)


def _grant(it: Rendering) -> Grant:
    if it.details.grant is None:
        raise ValueError(f"{it.message.kind} is about a grant, and request {it.details.request.id} has none")
    return it.details.grant


def _about_operation(it: Rendering) -> Message:
    operation = it.details.operation
    if operation is None:
        raise ValueError(
            f"{it.message.kind} is about an operation, and request {it.details.request.id} has none"
        )
    return notifications.about_operation(it.message.kind, it.details, operation, it.t)


def _expiry(it: Rendering) -> Message:
    return expiry.reminder(it.message, it.details, t=it.t, policy=it.policy)


def _stage(it: Rendering) -> Message:
    return privatelink_notifications.stage(it.message, it.details, it.t, state=it.state)


RENDERERS: Final[Mapping[MessageKind, Renderer]] = {
    MessageKind.CARD_APPROVAL: lambda it: request_card.approval_card(it.details, t=it.t, policy=it.policy),
    MessageKind.CARD_REQUESTER: lambda it: request_card.requester_card(it.details, t=it.t, policy=it.policy),
    MessageKind.DECIDED: lambda it: notifications.decided(it.details, it.t),
    MessageKind.LAPSED: lambda it: notifications.lapsed(it.details, it.t),
    MessageKind.REMINDER: lambda it: notifications.reminder(it.details, it.t, approvers=it.approvers),
    MessageKind.IN_FORCE: _about_grant,
    MessageKind.ENDING: _about_grant,
    MessageKind.ENDED: _about_grant,
    MessageKind.FAILED: _about_grant,
    MessageKind.INTERRUPTED: _about_grant,
    MessageKind.DONE: _about_operation,
    MessageKind.NOT_DONE: _about_operation,
    MessageKind.EXPIRY: _expiry,
    MessageKind.EXPIRY_COPY: _expiry,
    MessageKind.EXPIRY_ORPHAN: _expiry,
    MessageKind.CERTIFICATE_READY: lambda it: mtls_notifications.ready(it.details, it.t),
    MessageKind.CERTIFICATE_GONE: lambda it: mtls_notifications.gone(it.details, it.t),
    MessageKind.ROTATION_READY: lambda it: rotation.ready(it.details, it.t),
    MessageKind.INSTALL: lambda it: rotation.reminder(it.details, it.t),
    MessageKind.DOWNLOAD_LINK: lambda it: download.over(it.message, it.details, it.t),
    MessageKind.LINK_READY: _stage,
    MessageKind.LINK_CONNECTED: _stage,
    MessageKind.LINK_URL: _stage,
    MessageKind.TICKET: lambda it: trusted_notifications.ticket(
        it.message, it.details, it.t, admins=it.admins
    ),
}
"""What renders each kind that is about a request; every other kind is for operations, and its own key."""
