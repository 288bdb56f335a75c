"""Answers to commands and clicks, which only the person who acted sees."""

from collections.abc import Sequence
from typing import Final

from bot.domain.policy.rules import Policy
from bot.domain.request import RequestState, Verdict
from bot.errors import Refused
from bot.i18n.translator import Mrkdwn, Translator, cut, mention
from bot.ports import AuditLine, Block, Message, RequestDetails
from bot.views import block_kit, buttons, reach
from bot.views.history import history
from bot.views.mtls import rotation
from bot.views.requests import deciders, parties, request_card, request_state
from bot.views.text import as_code, numbers, one_line

LINE: Final = 1000
"""Characters of a command that an answer repeats; its reason comes last and is cut first."""


def refused(error: Refused, t: Translator, *, state: Mrkdwn | None = None) -> Message:
    """What is wrong, with an example that works.

    Args:
        error: the refusal.
        t: the reader's language.
        state: the line that says where the request stands, where that is why.
    """
    text = t(error.key, **error.params)
    if state is None:
        return block_kit.paragraphs(text)
    # In the text as well: a form's note, and a screen reader, show nothing else.
    return block_kit.message(f"{text}\n{state}", [block_kit.section(text), block_kit.context(state)])


def trouble(key: str, reference: str, t: Translator) -> Message:
    """Something on our side failed; the reference finds it in the log."""
    return block_kit.paragraphs(t(key, reference=reference))


def form_not_opened(line: str | None, t: Translator) -> Message:
    """To the person who wanted a form that Slack did not open in time; the line to type, if there is one."""
    if line is None:
        return block_kit.paragraphs(t("error.form_late_button"))
    return block_kit.paragraphs(t("error.form_late", line=as_code(line, LINE)))


def malformed(t: Translator) -> Message:
    """To the person whose button or form is none of those that there are now."""
    return block_kit.paragraphs(t("error.malformed"))


def submitted(details: RequestDetails, *, t: Translator, policy: Policy) -> Message:
    """To the requester: what was recorded, and what happens next."""
    title = t("submitted.title", id=details.request.id, title=request_card.title(details, t))
    lines = [title]
    reason = details.request.terms.reason
    if reason:
        lines.append(t("submitted.reason", reason=cut(one_line(reason), request_card.REASON_SHOWN)))
    if details.request.asker:
        lines.append(t("submitted.behalf", requester=mention(details.request.requester)))
    lines += parties.ticket_lines(details.request, t, policy)
    channel, waits = Mrkdwn(policy.approvals_channel), deciders.approvers(policy, details.request.rule, t)
    told = details.request.told_directly
    if told:
        lines.append(t("submitted.next.direct", people=t.people(told), channel=channel))
    else:
        lines.append(t("submitted.next", approvers=waits, channel=channel))
    return block_kit.message(title, [block_kit.section("\n".join(lines))])


def decided(details: RequestDetails, verdict: Verdict, t: Translator) -> Message:
    """To the approver: the decision is recorded."""
    request = details.request
    params = {"id": request.id, "title": request_card.title(details, t)}
    if request.state is RequestState.WITHDRAWN:
        return withdrawn(details, t)
    if verdict is Verdict.DENY:
        return block_kit.paragraphs(t("decided.denied", **params))
    if request.state is RequestState.PENDING:
        agreed = sum(vote.verdict is Verdict.APPROVE and vote.counts for vote in details.decisions)
        return block_kit.paragraphs(t("decided.approved.more", needed=request.needed, votes=agreed, **params))
    return block_kit.paragraphs(t("decided.approved", **params))


def done(key: str, details: RequestDetails, t: Translator) -> Message:
    """To the person who acted on a request: it is recorded; ``key`` is the part behind ``done.``."""
    end = "" if details.grant is None else request_state.ends(details.grant, t)
    text = t(f"done.{key}", id=details.request.id, title=request_card.title(details, t), ends=end)
    ends_it = key == "closing" and details.grant is not None
    after = reach.stays(details, {details.request.id}, t) if ends_it else []
    return block_kit.paragraphs(text, *after)


def withdrawn(details: RequestDetails, t: Translator) -> Message:
    """To the approver: there was nothing left to decide, and why."""
    title, why = request_card.title(details, t), request_state.why_withdrawn(details, t)
    return block_kit.paragraphs(t("notification.withdrawn", id=details.request.id, title=title, why=why))


def reopened(details: RequestDetails, t: Translator) -> Message:
    """To the person who had access opened again, or who asked for that."""
    return done("reopened" if details.reopening is None else "reopening", details, t)


def tried_again(details: RequestDetails, t: Translator) -> Message:
    """To the person who retried what failed: access is opened, an operation is carried out."""
    return done("reopened" if details.grant is not None else "retried", details, t)


def removing(details: RequestDetails, closing: Sequence[int], t: Translator) -> Message:
    """To the person who ends their own grants."""
    closes = t.names(numbers(closing))
    text = t("done.removing", closes=closes, title=request_card.title(details, t))
    return block_kit.paragraphs(text, *reach.stays(details, closing, t))


def listing(requests: Sequence[RequestDetails], *, limit: int, t: Translator, policy: Policy) -> Message:
    """Requests that are open or pending, newest first."""
    if not requests:
        return block_kit.paragraphs(t("list.none"))
    shown: list[Block] = [block_kit.section(t("list.title"))]
    for details in requests:
        requester = mention(details.request.requester)
        title = request_card.title(details, t)
        line = t("list.line", id=details.request.id, title=title, requester=requester)
        shown += [
            block_kit.section(line),
            block_kit.context(request_state.state_line(details, t=t, policy=policy)),
        ]
    # The query reads no more than these: whether there are more is not known.
    if len(requests) == limit:
        shown.append(block_kit.context(t("list.more", count=limit)))
    return block_kit.message(t("list.title"), shown)


def showing(
    details: RequestDetails, lines: Sequence[AuditLine] = (), *, t: Translator, policy: Policy
) -> Message:
    """One request with its history, which is what the audit trail says of it.

    Args:
        details: the request.
        lines: of the audit trail, in their order.
        t: the reader's language.
        policy: names the approvers.
    """
    line = request_state.state_line(details, t=t, policy=policy)
    shown = [
        *request_card.terms_and_facts(details, t, policy),
        *history(details, lines, t),
        block_kit.context(line),
        *rotation.test(details, rotation.under_way(details.operation), t),
        *buttons.again(details, t),
    ]
    return block_kit.message(request_card.headline(details, t), shown)
