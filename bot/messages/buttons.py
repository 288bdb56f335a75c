"""Which buttons a request has in each of its states, for those who decide and for its owner."""

from bot.domain.certificate import READY
from bot.domain.change import Change, ChangeState
from bot.domain.grant import LIVE_STATES, Grant, GrantState
from bot.domain.request import Kind, RequestState
from bot.messages import blocks, names, rotating
from bot.messages.words import Words
from bot.ports import Block, Case


def for_approvers(case: Case, words: Words) -> list[Block]:
    """On the card in the approvals channel."""
    if case.request.state is RequestState.PENDING:
        made = [
            _button(case, words, "approve", names.APPROVE, style="primary"),
            _button(case, words, "deny", names.DENY, style="danger"),
        ]
        if case.request.kind is Kind.OPEN:
            made.append(_button(case, words, "change", names.CHANGE))
        return [blocks.actions(*made, _button(case, words, "details", names.DETAILS))]
    grant = _opened(case)
    if grant is not None and grant.state in LIVE_STATES:
        return [blocks.actions(_revoke(case, words), _button(case, words, "details", names.DETAILS))]
    return []


def for_owner(case: Case, words: Words) -> list[Block]:
    """On the owner's own copy."""
    if case.request.state is RequestState.PENDING:
        return [blocks.actions(_button(case, words, "cancel", names.CANCEL))]
    grant = _opened(case)
    if case.change is not None and grant is None:
        return for_change(case, case.change, words)
    return [] if grant is None else for_grant(case, grant, words)


def for_grant(case: Case, grant: Grant, words: Words, *, owner: bool = True) -> list[Block]:
    """What can be done with a grant as it stands: by its owner, or by those who approve."""
    match grant.state:
        case GrantState.WAITING | GrantState.APPLYING:
            return [blocks.actions(_button(case, words, "done", names.DONE))]
        case GrantState.IN_FORCE:
            made = [_button(case, words, "done", names.DONE)]
            if grant.ends_at is not None:
                made.insert(0, _button(case, words, "extend", names.EXTEND))
            return [blocks.actions(*made)]
        case GrantState.INTERRUPTED:
            restore = _button(case, words, "restore", names.RESTORE)
            end = names.DONE if owner else names.REVOKE
            return [blocks.actions(restore, _button(case, words, "end", end))]
        case GrantState.FAILED:
            retry = _button(case, words, "retry", names.RETRY, style="primary")
            return [blocks.actions(retry, _button(case, words, "give_up", names.GIVE_UP))]
    return []


def for_change(case: Case, change: Change, words: Words) -> list[Block]:
    """What can be done with a change as it stands."""
    if change.state is ChangeState.DONE:
        return for_files(case, words)
    if change.state is not ChangeState.FAILED:
        return rotating.offered(case, rotating.under_way(change), words)
    if case.grant is not None:
        # A step before a grant is tried again with it.
        return []
    retry = _button(case, words, "retry", names.RETRY, style="primary")
    return [blocks.actions(retry, _button(case, words, "give_up", names.GIVE_UP))]


def for_files(case: Case, words: Words) -> list[Block]:
    """How the owner of the certificate that was made gets its files, while it can be used."""
    made = case.issued
    if made is None or made.gone_at is not None or made.status != READY:
        return []
    return [blocks.actions(_button(case, words, "files", names.FILES, style="primary"))]


def _opened(case: Case) -> Grant | None:
    """The grant that the request itself opened; an extension shows the buttons of no other's grant."""
    return case.grant if case.request.kind is Kind.OPEN else None


def _revoke(case: Case, words: Words) -> Block:
    title = words("button.revoke")
    asked = words("confirm.revoke", network=case.request.terms.subject, app=case.target.label)
    sure = blocks.confirm(title, asked, yes=title, no=words("form.cancel"))
    return _button(case, words, "revoke", names.REVOKE, style="danger", sure=sure)


def _button(
    case: Case, words: Words, name: str, action: str, *, style: str | None = None, sure: Block | None = None
) -> Block:
    value = names.button_value(case.request.id, case.request.version)
    return blocks.button(words(f"button.{name}"), action=action, value=value, style=style, sure=sure)
