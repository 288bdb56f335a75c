"""The client certificates that there are: whose, what for, until when, and how fresh that is."""

from collections.abc import Sequence
from typing import Final

from bot.domain.mtls.certificate import KnownCertificate
from bot.i18n.translator import Mrkdwn, Translator, cut, mention
from bot.ports import Block, CertificateList, Message
from bot.views import block_kit
from bot.views.mtls import expiry
from bot.views.mtls.card import NAME, PURPOSE, one_line

SHOWN: Final = 20
"""Certificates in one answer: with their databases' headings they stay below Slack's 50 blocks."""


def listing(stocks: Sequence[CertificateList], t: Translator) -> Message:
    """The inventory; of several databases, those that have any certificates.

    Args:
        stocks: by database, not empty.
        words: the reader's language.
    """
    title = t("stock.title")
    shown: list[Block] = []
    wanted = [stock for stock in stocks if stock.certificates] or stocks[:1]
    left = SHOWN
    for stock in wanted:
        some = stock.certificates[:left]
        if some or not stock.certificates:
            shown += _stock(stock, some, t)
        left -= len(some)
    if not any(stock.certificates for stock in wanted):
        shown.append(block_kit.section(t("stock.none", app=wanted[0].database.app)))
    rest = sum(len(stock.certificates) for stock in wanted) - (SHOWN - left)
    if rest:
        shown.append(block_kit.context(t("stock.more", count=rest)))
    return Message(text=title, blocks=[block_kit.section(title), *shown])


def _stock(stock: CertificateList, some: Sequence[KnownCertificate], t: Translator) -> list[Block]:
    observation, app = stock.observation, stock.database.app
    if observation is not None and not observation.enabled:
        return [block_kit.section(t("stock.database.off", app=app)), *_lines(some, t)]
    if observation is None or observation.certificates_at is None:
        return [block_kit.section(t("stock.database.unread", app=app)), *_lines(some, t)]
    heading = block_kit.section(t("stock.database", app=app, at=observation.certificates_at))
    return [heading, *_lines(some, t)]


def _lines(some: Sequence[KnownCertificate], t: Translator) -> list[Block]:
    shown: list[Block] = []
    for known in some:
        shown.append(block_kit.section(_line(known, t)))
        if known.ladder.step is not None:
            shown.append(block_kit.context(expiry.standing(known.ladder, t)))
    return shown


def _line(known: KnownCertificate, t: Translator) -> Mrkdwn:
    params = {
        "handle": known.handle,
        "status": cut(one_line(known.status), NAME),
        "made": known.first_seen_at,
        "until": known.expires_at or t("card.until.unknown"),
        "seen": known.last_seen_at,
    }
    if known.owner is None:
        return t("stock.unmanaged", name=cut(one_line(known.name), NAME), **params)
    purpose = cut(one_line(known.purpose), PURPOSE) if known.purpose else t("stock.purpose.none")
    return t("stock.ours", owner=mention(known.owner), purpose=purpose, **params)
