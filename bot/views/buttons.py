"""Which buttons a request has in each of its states, for those who decide and for its owner."""

from bot.domain.grant import LIVE_STATES, Grant, GrantState
from bot.domain.mtls.certificate import READY
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind, RequestState
from bot.i18n.translator import Translator
from bot.ports import Block, RequestDetails
from bot.views import action_ids, block_kit
from bot.views.mtls import rotation


def for_approvers(case: RequestDetails, t: Translator) -> list[Block]:
    """On the card in the approvals channel."""
    if case.request.state is RequestState.PENDING:
        made = [
            _button(case, t, "approve", action_ids.APPROVE, style="primary"),
            _button(case, t, "deny", action_ids.DENY, style="danger"),
        ]
        if case.request.kind is Kind.OPEN:
            made.append(_button(case, t, "change", action_ids.CHANGE))
        return [block_kit.actions(*made, _button(case, t, "details", action_ids.DETAILS))]
    grant = _opened(case)
    if grant is not None and grant.state in LIVE_STATES:
        return [block_kit.actions(_revoke(case, t), _button(case, t, "details", action_ids.DETAILS))]
    return []


def for_owner(case: RequestDetails, t: Translator) -> list[Block]:
    """On the owner's own copy."""
    if case.request.state is RequestState.PENDING:
        return [block_kit.actions(_button(case, t, "cancel", action_ids.CANCEL))]
    grant = _opened(case)
    if case.operation is not None and grant is None:
        return for_operation(case, case.operation, t)
    return [] if grant is None else for_grant(case, grant, t)


def for_grant(case: RequestDetails, grant: Grant, t: Translator, *, owner: bool = True) -> list[Block]:
    """What can be done with a grant as it stands: by its owner, or by those who approve."""
    match grant.state:
        case GrantState.WAITING | GrantState.APPLYING:
            return [block_kit.actions(_button(case, t, "done", action_ids.DONE))]
        case GrantState.IN_FORCE:
            made = [_button(case, t, "done", action_ids.DONE)]
            if grant.ends_at is not None:
                made.insert(0, _button(case, t, "extend", action_ids.EXTEND))
            return [block_kit.actions(*made)]
        case GrantState.INTERRUPTED:
            restore = _button(case, t, "restore", action_ids.RESTORE)
            end = action_ids.DONE if owner else action_ids.REVOKE
            return [block_kit.actions(restore, _button(case, t, "end", end))]
        case GrantState.FAILED:
            retry = _button(case, t, "retry", action_ids.RETRY, style="primary")
            return [block_kit.actions(retry, _button(case, t, "give_up", action_ids.GIVE_UP))]
    return []


def for_operation(case: RequestDetails, change: Operation, t: Translator) -> list[Block]:
    """What can be done with a change as it stands."""
    if change.state is OperationState.DONE:
        return for_files(case, t)
    if change.state is not OperationState.FAILED:
        return rotation.offered(case, rotation.under_way(change), t)
    if case.grant is not None:
        # A step before a grant is tried again with it.
        return []
    retry = _button(case, t, "retry", action_ids.RETRY, style="primary")
    return [block_kit.actions(retry, _button(case, t, "give_up", action_ids.GIVE_UP))]


def for_files(case: RequestDetails, t: Translator) -> list[Block]:
    """How the owner of the certificate that was made gets its files, while it can be used."""
    made = case.issued
    if made is None or made.absent_at is not None or made.status != READY:
        return []
    return [block_kit.actions(_button(case, t, "files", action_ids.FILES, style="primary"))]


def _opened(case: RequestDetails) -> Grant | None:
    """The grant that the request itself opened; an extension shows the buttons of no other's grant."""
    return case.grant if case.request.kind is Kind.OPEN else None


def _revoke(case: RequestDetails, t: Translator) -> Block:
    title = t("button.revoke")
    asked = t("confirm.revoke", network=case.request.terms.subject, app=case.target.label)
    sure = block_kit.confirm(title, asked, yes=title, no=t("form.cancel"))
    return _button(case, t, "revoke", action_ids.REVOKE, style="danger", sure=sure)


def _button(
    case: RequestDetails,
    t: Translator,
    name: str,
    action: str,
    *,
    style: str | None = None,
    sure: Block | None = None,
) -> Block:
    value = action_ids.button_value(case.request.id, case.request.version)
    return block_kit.button(t(f"button.{name}"), action=action, value=value, style=style, sure=sure)
