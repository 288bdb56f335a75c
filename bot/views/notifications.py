"""Notifications: to requesters about what changed, to operations about what is wrong."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from bot.domain.command_text import line_again, line_for
from bot.domain.grant import Grant, ReasonCode
from bot.domain.operation import Operation, OperationState
from bot.domain.policy.rules import Policy
from bot.domain.reports.trouble import SHARED, Trouble
from bot.domain.request import Kind, RequestState
from bot.domain.subject import read_subject
from bot.i18n.translator import Mrkdwn, Translator, cut, mention
from bot.ports import Message, MessageKind, OutboxMessage, RequestDetails
from bot.views import block_kit, buttons, reach
from bot.views.methods import METHOD_VIEWS
from bot.views.mtls import notifications as mtls_notifications
from bot.views.requests import request_card, request_state
from bot.views.requests.request_state import DETAIL_SHOWN, why
from bot.views.text import first_key, one_line

OUTAGES: Final = (MessageKind.HEROKU_DENIED, MessageKind.HEROKU_TROUBLE, MessageKind.HEROKU_RESTORED)
"""Messages to operations about outages of Heroku."""

CHANNELS: Final = (MessageKind.CHANNEL_LOST, MessageKind.CHANNEL_BACK)
"""Messages about a channel that takes no messages."""

MOMENTS: Final = ("since", "until")
"""Params of a message about an outage that are business times."""


def operational(message: OutboxMessage, t: Translator) -> Message:
    """A finding or a fault that belongs to no request; once it is over, that it was so."""
    # Among the params are texts that others wrote, such as entries of a list: the translator escapes them.
    if message.settled_at is not None:
        return block_kit.paragraphs(t(f"{message.kind}.over", **{**message.params, "at": message.settled_at}))
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
    params = {**message.params, **moments}
    if message.kind is MessageKind.HEROKU_RESTORED:
        # One that was recorded before messages kept the kind of trouble may be about all of Heroku.
        of_targets = message.params.get("trouble", Trouble.UNREACHABLE) not in SHARED
        key = "notification.heroku_restored.target" if of_targets else message.kind
        return block_kit.paragraphs(t(key, **params))
    if "until" not in moments:
        return block_kit.paragraphs(t(message.kind, **params))
    return block_kit.paragraphs(
        t(f"{message.kind}.{'gone' if 'gone' in message.params else 'over'}", **params)
    )


def channel(message: OutboxMessage, t: Translator, *, policy: Policy) -> Message:
    """A channel takes no messages, or does so again.

    Args:
        message: with the channel, Slack's answer and the moments.
        t: the reader's language.
        policy: whose requests wait in its approvals channel alone.
    """
    key = _channel_key(message, policy)
    moments = {name: datetime.fromisoformat(at) for name in MOMENTS if (at := message.params.get(name))}
    about = {**message.params, **moments, "channel": Mrkdwn(message.params["channel"])}
    return block_kit.paragraphs(t(key, **about))


def _channel_key(message: OutboxMessage, policy: Policy) -> str:
    channel = message.params["channel"]
    if "until" in message.params:
        return f"{message.kind}.over"
    # Where the policy cannot be read, it is not known which channels it names, nor is anybody asked directly.
    if message.kind is not MessageKind.CHANNEL_LOST or not policy.readable:
        return message.kind
    # One channel may be both, and then requests wait there.
    if channel == policy.approvals_channel:
        return f"{message.kind}.approvals"
    return message.kind if channel == policy.operations_channel else f"{message.kind}.former"


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
        narrowed = request_card.narrowing(details, t)
        return block_kit.paragraphs(_approved(details, t, params), *narrowed, *_after(details, t))
    key = "notification.decided.denied.why" if decision.reason else "notification.decided.denied"
    reason = cut(one_line(decision.reason), DETAIL_SHOWN)
    return _with_again(block_kit.paragraphs(t(key, reason=reason, **params)), details, t)


def lapsed(details: RequestDetails, t: Translator) -> Message:
    """Nobody decided in time."""
    how = t("notification.lapsed.how", command=ask_again(details))
    title = request_card.title(details, t)
    text = t("notification.lapsed", id=details.request.id, title=title)
    return _with_again(block_kit.paragraphs(text, how), details, t)


def withdrawn(details: RequestDetails, t: Translator) -> Message:
    """Nobody can grant it any more."""
    title, why = request_card.title(details, t), request_state.why_withdrawn(details, t)
    text = t("notification.withdrawn", id=details.request.id, title=title, why=why)
    return _with_again(block_kit.paragraphs(text), details, t)


def _with_again(message: Message, details: RequestDetails, t: Translator) -> Message:
    """What is over, with the button that asks for the same again."""
    return block_kit.message(message.text, [*message.blocks, *buttons.again(details, t)])


def undecidable(details: RequestDetails, t: Translator) -> Message:
    """Too few people could approve it at this moment."""
    request = details.request
    params = {"title": request_card.title(details, t), "rule": request.rule, "lapse": request.expires_at}
    return block_kit.paragraphs(t("notification.undecidable", id=request.id, **params))


def rebuilt(details: RequestDetails, t: Translator) -> Message:
    """A grant that was recorded again after the store was lost or restored; to owner and operations."""
    request = details.request
    end = t(
        "notification.rebuilt.endless" if request.terms.until is None else "notification.rebuilt.ends",
        until=request.terms.until,
    )
    text = t("notification.rebuilt", owner=mention(request.requester), end=end, **_params(details))
    how = t("notification.rebuilt.how", id=request.id)
    return block_kit.paragraphs(text, how)


def note(message: OutboxMessage, details: RequestDetails, t: Translator) -> Message:
    """What is open, or is over, in words; the signed note itself is in the message's metadata."""
    params, request = message.params, details.request
    said: dict[str, object] = {
        "id": request.id,
        "subject": read_subject(params["subject"]),
        "app": details.target.label,
        "owner": mention(params["owner"]),
    }
    if params["over"]:
        return block_kit.paragraphs(
            t("notification.note.over", at=datetime.fromisoformat(params["at"]), **said)
        )
    if not params["ends"]:
        return block_kit.paragraphs(t("notification.note.endless", **said))
    return block_kit.paragraphs(t("notification.note", until=datetime.fromisoformat(params["ends"]), **said))


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


def past(kind: MessageKind, details: RequestDetails, t: Translator, *, state: Mrkdwn) -> Message:
    """What a message said that is no longer so, and the present state; without buttons.

    It takes the place of a message when that stops being true, and is what one says that reaches Slack late.

    Args:
        kind: one of ``PAST_FORMS``.
        details: the request.
        t: the reader's language.
        state: the line that says where the request stands.
    """
    text = t(f"{kind}.late", title=request_card.title(details, t), **_params(details))
    # A locked screen shows the text alone, which is to say where the request stands as well.
    return block_kit.message(f"{text}\n{state}", [block_kit.section(text), block_kit.context(state)])


def about_grant(
    kind: MessageKind,
    details: RequestDetails,
    grant: Grant,
    t: Translator,
    *,
    owner: bool = True,
    state: Mrkdwn | None = None,
) -> Message:
    """In force, ending soon, ended, failed or interrupted; with what the reader can do about it.

    Args:
        kind: which of them.
        details: the request that opened the grant.
        grant: as it stands.
        t: the reader's language.
        owner: the reader is the grant's owner, and not one who approves.
        state: the line that says where the request stands, if there is more to say.
    """
    params = _grant_params(details, grant, t)
    view, offered = METHOD_VIEWS[grant.method], buttons.for_grant(details, grant, t, owner=owner)
    match kind:
        # Final: nothing can be done with it any more, but the same can be asked for.
        case MessageKind.ENDED:
            return _with_again(block_kit.paragraphs(*ended(details, grant, t)), details, t)
        case MessageKind.IN_FORCE:
            shown = view.in_force(details, params, t)
        case _:
            how = t(f"{kind}.how", command=ask_again(details))
            shown = block_kit.paragraphs(*_said(kind, details, grant, params, t), how)
    line = [] if state is None else [block_kit.context(state)]
    return block_kit.message(shown.text, [*shown.blocks, *line, *offered])


def _said(
    kind: MessageKind, details: RequestDetails, grant: Grant, params: Mapping[str, object], t: Translator
) -> Sequence[Mrkdwn]:
    """What has become, or will become, of the addresses of a grant that ends, failed or was interrupted."""
    view = METHOD_VIEWS[grant.method]
    if kind is MessageKind.ENDING:
        return [t(kind, **params), *reach.stays(details, {grant.request}, t)]
    if kind is MessageKind.INTERRUPTED and view.interrupted is not None:
        partly = view.interrupted(details, grant, params, t)
        if partly is not None:
            return [partly]
    failed = kind is MessageKind.FAILED
    still = reach.after_failure(details, grant.request, t) if failed else reach.still(details, t)
    if not still:
        return [t(kind, **params)]
    return [t(f"{kind}.still", **{**params, "still": still[0]}), *still[1:]]


def _after(details: RequestDetails, t: Translator) -> Sequence[Mrkdwn]:
    """What allows the addresses beyond the new end of an extended grant, or beyond an approved removal."""
    if details.request.kind is Kind.EXTEND and details.grant is not None:
        return reach.stays(details, {details.grant.request}, t)
    return reach.stays_ended(details, t) if details.request.kind is Kind.REMOVE else []


def ended(details: RequestDetails, grant: Grant, t: Translator) -> Sequence[Mrkdwn]:
    """That a grant has ended, and what still allows its addresses or is left of it.

    To its owner, and to whoever ended it.
    """
    params, key = _grant_params(details, grant, t), "notification.ended"
    if grant.reason_code is ReasonCode.TARGET_GONE:
        return [t(first_key(t, f"{key}.gone.{grant.method}", f"{key}.gone"), **params)]
    still, view = reach.still(details, t), METHOD_VIEWS[grant.method]
    if still:
        return [t(f"{key}.still", **{**params, "still": still[0]}), *still[1:]]
    return [t(key, **params) if view.ended is None else view.ended(details, grant, params, t)]


def ask_again(details: RequestDetails) -> str:
    """The command that asks for the same once more."""
    return line_again(details.request, details.target.label)


def about_operation(
    kind: MessageKind, details: RequestDetails, operation: Operation, t: Translator
) -> Message:
    """An operation that is done or has failed, with what the reader can do about it."""
    title = request_card.title(details, t)
    gone = operation.reason_code is ReasonCode.TARGET_GONE
    text = t(f"{kind}.gone" if gone else kind, id=details.request.id, title=title, why=why(operation, t))
    besides = mtls_notifications.besides(details, operation, t)
    if operation.kind is Kind.ADOPT and operation.state is OperationState.DONE:
        back = line_for(Kind.REMOVE_UNMANAGED, details.request.terms, details.target.label)
        besides = [*besides, block_kit.section(t("notification.done.back", command=back))]
    if operation.kind is Kind.REMOVE_UNMANAGED and operation.state is OperationState.DONE:
        besides = [*besides, *map(block_kit.section, reach.still(details, t))]
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
