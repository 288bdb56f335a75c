"""The certificate inventory: owner, purpose and end of each, and when it was last observed."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from bot.domain.mtls.certificate import KnownCertificate
from bot.i18n.translator import Mrkdwn, Translator, mention
from bot.ports import Block, CertificateList, Message
from bot.views import block_kit
from bot.views.mtls import expiry
from bot.views.mtls.card import NAME, purpose
from bot.views.text import as_code

SHOWN: Final = 20
"""Certificates in one answer."""

ROOM: Final = block_kit.MESSAGE_BLOCKS - 3
"""Blocks for them, their reminders and their databases' headings, beside the title and what is left out."""


def listing(lists: Sequence[CertificateList], t: Translator) -> Message:
    """The inventory; of several databases, those that have any certificates.

    Args:
        lists: by database, not empty.
        t: the reader's language.
    """
    title = t("certificate_list.title")
    shown: list[Block] = []
    filled = [each for each in lists if each.certificates] or lists[:1]
    # One limit for the whole answer: Slack counts the blocks of all databases together.
    left = SHOWN
    for each in filled:
        # Its heading takes one block too.
        fitting = _fitting(each.certificates, ROOM - len(shown) - 1)
        some = each.certificates[: min(left, fitting)]
        if some or not each.certificates:
            shown += _of_database(each, some, t)
        left -= len(some)
    if not any(each.certificates for each in filled):
        shown.append(block_kit.section(t("certificate_list.none", app=filled[0].database.label)))
    rest = sum(len(each.certificates) for each in filled) - (SHOWN - left)
    if rest:
        shown.append(block_kit.context(t("certificate_list.more", count=rest)))
    return block_kit.message(title, [block_kit.section(title), *shown])


def _of_database(listed: CertificateList, some: Sequence[KnownCertificate], t: Translator) -> list[Block]:
    observation, app = listed.observation, listed.database.label
    if observation is not None and not observation.enabled:
        return [block_kit.section(t("certificate_list.database.off", app=app)), *_lines(some, t)]
    if observation is None or observation.certificates_at is None:
        return [block_kit.section(t("certificate_list.database.unread", app=app)), *_lines(some, t)]
    heading = block_kit.section(t("certificate_list.database", app=app, at=observation.certificates_at))
    return [heading, *_lines(some, t)]


def _fitting(certificates: Sequence[KnownCertificate], room: int) -> int:
    """How many certificates, from the first, fit into a number of blocks with their reminders."""
    needed = accumulate(1 + (known.reminder_schedule.step is not None) for known in certificates)
    return sum(total <= room for total in needed)


def _lines(some: Sequence[KnownCertificate], t: Translator) -> list[Block]:
    shown: list[Block] = []
    for known in some:
        shown.append(block_kit.section(_line(known, t)))
        if known.reminder_schedule.step is not None:
            shown.append(block_kit.context(expiry.standing(known.reminder_schedule, t)))
    return shown


def _line(known: KnownCertificate, t: Translator) -> Mrkdwn:
    params = {
        "handle": known.handle,
        "status": as_code(known.status, NAME),
        "made": known.first_seen_at,
        "until": known.expires_at or t("card.until.unknown"),
        "seen": known.last_seen_at,
    }
    if known.owner is None:
        return t("certificate_list.unmanaged", name=as_code(known.name, NAME), **params)
    return t("certificate_list.ours", owner=mention(known.owner), purpose=purpose(known, t), **params)
