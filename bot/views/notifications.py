"""What is said once: to the requester at each turn that matters, to operations when things go wrong."""

from collections.abc import Mapping
from typing import Final

from bot.domain.command_text import line_for
from bot.domain.grant import Grant, GrantState
from bot.domain.method import Method
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind, RequestState
from bot.domain.target import Database
from bot.i18n.translator import Mrkdwn, Translator, cut, mention
from bot.ports import Block, Message, MessageKind, OutboxMessage, RequestDetails
from bot.views import block_kit, buttons, request_card
from bot.views.mtls import notifications as mtls_notifications
from bot.views.privatelink import notifications as privatelink_notifications
from bot.views.request_card import DETAIL_SHOWN, one_line, why
from bot.views.trusted_ips import status

TRUE_WHILE: Final[Mapping[MessageKind, GrantState]] = {
    MessageKind.IN_FORCE: GrantState.IN_FORCE,
    MessageKind.ENDING: GrantState.IN_FORCE,
    MessageKind.INTERRUPTED: GrantState.INTERRUPTED,
    MessageKind.FAILED: GrantState.FAILED,
}
"""The state of which a notice speaks in the present tense; an end is final."""


OF_OPERATIONS: Final = (MessageKind.DONE, MessageKind.NOT_DONE)
"""What tells of a change; a request for a grant may have one too, as a step before it."""


def operations_notice(post: OutboxMessage, t: Translator) -> Message:
    """A finding or a trouble that no request stands for."""
    return _message(t(post.kind, **post.params))


def decided(case: RequestDetails, t: Translator) -> Message:
    """The decision, as soon as it is made."""
    request, vote = case.request, request_card.decisive(case)
    what = {"id": request.id, "network": request.terms.subject, "app": case.target.label}
    person = mention(vote.person)
    if request.state is RequestState.APPROVED and request.kind is Kind.EXTEND and case.grant is not None:
        end, number = request_card.ends(case.grant, t), case.grant.request
        return _message(t("notification.decided.extended", person=person, ends=end, grant=number, **what))
    if request.state is RequestState.APPROVED:
        key = "removal" if request.kind is Kind.REMOVE else "approved"
        if request.kind.happens_once:
            return _message(
                t(
                    "notification.decided.change",
                    id=request.id,
                    title=request_card.title(case, t),
                    person=person,
                )
            )
        return _message(t(f"notification.decided.{key}", person=person, **what))
    key = "notification.decided.denied.why" if vote.reason else "notification.decided.denied"
    reason = cut(one_line(vote.reason), DETAIL_SHOWN)
    return _message(t(key, person=person, reason=reason, **what))


def lapsed(case: RequestDetails, t: Translator) -> Message:
    """Nobody decided in time."""
    what = {"id": case.request.id, "network": case.request.terms.subject, "app": case.target.label}
    return _message(t("notification.lapsed", **what), t("notification.lapsed.how", command=ask_again(case)))


def reminder(case: RequestDetails, t: Translator, *, approvers: str) -> Message:
    """In the card's thread, while nobody has decided; told of by then, it says so."""
    if case.request.state is not RequestState.PENDING:
        return _message(t("notification.reminder.over", id=case.request.id))
    asked, lapse = case.request.asked_at, case.request.expires_at
    return _message(
        t("notification.reminder", id=case.request.id, approvers=approvers, asked=asked, lapse=lapse)
    )


def is_late(kind: MessageKind, grant: Grant) -> bool:
    """Whether a notice would say what is no longer so: Slack may take it long after it was due."""
    return kind in TRUE_WHILE and grant.state is not TRUE_WHILE[kind]


def late(kind: MessageKind, case: RequestDetails, t: Translator, *, state: Mrkdwn) -> Message:
    """What a late notice was about, in the past tense, and how things are now; what to do is said by others.

    Args:
        kind: one that can be late.
        state: the line that says where the request stands.
    """
    what = {"id": case.request.id, "network": case.request.terms.subject, "app": case.target.label}
    return _message(t(f"{kind}.late", **what), more=[block_kit.context(state)])


def about_grant(
    kind: MessageKind, case: RequestDetails, grant: Grant, t: Translator, *, owner: bool = True
) -> Message:
    """In force, ending soon, ended, failed or interrupted; with what the reader can do about it."""
    params: dict[str, object] = {
        "id": case.request.id,
        "network": grant.subject,
        "app": case.target.label,
        "ends": request_card.ends(grant, t),
        "why": why(grant, t),
    }
    said = t(kind, **params)
    made = buttons.for_grant(case, grant, t, owner=owner)
    match kind:
        case MessageKind.IN_FORCE if grant.method is Method.TRUSTED:
            return status.in_force(t, params, made)
        case MessageKind.ENDED if grant.method is Method.TRUSTED:
            return status.ended(case, t, grant.network, params)
        case MessageKind.IN_FORCE if grant.method is Method.PRIVATELINK:
            return privatelink_notifications.in_force(case, t, params, made)
        case MessageKind.ENDED if grant.method is Method.PRIVATELINK:
            return privatelink_notifications.ended(case, grant, t, params)
        case MessageKind.IN_FORCE:
            connect = t("notification.in_force.connect")
            line = f"{connect}\n```{t.show(connection_line(case.database))}```"
            return _message(said, line, more=made)
        case MessageKind.ENDED:
            shared = case.rules is not None and any(r.network == grant.network for r in case.rules.rules)
            return _message(t("notification.ended.shared", **params) if shared else said)
    return _message(said, t(f"{kind}.how", command=ask_again(case)), more=made)


def connection_line(database: Database) -> str:
    """The ready ``psql`` line, with no secret in it: the shell fetches the URL itself.

    The client files are named as Heroku's own download names them; the URL is never kept, because it changes
    with credentials, failover and maintenance.
    """
    files = "PGSSLMODE=verify-ca PGSSLCERT=postgresql.crt PGSSLKEY=postgresql.key PGSSLROOTCERT=root.crt"
    return f'{files} psql "$(heroku config:get {database.config_var} -a {database.app})"'


def ask_again(case: RequestDetails) -> str:
    """The command that asks for the same once more."""
    return line_for(case.request.kind, case.request.terms, case.target.label)


def about_operation(kind: MessageKind, case: RequestDetails, change: Operation, t: Translator) -> Message:
    """A change that is done, or that failed, with what the reader can do about it."""
    params = {"id": case.request.id, "title": request_card.title(case, t), "why": why(change, t)}
    beside = mtls_notifications.more(case, change, t)
    if change.kind is Kind.ADOPT and change.state is OperationState.DONE:
        back = line_for(Kind.REMOVE_UNMANAGED, case.request.terms, case.target.label)
        beside = [*beside, block_kit.section(t("notification.done.back", command=back))]
    return _message(t(kind, **params), more=[*beside, *buttons.for_operation(case, change, t)])


def _message(text: str, *paragraphs: str, more: list[Block] | None = None) -> Message:
    shown = [block_kit.section(paragraph) for paragraph in (text, *paragraphs)]
    return Message(text=text, blocks=[*shown, *(more or [])])
