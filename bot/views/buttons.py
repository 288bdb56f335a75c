"""Which buttons a request has in each of its states, for those who decide and for its owner."""

from bot.domain.grant import BY_PEOPLE, LIVE_STATES, Grant, GrantState
from bot.domain.mtls.certificate import READY
from bot.domain.operation import Operation, OperationState
from bot.domain.repetition import can_be_repeated
from bot.domain.request import Kind, Request, RequestState
from bot.i18n.translator import Translator
from bot.ports import Block, RequestDetails
from bot.views import action_ids, block_kit, reach
from bot.views.mtls import rotation


def for_approvers(details: RequestDetails, t: Translator) -> list[Block]:
    """On the card in the approvals channel."""
    if details.request.state is RequestState.PENDING or details.reopening is not None:
        decided = details.reopening or details.request
        offered = [
            _button(details, t, "approve", action_ids.APPROVE, style="primary", about=decided),
            _button(details, t, "deny", action_ids.DENY, style="danger", about=decided),
        ]
        # Only new access has terms that an approver can narrow.
        if decided.kind is Kind.OPEN:
            offered.append(_button(details, t, "change", action_ids.CHANGE))
        return [block_kit.actions(*offered, _button(details, t, "details", action_ids.DETAILS))]
    grant = _opened(details)
    if grant is None or details.target.gone_at is not None:
        return []
    offered = []
    if can_be_reopened(grant):
        offered.append(_button(details, t, "restore", action_ids.RESTORE))
    if grant.state in LIVE_STATES:
        offered.append(_revoke(details, t))
    if not offered:
        return []
    return [block_kit.actions(*offered, _button(details, t, "details", action_ids.DETAILS))]


def can_be_reopened(grant: Grant) -> bool:
    """Whether a new decision could open a grant again: somebody closed it, or it failed by people's doing."""
    failed = grant.state is GrantState.FAILED and grant.reason_code in BY_PEOPLE
    return grant.state is GrantState.INTERRUPTED or failed


def for_owner(details: RequestDetails, t: Translator) -> list[Block]:
    """On the owner's own copy."""
    if details.request.state is RequestState.PENDING:
        return [block_kit.actions(_button(details, t, "cancel", action_ids.CANCEL))]
    repeat = again(details, t)
    if repeat:
        return repeat
    grant = _opened(details)
    if details.operation is not None and grant is None:
        return for_operation(details, details.operation, t)
    return [] if grant is None else for_grant(details, grant, t)


def again(details: RequestDetails, t: Translator) -> list[Block]:
    """The button that opens the form with all that a request had, once the request or its access is over."""
    gone = details.target.gone_at is not None
    if gone or not can_be_repeated(details.request, _opened(details)):
        return []
    return [block_kit.actions(_button(details, t, "again", action_ids.AGAIN))]


def for_grant(details: RequestDetails, grant: Grant, t: Translator, *, owner: bool = True) -> list[Block]:
    """What can be done with a grant as it stands: by its owner, or by those who approve."""
    if details.target.gone_at is not None:
        return []
    match grant.state:
        case GrantState.WAITING | GrantState.APPLYING:
            return [block_kit.actions(_button(details, t, "done", action_ids.DONE))]
        case GrantState.IN_FORCE:
            offered = [_done(details, t)]
            if grant.ends_at is not None:
                offered.insert(0, _button(details, t, "extend", action_ids.EXTEND))
            return [block_kit.actions(*offered)]
        case GrantState.INTERRUPTED:
            # Done is for the owner only: whoever approves ends somebody else's grant by revoking it.
            end = _button(details, t, "end", action_ids.DONE if owner else action_ids.REVOKE)
            return [block_kit.actions(*_restore(details, t, owner=owner), end)]
        case GrantState.FAILED if can_be_reopened(grant):
            give_up = _button(details, t, "give_up", action_ids.GIVE_UP)
            return [block_kit.actions(*_restore(details, t, owner=True), give_up)]
        case GrantState.FAILED:
            retry = _button(details, t, "retry", action_ids.RETRY, style="primary")
            return [block_kit.actions(retry, _button(details, t, "give_up", action_ids.GIVE_UP))]
    return []


def for_operation(details: RequestDetails, operation: Operation, t: Translator) -> list[Block]:
    """What can be done with an operation as it stands."""
    if operation.state is OperationState.DONE:
        return for_files(details, t)
    if details.target.gone_at is not None:
        return []
    if operation.state is not OperationState.FAILED:
        return rotation.offered(details, rotation.under_way(operation), t)
    if details.grant is not None:
        # A first step of a grant is retried together with the grant, by the grant's own button.
        return []
    retry = _button(details, t, "retry", action_ids.RETRY, style="primary")
    return [block_kit.actions(retry, _button(details, t, "give_up", action_ids.GIVE_UP))]


def for_files(details: RequestDetails, t: Translator) -> list[Block]:
    """The button to the files of the certificate that was issued, while it can be used."""
    issued = details.issued
    # A link to any other certificate would be refused.
    if issued is None or issued.absent_at is not None or issued.status != READY:
        return []
    return [block_kit.actions(_button(details, t, "files", action_ids.FILES, style="primary"))]


def _opened(details: RequestDetails) -> Grant | None:
    """The grant that the request itself opened: an extension does not show the buttons of that grant."""
    return details.grant if details.request.kind is Kind.OPEN else None


def _restore(details: RequestDetails, t: Translator, *, owner: bool) -> list[Block]:
    """The button that asks for a closed grant to be opened again; none where that is asked for already."""
    if details.reopening is not None:
        return []
    return [_button(details, t, "ask_restore" if owner else "restore", action_ids.RESTORE)]


def _revoke(details: RequestDetails, t: Translator) -> Block:
    title = t("button.revoke")
    confirmation = block_kit.confirm(title, reach.question(details, t), yes=title, no=t("form.cancel"))
    return _button(details, t, "revoke", action_ids.REVOKE, style="danger", confirmation=confirmation)


def _done(details: RequestDetails, t: Translator) -> Block:
    """Asks first only where the address stays allowed after the end, which few people expect."""
    if not reach.outlasts(details):
        return _button(details, t, "done", action_ids.DONE)
    title = t("button.done")
    confirmation = block_kit.confirm(title, reach.question(details, t), yes=title, no=t("form.cancel"))
    return _button(details, t, "done", action_ids.DONE, confirmation=confirmation)


def _button(
    details: RequestDetails,
    t: Translator,
    name: str,
    action: str,
    *,
    style: str | None = None,
    confirmation: Block | None = None,
    about: Request | None = None,
) -> Block:
    request = about or details.request
    value = action_ids.button_value(request.id, request.version, nonce=request.nonce)
    return block_kit.button(
        t(f"button.{name}"), action=action, value=value, style=style, confirmation=confirmation
    )
