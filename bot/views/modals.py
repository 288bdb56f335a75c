"""The forms about a request that a button opens, notes, and errors at a form's fields."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from bot.domain.duration import show_duration
from bot.domain.policy.rules import Policy
from bot.domain.times.readings import Readings
from bot.errors import Refused
from bot.i18n.translator import Translator, mention
from bot.ports import Block, Message, RequestDetails
from bot.views import action_ids, block_kit, form_fields
from bot.views.block_kit import FIELD_ERROR
from bot.views.methods import METHOD_VIEWS
from bot.views.requests import request_card
from bot.views.text import ELLIPSIS, one_line

_FIELD_OF: Final[Mapping[str, str]] = {
    "address": action_ids.FIELD_ADDRESS,
    "terms": action_ids.FIELD_ADDRESS,
    "target": action_ids.FIELD_TARGET,
    "policy": action_ids.FIELD_TARGET,
    "duration": action_ids.FIELD_DURATION,
    "end": action_ids.FIELD_DURATION,
    "extend": action_ids.FIELD_DURATION,
    "time": action_ids.FIELD_DURATION,
    "ignore": action_ids.FIELD_DURATION,
    "reason": action_ids.FIELD_REASON,
    "ticket": action_ids.FIELD_TICKET,
    "behalf": action_ids.FIELD_PERSON,
    **{word: name for view in METHOD_VIEWS.values() for word, name in view.error_fields.items()},
}
"""The field that a refusal is about, by the first word of its code."""

NOTHING: Final[Mapping[str, str | None]] = MappingProxyType({})
"""What a form opens with when nothing was typed."""

_TOKEN: Final = re.compile(r"<!date\^[^|>]*\|([^>]*)>|<[@#!]([^>|]*)(?:\|([^>]*))?>")


def deny_form(details: RequestDetails, t: Translator) -> Block:
    """Asks why; the request and its version travel in the form's metadata."""
    reason = block_kit.text_input(
        action_ids.FIELD_REASON,
        t("form.deny.reason"),
        initial=None,
        hint=t("form.deny.hint"),
        optional=True,
        long=True,
    )
    return _about(action_ids.FORM_DENY, "form.deny", details, t, [reason])


def change_form(details: RequestDetails, t: Translator) -> Block:
    """Approves with a shorter duration or a narrower range."""
    terms, hint = details.request.terms, t("form.change.hint")
    fields = [METHOD_VIEWS[terms.method].subject_field(terms.subject, t, hint)]
    if terms.duration is not None:
        fields.append(form_fields.duration_field(t, show_duration(terms.duration), hint=hint))
    fields.append(form_fields.reason_field(t, None, optional=True, hint="form.deny.hint"))
    return _about(action_ids.FORM_CHANGE, "form.change", details, t, fields)


def extend_form(
    details: RequestDetails,
    t: Translator,
    *,
    filled: Mapping[str, str | None] = NOTHING,
    readings: Readings = (),
) -> Block:
    """Asks for how much longer, and why.

    Args:
        details: of the request whose grant is extended.
        t: the reader's language.
        filled: values by field name.
        readings: of the duration or end, where it is unclear.
    """
    typed, hint = filled.get(action_ids.FIELD_DURATION), t("form.extend.hint")
    lengths = form_fields.length_fields(t, typed, readings=readings, hint=hint)
    reason = form_fields.reason_field(t, filled.get(action_ids.FIELD_REASON), optional=True)
    return _about(action_ids.FORM_EXTEND, "form.extend", details, t, [*lengths, reason])


def note(message: Message, t: Translator) -> Block:
    """Shows a message where none can be answered with: after a click in the App Home."""
    return block_kit.modal(
        action_ids.FORM_NOTE, title=t("form.note.title"), close=t("form.close"), blocks=message.blocks
    )


def field_error(refused: Refused, t: Translator) -> dict[str, str] | None:
    """The field that a refusal is about, with its text; None when it is about no field."""
    field = _FIELD_OF.get(refused.reason.partition("_")[0])
    return None if field is None else {field: plain_text(t(refused.key, **refused.params))}


def plain_text(text: str) -> str:
    """A text without markup, as Slack shows errors at fields: dates in their fallback, people by their id."""
    plain = _TOKEN.sub(lambda token: token.group(1) or token.group(3) or token.group(2) or "", text)
    plain = plain.replace("`", "").replace("*", "")
    # ``&amp;`` last: otherwise ``&amp;lt;``, which shows a typed ``&lt;``, would become ``<``.
    plain = one_line(plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    return plain if len(plain) <= FIELD_ERROR else plain[: FIELD_ERROR - 1] + ELLIPSIS


def needs_reason(policy: Policy) -> bool:
    """Whether every rule wants a reason."""
    return all(rule.minimum_reason > 0 for rule in policy.rules if not rule.denies)


def _about(form: str, key: str, details: RequestDetails, t: Translator, fields: Sequence[Block]) -> Block:
    """A form about one request, which travels in the form's metadata."""
    request = details.request
    about = t("form.about", title=request_card.title(details, t), requester=mention(request.requester))
    return form_fields.form(
        form,
        t(f"{key}.title", id=request.id),
        t(f"{key}.submit"),
        t,
        [block_kit.section(about), *fields],
        metadata=action_ids.button_value(request.id, request.version, nonce=request.nonce),
    )
