"""From a post to its message: the one place that knows which kind is drawn by what."""

from bot.domain.policy import Policy
from bot.i18n.translator import Translator
from bot.ports import Message, MessageKind, OutboxMessage, RequestDetails
from bot.views import notifications, request_card
from bot.views.mtls import download, expiry, rotation
from bot.views.mtls import notifications as mtls_notifications
from bot.views.privatelink import notifications as privatelink_notifications
from bot.views.trusted_ips import status


def render(post: OutboxMessage, case: RequestDetails | None, *, words: Translator, policy: Policy) -> Message:
    """Draws a card or notice from what is recorded now.

    Args:
        post: what is to be shown.
        case: its request; None for what no request stands for.
        words: the reader's language.
        policy: names the approvers.
    """
    if post.kind is MessageKind.NOTICE_UNOWNED:
        return expiry.unowned(post, words)
    if case is None:
        return notifications.operations_notice(post, words)
    if post.kind is MessageKind.NOTICE_TICKET:
        admins = request_card.admins(policy, case.request.rule)
        return status.ticket(post, case, words, admins=admins)
    match post.kind:
        case MessageKind.CARD_APPROVAL:
            return request_card.approval_card(case, words=words, policy=policy)
        case MessageKind.CARD_REQUESTER:
            return request_card.requester_card(case, words=words, policy=policy)
        case MessageKind.NOTICE_DECIDED:
            return notifications.decided(case, words)
        case MessageKind.NOTICE_LAPSED:
            return notifications.lapsed(case, words)
        case MessageKind.NOTICE_REMINDER:
            approvers = request_card.approvers(policy, case.request.rule)
            return notifications.reminder(case, words, approvers=approvers)
        case MessageKind.NOTICE_HANDOUT:
            return download.over(post, case, words)
    if post.kind in expiry.REMINDERS:
        return expiry.reminder(post, case, words=words, policy=policy)
    if post.kind is MessageKind.NOTICE_ROTATION_READY:
        return rotation.ready(case, words)
    if post.kind is MessageKind.NOTICE_INSTALL:
        return rotation.reminder(case, words)
    if post.kind in privatelink_notifications.STAGES:
        state = request_card.state_line(case, words=words, policy=policy)
        return privatelink_notifications.stage(post, case, words, state=state)
    if post.kind is MessageKind.NOTICE_CERTIFICATE_READY:
        return mtls_notifications.ready(case, words)
    if post.kind is MessageKind.NOTICE_CERTIFICATE_GONE:
        return mtls_notifications.gone(case, words)
    if case.change is not None and post.kind in notifications.OF_CHANGES:
        return notifications.about_change(post.kind, case, case.change, words)
    if case.grant is None:
        raise ValueError(f"{post.kind} tells of a grant, and request {case.request.id} has none")
    if notifications.is_late(post.kind, case.grant):
        state = request_card.state_line(case, words=words, policy=policy)
        return notifications.late(post.kind, case, words, state=state)
    owner = post.recipient == case.grant.owner
    return notifications.about_grant(post.kind, case, case.grant, words, owner=owner)
