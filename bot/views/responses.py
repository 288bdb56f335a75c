"""Answers that only the one who asked sees."""

from collections.abc import Sequence
from typing import Final

from bot.domain.policy import Policy
from bot.domain.request import RequestState, Verdict, approvals
from bot.errors import Refused
from bot.i18n.translator import Mrkdwn, Translator, cut, mention
from bot.ports import Block, Message, RequestDetails
from bot.views import block_kit, request_card
from bot.views.history import history
from bot.views.mtls import rotation


def refused(error: Refused, t: Translator) -> Message:
    """What is wrong, and a right example."""
    return _message([t.refusal(error)])


def trouble(key: str, reference: str, t: Translator) -> Message:
    """Something on our side failed; the reference finds it in the log."""
    return _message([t(key, reference=reference)])


def asked(case: RequestDetails, *, t: Translator, policy: Policy) -> Message:
    """What was understood, and what happens now."""
    title = t("asked.title", id=case.request.id, title=request_card.title(case, t))
    said = [title]
    reason = case.request.terms.reason
    if reason:
        said.append(t("asked.reason", reason=cut(request_card.one_line(reason), request_card.REASON_SHOWN)))
    channel, waits = Mrkdwn(policy.approvals_channel), request_card.approvers(policy, case.request.rule)
    said.append(t("asked.next", approvers=waits, channel=channel))
    return _message(["\n".join(said)], text=title)


def decided(case: RequestDetails, verdict: Verdict, t: Translator) -> Message:
    """To the approver: it counted."""
    request = case.request
    what = {"id": request.id, "title": request_card.title(case, t)}
    if verdict is Verdict.DENY:
        return _message([t("decided.denied", **what)])
    if request.state is RequestState.PENDING:
        agreed = approvals(case.decisions)
        return _message([t("decided.approved.more", needed=request.needed, votes=agreed, **what)])
    return _message([t("decided.approved", **what)])


def done(key: str, case: RequestDetails, t: Translator) -> Message:
    """To somebody who acted on a request: it is recorded; ``key`` is one below ``done.``."""
    end = "" if case.grant is None else request_card.ends(case.grant, t)
    return _message([t(f"done.{key}", id=case.request.id, title=request_card.title(case, t), ends=end)])


def tried_again(case: RequestDetails, t: Translator) -> Message:
    """To somebody who had what failed tried once more: access is opened, everything else is done."""
    return done("reopened" if case.grant is not None else "retried", case, t)


def removing(case: RequestDetails, closing: Sequence[int], t: Translator) -> Message:
    """To somebody whose own grants are being closed."""
    closes = ", ".join(f"#{id}" for id in closing)
    return _message([t("done.removing", closes=closes, title=request_card.title(case, t))])


def listing(cases: Sequence[RequestDetails], *, limit: int, t: Translator, policy: Policy) -> Message:
    """What is open or waiting, newest first."""
    if not cases:
        return _message([t("list.none")])
    shown: list[Block] = [block_kit.section(t("list.title"))]
    for case in cases:
        requester = mention(case.request.requester)
        title = request_card.title(case, t)
        line = t("list.line", id=case.request.id, title=title, requester=requester)
        shown += [
            block_kit.section(line),
            block_kit.context(request_card.state_line(case, t=t, policy=policy)),
        ]
    if len(cases) == limit:
        shown.append(block_kit.context(t("list.more", count=limit)))
    return Message(text=t("list.title"), blocks=shown)


def showing(case: RequestDetails, *, t: Translator, policy: Policy) -> Message:
    """One request with its history."""
    line = request_card.state_line(case, t=t, policy=policy)
    turning = None if case.operation is None else rotation.under_way(case.operation)
    shown = [
        *request_card.terms_and_facts(case, t),
        *history(case, t),
        block_kit.context(line),
        *rotation.test(case, turning, t),
    ]
    return Message(text=request_card.headline(case, t), blocks=shown)


def _message(paragraphs: Sequence[str], *, text: str | None = None) -> Message:
    return Message(text=text or paragraphs[0], blocks=[block_kit.section(said) for said in paragraphs])
