"""Messages that are sent once: to requesters about what changed, to operations about what is wrong."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bot.domain.command_text import line_for
from bot.domain.grant import Grant, GrantState
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind, RequestState
from bot.i18n.translator import Mrkdwn, Translator, cut, mention
from bot.ports import Message, MessageKind, OutboxMessage, RequestDetails
from bot.views import block_kit, buttons
from bot.views.methods import METHOD_VIEWS
from bot.views.mtls import notifications as mtls_notifications
from bot.views.requests import request_card, request_state
from bot.views.requests.request_state import DETAIL_SHOWN, why
from bot.views.text import one_line

OUTAGES: Final = (MessageKind.HEROKU_DENIED, MessageKind.HEROKU_TROUBLE, MessageKind.HEROKU_RESTORED)
"""Messages to operations about outages of Heroku."""

CHANNELS: Final = (MessageKind.CHANNEL_LOST, MessageKind.CHANNEL_BACK)
"""Messages about a channel that takes no messages."""

MOMENTS: Final = ("since", "until")
"""Params of a message about an outage that are business times."""

TRUE_WHILE: Final[Mapping[MessageKind, GrantState]] = {
    MessageKind.IN_FORCE: GrantState.IN_FORCE,
    MessageKind.ENDING: GrantState.IN_FORCE,
    MessageKind.INTERRUPTED: GrantState.INTERRUPTED,
    MessageKind.FAILED: GrantState.FAILED,
}
"""The state of which a notification speaks in the present tense; an end is final."""


def operational(message: OutboxMessage, t: Translator) -> Message:
    """A finding or a fault that belongs to no request."""
    # Among the params are texts that others wrote, such as entries of a list: the translator escapes them.
    return block_kit.paragraphs(t(message.kind, **message.params))


def policy_unreadable(message: OutboxMessage, t: Translator, *, readable: bool) -> Message:
    """The policy cannot be read; once it can, the message says that it could not.

    Args:
        message: with what is wrong.
        t: the channel's language.
        readable: whether it can be read now.
    """
    if readable:
        return block_kit.paragraphs(t("notification.policy_unreadable.over", **message.params))
    return block_kit.paragraphs(t(message.kind, **message.params))


def outage(message: OutboxMessage, t: Translator) -> Message:
    """Heroku holds targets up, or does so no more; a message about what is over says that as well."""
    moments = {name: datetime.fromisoformat(at) for name in MOMENTS if (at := message.params.get(name))}
    over = "until" in moments and message.kind is not MessageKind.HEROKU_RESTORED
    key = f"{message.kind}.over" if over else message.kind
    return block_kit.paragraphs(t(key, **{**message.params, **moments}))


def channel(message: OutboxMessage, t: Translator) -> Message:
    """A channel takes no messages, or does so again."""
    key = f"{message.kind}.over" if "until" in message.params else message.kind
    moments = {name: datetime.fromisoformat(at) for name in MOMENTS if (at := message.params.get(name))}
    about = {**message.params, **moments, "channel": Mrkdwn(message.params["channel"])}
    return block_kit.paragraphs(t(key, **about))


def asked_directly(details: RequestDetails, t: Translator, *, channel: str) -> Message:
    """To the requester: the approvals channel cannot be reached, and who was asked instead."""
    request = details.reopening or details.request
    people = t.people(request.told_directly)
    waits = bool(request.told_directly) and request.state is RequestState.PENDING
    key = "notification.asked_directly" if waits else "notification.asked_directly.over"
    return block_kit.paragraphs(t(key, id=request.id, channel=Mrkdwn(channel), people=people))


def decided(details: RequestDetails, t: Translator) -> Message:
    """The decision, as soon as it is made."""
    request, decision = details.request, request_state.decisive(details)
    title = request_card.title(details, t)
    params = {**_params(details), "person": mention(decision.person), "title": title}
    if request.state is RequestState.APPROVED:
        return block_kit.paragraphs(_approved(details, t, params))
    key = "notification.decided.denied.why" if decision.reason else "notification.decided.denied"
    reason = cut(one_line(decision.reason), DETAIL_SHOWN)
    return block_kit.paragraphs(t(key, reason=reason, **params))


def lapsed(details: RequestDetails, t: Translator) -> Message:
    """Nobody decided in time."""
    how = t("notification.lapsed.how", command=ask_again(details))
    title = request_card.title(details, t)
    return block_kit.paragraphs(t("notification.lapsed", id=details.request.id, title=title), how)


def withdrawn(details: RequestDetails, t: Translator) -> Message:
    """Nobody can grant it any more."""
    title, why = request_card.title(details, t), request_state.why_withdrawn(details, t)
    return block_kit.paragraphs(t("notification.withdrawn", id=details.request.id, title=title, why=why))


def undecidable(details: RequestDetails, t: Translator) -> Message:
    """Too few people could approve it at this moment."""
    request = details.request
    params = {"title": request_card.title(details, t), "rule": request.rule, "lapse": request.expires_at}
    return block_kit.paragraphs(t("notification.undecidable", id=request.id, **params))


def reopening(message: OutboxMessage, details: RequestDetails, t: Translator, *, approvers: str) -> Message:
    """In the card's thread: somebody asks to open again what was closed."""
    person = mention(message.params["person"])
    title = request_card.title(details, t)
    return block_kit.paragraphs(
        t("notification.reopening", id=details.request.id, person=person, title=title, approvers=approvers)
    )


def reminder(details: RequestDetails, t: Translator, *, approvers: str) -> Message:
    """In the card's thread, while nobody has decided; sent after the decision, it says that."""
    request = details.request
    if request.state is not RequestState.PENDING:
        return block_kit.paragraphs(t("notification.reminder.over", id=request.id))
    times = {"asked": request.asked_at, "lapse": request.expires_at}
    return block_kit.paragraphs(t("notification.reminder", id=request.id, approvers=approvers, **times))


def is_late(kind: MessageKind, grant: Grant) -> bool:
    """Whether a notification would say what is no longer true: it may reach Slack long after it was due."""
    return kind in TRUE_WHILE and grant.state is not TRUE_WHILE[kind]


def late(kind: MessageKind, details: RequestDetails, t: Translator, *, state: Mrkdwn) -> Message:
    """What a late notification was about, in the past tense, and the present state; without buttons.

    Args:
        kind: one that can be late.
        details: the request.
        t: the reader's language.
        state: the line that says where the request stands.
    """
    text = t(f"{kind}.late", **_params(details))
    return block_kit.message(text, [block_kit.section(text), block_kit.context(state)])


def about_grant(
    kind: MessageKind, details: RequestDetails, grant: Grant, t: Translator, *, owner: bool = True
) -> Message:
    """In force, ending soon, ended, failed or interrupted; with what the reader can do about it.

    Args:
        kind: which of them.
        details: the request that opened the grant.
        grant: as it stands.
        t: the reader's language.
        owner: the reader is the grant's owner, and not one who approves.
    """
    params = _grant_params(details, grant, t)
    view, offered = METHOD_VIEWS[grant.method], buttons.for_grant(details, grant, t, owner=owner)
    match kind:
        # Final, so that it has no buttons.
        case MessageKind.ENDED:
            return block_kit.paragraphs(ended(details, grant, t))
        case MessageKind.IN_FORCE:
            shown = view.in_force(details, params, t)
        case MessageKind.INTERRUPTED if view.interrupted is not None:
            how = t(f"{kind}.how", command=ask_again(details))
            shown = block_kit.paragraphs(view.interrupted(details, grant, params, t), how)
        case _:
            how = t(f"{kind}.how", command=ask_again(details))
            shown = block_kit.paragraphs(t(kind, **params), how)
    return block_kit.message(shown.text, [*shown.blocks, *offered])


def ended(details: RequestDetails, grant: Grant, t: Translator) -> Mrkdwn:
    """That a grant has ended: to its owner, and to whoever ended it."""
    return METHOD_VIEWS[grant.method].ended(details, grant, _grant_params(details, grant, t), t)


def ask_again(details: RequestDetails) -> str:
    """The command that asks for the same once more."""
    return line_for(details.request.kind, details.request.terms, details.target.label)


def about_operation(
    kind: MessageKind, details: RequestDetails, operation: Operation, t: Translator
) -> Message:
    """An operation that is done or has failed, with what the reader can do about it."""
    title = request_card.title(details, t)
    text = t(kind, id=details.request.id, title=title, why=why(operation, t))
    besides = mtls_notifications.besides(details, operation, t)
    if operation.kind is Kind.ADOPT and operation.state is OperationState.DONE:
        back = line_for(Kind.REMOVE_UNMANAGED, details.request.terms, details.target.label)
        besides = [*besides, block_kit.section(t("notification.done.back", command=back))]
    offered = buttons.for_operation(details, operation, t)
    return block_kit.message(text, [block_kit.section(text), *besides, *offered])


def _approved(details: RequestDetails, t: Translator, params: Mapping[str, object]) -> Mrkdwn:
    kind, grant = details.request.kind, details.grant
    if kind is Kind.EXTEND and grant is not None:
        end = request_state.ends(grant, t)
        return t("notification.decided.extended", ends=end, grant=grant.request, **params)
    if kind.happens_once:
        return t("notification.decided.change", **params)
    return t(f"notification.decided.{'removal' if kind is Kind.REMOVE else 'approved'}", **params)


def _grant_params(details: RequestDetails, grant: Grant, t: Translator) -> dict[str, object]:
    about = {"ends": request_state.ends(grant, t), "why": why(grant, t), "network": grant.subject}
    return {**_params(details), **about}


def _params(details: RequestDetails) -> dict[str, object]:
    request = details.request
    return {"id": request.id, "network": request.terms.subject, "app": details.target.label}
