"""Notifications about trusted ranges: in force, ended, and the support ticket that a space may need."""

from collections.abc import Sequence
from typing import Final

from bot.domain.grant import GrantState
from bot.domain.trusted_ips.alternatives import MOST
from bot.domain.trusted_ips.ruleset import DataServices
from bot.i18n.translator import Translator, escape
from bot.ports import Block, Message, RequestDetails
from bot.views import action_ids, block_kit
from bot.views.method_view import Params, Rendering
from bot.views.text import as_code

CONNECT: Final = 'psql "$(heroku config:get DATABASE_URL -a YOUR-APP)"'
"""How one connects from a trusted range: with the database's own URL, and nothing else."""

REASON: Final = 1500
"""Characters of a reason in the ticket's text: with it the whole still fits one section."""

RANGES: Final = 700
"""Characters of the ranges in the ticket's text: more than the 20 that a space can have."""

ENGLISH: Final = Translator("en")
"""The language of Heroku's support."""


def in_force(details: RequestDetails, params: Params, t: Translator) -> Message:
    """The range is allowed; where data services follow it, the reader fills in whose database is meant."""
    if details.nearby.services is DataServices.WEB_ONLY:
        web = t("notification.in_force.trusted.web")
        return block_kit.paragraphs(t("notification.in_force.trusted", **params), web)
    connect = t("notification.in_force.trusted.connect")
    return block_kit.paragraphs(
        t("notification.in_force.trusted", **params), f"{connect}\n```{t.show(CONNECT)}```"
    )


def ticket(it: Rendering) -> Message:
    """In the card's thread: the text for Heroku's support, ready to be copied; later, the outcome.

    The request is the first one that needed the ticket; the message has a ``state`` among its params once an
    admin has answered.
    """
    details, t = it.details, it.t
    if details.target.gone_at is not None:
        return block_kit.paragraphs(t("notification.ticket.gone", space=details.target.label))
    text = t("notification.ticket", id=details.request.id, space=details.target.label)
    # A ticket that was recorded before it listed them is about the range of its own request.
    ranges = (it.message.params.get("ranges") or str(details.request.terms.subject)).split()
    shown = [block_kit.section(text), block_kit.section(f"```{_ticket_text(details, ranges)}```")]
    state = it.message.params.get("state")
    if state is not None:
        return block_kit.message(text, [*shown, block_kit.context(t(f"trusted.services.{state}"))])
    how = t("notification.ticket.how", id=details.request.id, space=details.target.label, admins=it.admins)
    return block_kit.message(text, [*shown, block_kit.section(how), _answers(details, t)])


def settled(details: RequestDetails, t: Translator, *, web_only: bool) -> Message:
    """To the admin who answered a ticket: it is recorded, and what waited for it continues."""
    state = DataServices.WEB_ONLY if web_only else DataServices.CONFIRMED
    return block_kit.paragraphs(t(f"done.support.{state}", space=details.target.label))


def ticket_copy(details: RequestDetails, t: Translator) -> list[Block]:
    """On the requester's own copy, while it waits: the text for Heroku's support, about their own range."""
    grant = details.grant
    if grant is None or grant.state is not GrantState.WAITING:
        return []
    text = _ticket_text(details, [str(grant.subject)])
    return [block_kit.section(t("card.ticket", id=details.request.id)), block_kit.section(f"```{text}```")]


def _ticket_text(details: RequestDetails, ranges: Sequence[str]) -> str:
    """In English, whatever the channel's language: Heroku's support reads it.

    It states what people have said, and nothing else.
    """
    named = ENGLISH.names(ranges, limit=RANGES)
    # A backtick would end the code block.
    reason = as_code(details.request.terms.reason, REASON).rstrip(".")
    said = as_code(details.request.terms.alternatives, MOST).rstrip(".")
    text = (
        f"Please enable trusted IP ranges for data services in the Private Space "
        # Escaped here: this text does not come from the translator, which escapes everywhere else.
        f"{escape(details.target.label)} ({escape(details.target.region)}).\n\n"
        f"{'The range is' if len(ranges) == 1 else 'The ranges are'} {named}."
    )
    if reason:
        text += f"\nThe reason is: {reason}."
    # A request that was typed, or is from before the form asked, has said nothing of it.
    if said:
        text += f"\nWhy mTLS and PrivateLink will not do: {said}."
    return text


def _answers(details: RequestDetails, t: Translator) -> Block:
    value = action_ids.button_value(details.request.id, details.request.version, nonce=details.request.nonce)
    done = block_kit.button(
        t("button.support_done"), action=action_ids.SUPPORT_DONE, value=value, style="primary"
    )
    web_only = block_kit.button(t("button.support_web"), action=action_ids.SUPPORT_WEB, value=value)
    return block_kit.actions(done, web_only)
