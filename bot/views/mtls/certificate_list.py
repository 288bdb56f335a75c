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


def listing(stocks: Sequence[CertificateList], words: Translator) -> Message:
    """The inventory; of several databases, those that have any certificates.

    Args:
        stocks: by database, not empty.
        words: the reader's language.
    """
    title = words("stock.title")
    shown: list[Block] = []
    wanted = [stock for stock in stocks if stock.certificates] or stocks[:1]
    left = SHOWN
    for stock in wanted:
        some = stock.certificates[:left]
        if some or not stock.certificates:
            shown += _stock(stock, some, words)
        left -= len(some)
    if not any(stock.certificates for stock in wanted):
        shown.append(block_kit.section(words("stock.none", app=wanted[0].database.app)))
    rest = sum(len(stock.certificates) for stock in wanted) - (SHOWN - left)
    if rest:
        shown.append(block_kit.context(words("stock.more", count=rest)))
    return Message(text=title, blocks=[block_kit.section(title), *shown])


def _stock(stock: CertificateList, some: Sequence[KnownCertificate], words: Translator) -> list[Block]:
    look, app = stock.look, stock.database.app
    if look is not None and not look.enabled:
        return [block_kit.section(words("stock.database.off", app=app)), *_lines(some, words)]
    if look is None or look.certificates_at is None:
        return [block_kit.section(words("stock.database.unread", app=app)), *_lines(some, words)]
    heading = block_kit.section(words("stock.database", app=app, at=look.certificates_at))
    return [heading, *_lines(some, words)]


def _lines(some: Sequence[KnownCertificate], words: Translator) -> list[Block]:
    shown: list[Block] = []
    for known in some:
        shown.append(block_kit.section(_line(known, words)))
        if known.ladder.step is not None:
            shown.append(block_kit.context(expiry.standing(known.ladder, words)))
    return shown


def _line(known: KnownCertificate, words: Translator) -> Mrkdwn:
    params = {
        "handle": known.handle,
        "status": cut(one_line(known.status), NAME),
        "made": known.first_seen_at,
        "until": known.expires_at or words("card.until.unknown"),
        "seen": known.last_seen_at,
    }
    if known.owner is None:
        return words("stock.foreign", name=cut(one_line(known.name), NAME), **params)
    purpose = cut(one_line(known.purpose), PURPOSE) if known.purpose else words("stock.purpose.none")
    return words("stock.ours", owner=mention(known.owner), purpose=purpose, **params)
