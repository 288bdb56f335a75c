"""Everything of one person: the list, what a revocation would end, and what it has ended."""

from collections.abc import Iterable
from typing import Final

from bot.domain.mtls.certificate import KnownCertificate
from bot.i18n.translator import Mrkdwn, Translator, cut, join, mention
from bot.ports import Block, Message, PersonalAccess, RequestDetails
from bot.views import action_ids, block_kit, reach
from bot.views.requests import request_card
from bot.views.text import numbers, one_line

REASON: Final = 600
"""Characters of a reason in an answer."""

MOST: Final = 40
"""Requests in one answer; the rest is counted."""

LINES: Final = 2500
"""Characters of their lines."""


def asking(access: PersonalAccess, reason: str, t: Translator) -> Message:
    """What a revocation would end, with the button that does it; nothing has changed yet."""
    title = t("person.revoke", person=mention(access.person), reason=cut(one_line(reason), REASON))
    label = t("button.revoke_person")
    value = action_ids.person_value(access.person, reason)
    button = block_kit.button(label, action=action_ids.REVOKE_PERSON, value=value, style="danger")
    return block_kit.message(title, [block_kit.section(title), *_parts(access, t), block_kit.actions(button)])


def revoked(access: PersonalAccess, t: Translator) -> Message:
    """What a revocation has ended, what it has left, and why."""
    title = t("person.revoked", person=mention(access.person))
    return block_kit.message(title, [block_kit.section(title), *_parts(access, t)])


def revoked_already(t: Translator) -> Message:
    """To the person who pressed, when the same click was delivered twice."""
    return block_kit.paragraphs(t("person.revoked.already"))


def _parts(access: PersonalAccess, t: Translator) -> list[Block]:
    shown = []
    if access.ends:
        lines = join(
            (_line(each, t) for each in access.ends),
            more=lambda count: t("person.more", count=count),
            most=MOST,
            limit=LINES,
            by="\n",
        )
        shown.append(block_kit.section(lines))
    outlasting = reach.outlasting(access.ends, t)
    if outlasting:
        listed = t.names(outlasting, limit=LINES)
        shown.append(block_kit.section(t("person.outlasts", list=listed)))
    undecided = reach.undecided(access.ends, t)
    if undecided:
        listed = t.names(undecided, limit=LINES)
        shown.append(block_kit.section(t("person.undecided", list=listed)))
    if access.certificates:
        first = access.certificates[0].handle
        key = "person.certificates.end" if access.certificates_end else "person.certificates.stay"
        shown.append(block_kit.section(t(key, list=handles(access.certificates, t), handle=first)))
    if access.stays:
        left = t.names(numbers(each.request.id for each in access.stays))
        shown.append(block_kit.section(t("person.stays", list=left)))
    return shown


def _line(details: RequestDetails, t: Translator) -> Mrkdwn:
    return t(
        "list.line",
        id=details.request.id,
        title=request_card.title(details, t),
        requester=mention(details.request.requester),
    )


def handles(certificates: Iterable[KnownCertificate], t: Translator) -> Mrkdwn:
    """The handles of certificates in one line."""
    return t.names(f"`{known.handle}`" for known in certificates)
