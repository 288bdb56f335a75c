"""What a person is told who asks for what they have, or have asked for already."""

from collections.abc import Mapping
from typing import Final

from bot.domain.method import MTLS_RULE_LIMIT, Method
from bot.domain.overlap import ALREADY, Overlap, OverlapKind
from bot.domain.policy.rules import Policy
from bot.domain.subject import Subject
from bot.errors import Refused
from bot.i18n.translator import Mrkdwn, Translator, mention
from bot.ports import Block, Message, RequestDetails
from bot.views import action_ids, block_kit, buttons
from bot.views.requests import request_state

SAID: Final = 3
"""What there is already, of which a form tells before it is submitted."""


def answer(
    refused: Refused,
    details: RequestDetails,
    *,
    method: Method,
    values: Mapping[str, str | None],
    t: Translator,
    policy: Policy,
) -> Message:
    """Answers a line that asks for what the person has already, with what can be done instead.

    Args:
        refused: what it is that they have.
        details: the request that it is.
        method: the access method of the line.
        values: of the form's fields, as the line would have filled them.
        t: the reader's language.
        policy: names the approvers.
    """
    text, state = t(refused.key, **refused.params), request_state.state_line(details, t=t, policy=policy)
    anyway = block_kit.button(
        t("button.anyway"), action=action_ids.ANYWAY, value=action_ids.input_value(method, values)
    )
    shown = [block_kit.section(text), block_kit.context(state), *buttons.for_owner(details, t)]
    return block_kit.message(f"{text}\n{state}", [*shown, block_kit.actions(anyway)])


def warning(refused: Refused, details: RequestDetails, t: Translator, policy: Policy) -> list[Block]:
    """What a form says above its fields when it is submitted for what the person has already."""
    state = request_state.state_line(details, t=t, policy=policy)
    text = t(refused.key, **refused.params)
    return [block_kit.section(f"{text}\n{t('form.overlap.again')}"), block_kit.context(state)]


def remarks(
    subject: Subject, app: str, found: tuple[Overlap, ...], rules_after: int | None, t: Translator
) -> list[Mrkdwn]:
    """What a form says of a request before it is submitted.

    Args:
        subject: what would be asked for.
        app: label of the target.
        found: what concerns it, the clearest first.
        rules_after: how many rules the database would have; None where that is not to be said.
        t: the reader's language.
    """
    said = [_remark(subject, app, overlap, t) for overlap in found[:SAID]]
    if rules_after is not None:
        said.append(t("form.overlap.room", count=rules_after, limit=MTLS_RULE_LIMIT, app=app))
    return said


def _remark(subject: Subject, app: str, overlap: Overlap, t: Translator) -> Mrkdwn:
    held = overlap.held
    params = {"id": held.request, "by": t.named(held.subject), "app": app, "owner": mention(held.owner)}
    if overlap.kind in ALREADY:
        return t(f"refused.{ALREADY[overlap.kind]}", network=subject, **params)
    match overlap.kind:
        case OverlapKind.OTHER_ASKED:
            return t("form.overlap.asked", **params)
        case OverlapKind.JOINS:
            return t("form.overlap.joins", whole=overlap.whole, **params)
    return t("form.overlap.open", until=held.ends_at or t("card.short.forever"), **params)
