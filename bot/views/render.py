"""Renders an outbox message: the table from a message's kind to its renderer."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from bot.domain.access_review import ReviewPage
from bot.domain.policy.rules import Policy
from bot.i18n.translator import Translator
from bot.ports import Message, MessageKind, OutboxMessage, RequestDetails
from bot.ports.assertions import PAST_FORMS, holds
from bot.ports.findings import FindingDetails
from bot.views import block_kit, closings, notifications
from bot.views.findings import card as finding_card
from bot.views.method_view import Renderer, Rendering
from bot.views.methods import METHOD_VIEWS
from bot.views.mtls import expiry
from bot.views.mtls import notifications as mtls_notifications
from bot.views.requests import deciders, request_card, request_state
from bot.views.reviews import access_review, entitlements, leavers
from bot.views.targets import departure, renaming, replacement


def concerned(message: OutboxMessage, page: ReviewPage | None = None) -> tuple[int, ...]:
    """The requests that a message shows beyond its own; of an access review, those on its page."""
    if message.kind is MessageKind.ACCESS_REVIEW:
        return access_review.requests_of(page)
    if message.kind is MessageKind.REVIEW_UNANSWERED:
        return access_review.concerned(message)
    if message.kind is MessageKind.ENTITLEMENTS:
        return entitlements.concerned(message)
    return closings.concerned(message) if message.kind in closings.KINDS else ()


def render(
    message: OutboxMessage,
    details: RequestDetails | None,
    *,
    t: Translator,
    policy: Policy,
    listed: Mapping[int, RequestDetails] | None = None,
    finding: FindingDetails | None = None,
    page: ReviewPage | None = None,
) -> Message:
    """Renders a card or notification from what is recorded now.

    Args:
        message: of the outbox.
        details: its request; None for what belongs to no request.
        t: the reader's language.
        policy: names the approvers.
        listed: the requests that it lists, where it lists any, by number.
        finding: what is recorded of the finding that it is about, where it has a card.
        page: what it shows of an access review.

    Raises:
        ValueError: the kind is about a grant, an operation or a certificate that the request does not have.
    """
    # These belong to no request either, but have a layout of their own.
    if message.kind is MessageKind.UNOWNED:
        return block_kit.posted(expiry.unowned(message, t))
    if message.kind is MessageKind.POLICY_UNREADABLE:
        return block_kit.posted(notifications.policy_unreadable(message, t, readable=policy.readable))
    if message.kind is MessageKind.REPLACEMENT:
        return block_kit.posted(replacement.offer(message, t, policy=policy))
    if message.kind is MessageKind.TARGET_GONE:
        return block_kit.posted(departure.gone(message, t))
    if message.kind is MessageKind.TARGET_BACK:
        return block_kit.posted(departure.back(message, t))
    if message.kind in notifications.CHANNELS:
        return block_kit.posted(notifications.channel(message, t, policy=policy))
    if message.kind in notifications.OUTAGES:
        return block_kit.posted(notifications.outage(message, t))
    if message.kind in renaming.KINDS:
        return block_kit.posted(renaming.renamed(message, t))
    if message.kind is MessageKind.LEAVER:
        return block_kit.posted(leavers.summary(message, t))
    if message.kind is MessageKind.ENTITLEMENTS:
        return block_kit.posted(entitlements.review(message, listed or {}, t=t, policy=policy))
    if message.kind is MessageKind.ACCESS_REVIEW:
        return block_kit.posted(access_review.review(page, listed or {}, t))
    if message.kind is MessageKind.REVIEW_UNANSWERED:
        return block_kit.posted(access_review.unanswered(message, listed or {}, t=t, policy=policy))
    if message.kind in closings.KINDS:
        return block_kit.posted(closings.message(message, listed or {}, t))
    if finding is not None:
        return block_kit.posted(finding_card.card(message, finding, t=t, policy=policy))
    if details is None:
        return block_kit.posted(notifications.operational(message, t))
    rendering = _rendering(message, details, t, policy)
    if message.kind in PAST_FORMS and not holds(message, details):
        return block_kit.posted(notifications.past(message.kind, details, t, state=rendering.state()))
    return block_kit.posted(RENDERERS[message.kind](rendering))


def _rendering(message: OutboxMessage, details: RequestDetails, t: Translator, policy: Policy) -> Rendering:
    return Rendering(
        message=message,
        details=details,
        t=t,
        policy=policy,
        approvers=deciders.deciding_people(policy, details.request, t),
        admins=deciders.admins(policy, details.request.rule, t),
        state=partial(request_state.state_line, details, t=t, policy=policy),
    )


def _about_grant(it: Rendering) -> Message:
    kind, details, grant = it.message.kind, it.details, it.details.grant
    if grant is None:
        raise ValueError(f"{kind} is about a grant, and request {details.request.id} has none")
    # An interruption is told to operations as well, who end a grant by revoking it.
    owner = it.message.recipient == grant.owner
    # Where it is asked for again already, its line says so.
    state = None if details.reopening is None else it.state()
    return notifications.about_grant(kind, details, grant, it.t, owner=owner, state=state)


def _own_card(it: Rendering) -> Message:
    asks = it.message.recipient == it.details.request.asker
    card = request_card.asker_card if asks else request_card.requester_card
    return card(it.details, t=it.t, policy=it.policy)


def _about_operation(it: Rendering) -> Message:
    kind, details, operation = it.message.kind, it.details, it.details.operation
    if operation is None:
        raise ValueError(f"{kind} is about an operation, and request {details.request.id} has none")
    return notifications.about_operation(kind, details, operation, it.t)


RENDERERS: Final[Mapping[MessageKind, Renderer]] = {
    MessageKind.CARD_APPROVAL: lambda it: request_card.approval_card(it.details, t=it.t, policy=it.policy),
    MessageKind.CARD_REQUESTER: _own_card,
    MessageKind.CARD_DIRECT: lambda it: request_card.direct_card(it.details, t=it.t, policy=it.policy),
    MessageKind.ASKED_DIRECTLY: lambda it: notifications.asked_directly(
        it.details, it.t, channel=it.policy.approvals_channel
    ),
    MessageKind.DECIDED: lambda it: notifications.decided(it.details, it.t),
    MessageKind.LAPSED: lambda it: notifications.lapsed(it.details, it.t),
    MessageKind.WITHDRAWN: lambda it: notifications.withdrawn(it.details, it.t),
    MessageKind.UNDECIDABLE: lambda it: notifications.undecidable(it.details, it.t),
    MessageKind.REOPENING: lambda it: notifications.reopening(
        it.message, it.details, it.t, approvers=it.approvers
    ),
    MessageKind.REMINDER: lambda it: notifications.reminder(it.details, it.t, approvers=it.approvers),
    MessageKind.IN_FORCE: _about_grant,
    MessageKind.ENDING: _about_grant,
    MessageKind.ENDED: _about_grant,
    MessageKind.FAILED: _about_grant,
    MessageKind.INTERRUPTED: _about_grant,
    MessageKind.NOTE: lambda it: notifications.note(it.message, it.details, it.t),
    MessageKind.REBUILT: lambda it: notifications.rebuilt(it.details, it.t),
    MessageKind.CERTIFICATE_LEFT: leavers.certificate,
    MessageKind.CERTIFICATE_ASSIGNED: leavers.assigned,
    MessageKind.CONNECTION_CHANGED: mtls_notifications.connection_changed,
    MessageKind.DONE: _about_operation,
    MessageKind.NOT_DONE: _about_operation,
    **{kind: renderer for view in METHOD_VIEWS.values() for kind, renderer in view.renderers.items()},
}
"""What renders each kind that is about a request; all others are for operations, each with its own key."""
