"""From a post to its message: the one place that knows which kind is drawn by what."""

from bot.domain.policy import Policy
from bot.messages import cards, notices
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
    if case is None:
        return notices.operations_notice(post, words)
    match post.kind:
        case PostKind.CARD_APPROVAL:
            return cards.approval_card(case, words=words, policy=policy)
        case PostKind.CARD_REQUESTER:
            return cards.requester_card(case, words=words, policy=policy)
        case PostKind.NOTICE_DECIDED:
            return notices.decided(case, words)
    if case.grant is None:
        raise ValueError(f"{post.kind} tells of a grant, and request {case.request.id} has none")
    return notices.about_grant(post.kind, case, case.grant, words)
