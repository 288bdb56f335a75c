"""From a post to its message: the one place that knows which kind is drawn by what."""

from bot.domain.policy import Policy
from bot.messages import cards, certificate_notices, expiry, handing, link_notices, notices, rotating, trusted
from bot.messages.words import Words
from bot.ports import Case, Message, Post, PostKind


def render(post: Post, case: Case | None, *, words: Words, policy: Policy) -> Message:
    """Draws a card or notice from what is recorded now.

    Args:
        post: what is to be shown.
        case: its request; None for what no request stands for.
        words: the reader's language.
        policy: names the approvers.
    """
    if post.kind is PostKind.NOTICE_UNOWNED:
        return expiry.unowned(post, words)
    if case is None:
        return notices.operations_notice(post, words)
    if post.kind is PostKind.NOTICE_TICKET:
        admins = cards.admins(policy, case.request.rule)
        return trusted.ticket(post, case, words, admins=admins)
    match post.kind:
        case PostKind.CARD_APPROVAL:
            return cards.approval_card(case, words=words, policy=policy)
        case PostKind.CARD_REQUESTER:
            return cards.requester_card(case, words=words, policy=policy)
        case PostKind.NOTICE_DECIDED:
            return notices.decided(case, words)
        case PostKind.NOTICE_LAPSED:
            return notices.lapsed(case, words)
        case PostKind.NOTICE_REMINDER:
            approvers = cards.approvers(policy, case.request.rule)
            return notices.reminder(case, words, approvers=approvers)
        case PostKind.NOTICE_HANDOUT:
            return handing.over(post, case, words)
    if post.kind in expiry.REMINDERS:
        return expiry.reminder(post, case, words=words, policy=policy)
    if post.kind is PostKind.NOTICE_ROTATION_READY:
        return rotating.ready(case, words)
    if post.kind is PostKind.NOTICE_INSTALL:
        return rotating.reminder(case, words)
    if post.kind in link_notices.STAGES:
        state = cards.state_line(case, words=words, policy=policy)
        return link_notices.stage(post, case, words, state=state)
    if post.kind is PostKind.NOTICE_CERTIFICATE_READY:
        return certificate_notices.ready(case, words)
    if post.kind is PostKind.NOTICE_CERTIFICATE_GONE:
        return certificate_notices.gone(case, words)
    if case.change is not None and post.kind in notices.OF_CHANGES:
        return notices.about_change(post.kind, case, case.change, words)
    if case.grant is None:
        raise ValueError(f"{post.kind} tells of a grant, and request {case.request.id} has none")
    if notices.is_late(post.kind, case.grant):
        state = cards.state_line(case, words=words, policy=policy)
        return notices.late(post.kind, case, words, state=state)
    owner = post.recipient == case.grant.owner
    return notices.about_grant(post.kind, case, case.grant, words, owner=owner)
