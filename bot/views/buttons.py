"""Which buttons a request has in each of its states, for those who decide and for its owner."""

from bot.domain.grant import LIVE_STATES, Grant, GrantState
from bot.domain.mtls.certificate import READY
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind, RequestState
from bot.i18n.translator import Translator
from bot.ports import Block, RequestDetails
from bot.views import action_ids, block_kit
from bot.views.mtls import rotation


def for_approvers(details: RequestDetails, t: Translator) -> list[Block]:
    """On the card in the approvals channel."""
    if details.request.state is RequestState.PENDING:
        offered = [
            _button(details, t, "approve", action_ids.APPROVE, style="primary"),
            _button(details, t, "deny", action_ids.DENY, style="danger"),
        ]
        # Only new access has terms that an approver can narrow.
        if details.request.kind is Kind.OPEN:
            offered.append(_button(details, t, "change", action_ids.CHANGE))
        return [block_kit.actions(*offered, _button(details, t, "details", action_ids.DETAILS))]
    grant = _opened(details)
    if grant is not None and grant.state in LIVE_STATES:
        return [block_kit.actions(_revoke(details, t), _button(details, t, "details", action_ids.DETAILS))]
    return []


def for_owner(details: RequestDetails, t: Translator) -> list[Block]:
    """On the owner's own copy."""
    if details.request.state is RequestState.PENDING:
        return [block_kit.actions(_button(details, t, "cancel", action_ids.CANCEL))]
    grant = _opened(details)
    if details.operation is not None and grant is None:
        return for_operation(details, details.operation, t)
    return [] if grant is None else for_grant(details, grant, t)


def for_grant(details: RequestDetails, grant: Grant, t: Translator, *, owner: bool = True) -> list[Block]:
    """What can be done with a grant as it stands: by its owner, or by those who approve."""
    match grant.state:
        case GrantState.WAITING | GrantState.APPLYING:
            return [block_kit.actions(_button(details, t, "done", action_ids.DONE))]
        case GrantState.IN_FORCE:
            offered = [_button(details, t, "done", action_ids.DONE)]
            if grant.ends_at is not None:
                offered.insert(0, _button(details, t, "extend", action_ids.EXTEND))
            return [block_kit.actions(*offered)]
        case GrantState.INTERRUPTED:
            restore = _button(details, t, "restore", action_ids.RESTORE)
            # Done is for the owner only: whoever approves ends somebody else's grant by revoking it.
            end = action_ids.DONE if owner else action_ids.REVOKE
            return [block_kit.actions(restore, _button(details, t, "end", end))]
        case GrantState.FAILED:
            retry = _button(details, t, "retry", action_ids.RETRY, style="primary")
            return [block_kit.actions(retry, _button(details, t, "give_up", action_ids.GIVE_UP))]
    return []


def for_operation(details: RequestDetails, operation: Operation, t: Translator) -> list[Block]:
    """What can be done with an operation as it stands."""
    if operation.state is OperationState.DONE:
        return for_files(details, t)
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


def _revoke(details: RequestDetails, t: Translator) -> Block:
    title = t("button.revoke")
    question = t("confirm.revoke", network=details.request.terms.subject, app=details.target.label)
    confirmation = block_kit.confirm(title, question, yes=title, no=t("form.cancel"))
    return _button(details, t, "revoke", action_ids.REVOKE, style="danger", confirmation=confirmation)


def _button(
    details: RequestDetails,
    t: Translator,
    name: str,
    action: str,
    *,
    style: str | None = None,
    confirmation: Block | None = None,
) -> Block:
    value = action_ids.button_value(details.request.id, details.request.version)
    return block_kit.button(
        t(f"button.{name}"), action=action, value=value, style=style, confirmation=confirmation
    )
