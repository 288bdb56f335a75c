"""The weekly review: grants whose owners could not ask for them today, each with what became of it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.domain.grant import LIVE_STATES
from bot.domain.policy.rules import Policy
from bot.i18n.translator import Translator, mention
from bot.ports import Block, Message, OutboxMessage, RequestDetails
from bot.views import action_ids, block_kit, reach
from bot.views.requests import deciders, request_card, request_state
from bot.views.text import first_key


def concerned(message: OutboxMessage) -> tuple[int, ...]:
    """The requests that one message of the review shows."""
    return tuple(int(row["request"]) for row in _rows(message))


def review(
    message: OutboxMessage, listed: Mapping[int, RequestDetails], *, t: Translator, policy: Policy
) -> Message:
    """One message of the review, as things stand now.

    Args:
        message: of the outbox; it says why each grant is on the list.
        listed: the requests that opened them, by number.
        t: the channel's language.
        policy: names the approvers.
    """
    params = message.params
    title = t("notification.entitlements", at=datetime.fromisoformat(params["at"]))
    shown: list[Block] = [block_kit.section(title)]
    if params["parts"] != "1":
        shown.append(block_kit.context(t("entitlements.part", part=params["part"], parts=params["parts"])))
    for row in _rows(message):
        details = listed.get(int(row["request"]))
        if details is not None:
            shown += _row(details, row, message.id, t, policy)
    return block_kit.message(title, shown)


def kept(details: RequestDetails, t: Translator) -> Message:
    """To the approver: what was kept, and until when."""
    grant = details.grant
    until = "" if grant is None or grant.kept is None else grant.kept.until
    title = request_card.title(details, t)
    return block_kit.paragraphs(t("answer.kept", id=details.request.id, title=title, until=until))


def _row(
    details: RequestDetails, row: Mapping[str, Any], message: int, t: Translator, policy: Policy
) -> list[Block]:
    request, grant = details.request, details.grant
    reason = first_key(t, f"withdrawn.{row['reason']}", "withdrawn.other")
    line = t(
        "entitlements.line",
        id=request.id,
        title=request_card.title(details, t),
        owner=mention(request.requester),
        ends="" if grant is None else request_state.ends(grant, t),
        why=t(reason, **row["values"]),
    )
    shown = [block_kit.section(line)]
    if grant is None or grant.state not in LIVE_STATES:
        return [*shown, block_kit.context(request_state.state_line(details, t=t, policy=policy))]
    if grant.kept is not None and grant.kept.at >= datetime.fromisoformat(row["at"]):
        by = mention(grant.kept.by)
        return [*shown, block_kit.context(t("entitlements.kept", person=by, until=grant.kept.until))]
    people = deciders.approvers(policy, request.rule, t)
    return [*shown, block_kit.context(t("entitlements.for", people=people)), _buttons(details, message, t)]


def _buttons(details: RequestDetails, message: int, t: Translator) -> Block:
    value = action_ids.button_value(details.request.id, message, nonce=details.request.nonce)
    title = t("button.end")
    confirmation = block_kit.confirm(title, reach.question(details, t), yes=title, no=t("form.cancel"))
    return block_kit.actions(
        block_kit.button(
            title, action=action_ids.REVIEW_END, value=value, style="danger", confirmation=confirmation
        ),
        block_kit.button(t("button.keep"), action=action_ids.KEEP, value=value),
    )


def _rows(message: OutboxMessage) -> Sequence[Mapping[str, Any]]:
    """What the review says of each grant; params are texts, so the list travels as JSON."""
    rows: list[Mapping[str, Any]] = json.loads(message.params["grants"])
    return [{**row, "at": message.params["at"]} for row in rows]
