"""From a post to its message: the one place that knows which kind is drawn by what."""

from bot.domain.policy import Policy
from bot.i18n.translator import Translator
from bot.ports import Message, MessageKind, OutboxMessage, RequestDetails
from bot.views import notifications, request_card
from bot.views.mtls import download, expiry, rotation
from bot.views.mtls import notifications as mtls_notifications
from bot.views.privatelink import notifications as privatelink_notifications
from bot.views.trusted_ips import status


def render(post: OutboxMessage, case: RequestDetails | None, *, t: Translator, policy: Policy) -> Message:
    """Draws a card or notice from what is recorded now.

    Args:
        post: what is to be shown.
        case: its request; None for what no request stands for.
        words: the reader's language.
        policy: names the approvers.
    """
    if post.kind is MessageKind.UNOWNED:
        return expiry.unowned(post, t)
    if case is None:
        return notifications.operations_notice(post, t)
    if post.kind is MessageKind.TICKET:
        admins = request_card.admins(policy, case.request.rule)
        return status.ticket(post, case, t, admins=admins)
    match post.kind:
        case MessageKind.CARD_APPROVAL:
            return request_card.approval_card(case, t=t, policy=policy)
        case MessageKind.CARD_REQUESTER:
            return request_card.requester_card(case, t=t, policy=policy)
        case MessageKind.DECIDED:
            return notifications.decided(case, t)
        case MessageKind.LAPSED:
            return notifications.lapsed(case, t)
        case MessageKind.REMINDER:
            approvers = request_card.approvers(policy, case.request.rule)
            return notifications.reminder(case, t, approvers=approvers)
        case MessageKind.DOWNLOAD_LINK:
            return download.over(post, case, t)
    if post.kind in expiry.REMINDERS:
        return expiry.reminder(post, case, t=t, policy=policy)
    if post.kind is MessageKind.ROTATION_READY:
        return rotation.ready(case, t)
    if post.kind is MessageKind.INSTALL:
        return rotation.reminder(case, t)
    if post.kind in privatelink_notifications.STAGES:
        state = request_card.state_line(case, t=t, policy=policy)
        return privatelink_notifications.stage(post, case, t, state=state)
    if post.kind is MessageKind.CERTIFICATE_READY:
        return mtls_notifications.ready(case, t)
    if post.kind is MessageKind.CERTIFICATE_GONE:
        return mtls_notifications.gone(case, t)
    if case.operation is not None and post.kind in notifications.OF_OPERATIONS:
        return notifications.about_operation(post.kind, case, case.operation, t)
    if case.grant is None:
        raise ValueError(f"{post.kind} tells of a grant, and request {case.request.id} has none")
    if notifications.is_late(post.kind, case.grant):
        state = request_card.state_line(case, t=t, policy=policy)
        return notifications.late(post.kind, case, t, state=state)
    owner = post.recipient == case.grant.owner
    return notifications.about_grant(post.kind, case, case.grant, t, owner=owner)
