"""Which IP rules of a database allow a network, and whether a person has a certificate to connect with."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from bot.domain.listed_entry import ListedEntry, Listing, is_clear, read_loosely
from bot.domain.method import AUTHORISED, Method
from bot.domain.mtls.certificate import DISABLED, DISABLING, READY, KnownCertificate
from bot.domain.mtls.observation import IpRule, MtlsObservation
from bot.domain.outside.text import UNREADABLE
from bot.domain.subject import Network


class CertificateStanding(StrEnum):
    """Whether a person has a client certificate of a database that can be used now.

    ``missing`` says what pgaccess knows: a certificate that somebody made at Heroku has no owner here.
    """

    VALID = "valid"
    PENDING = "pending"
    EXPIRED = "expired"
    MISSING = "missing"
    UNKNOWN = "unknown"


def listing(observation: MtlsObservation | None, network: Network) -> Listing:
    """Returns the rules that allow all or a part of a network."""
    if observation is None:
        return Listing(at=None)
    found = [
        entry
        for rule in observation.rules
        if (entry := _entry(rule, network, owned=rule.id in observation.ours)) is not None
    ]
    clear = all(is_clear(rule.network) for rule in observation.rules)
    return Listing(at=observation.at, entries=tuple(found), clear=clear)


def certificate_standing(
    own: Iterable[KnownCertificate], observation: MtlsObservation | None, *, now: datetime
) -> CertificateStanding:
    """Judges a person's own certificates of a database; those of others never count.

    Args:
        own: those in the inventory that were made for the person.
        observation: the last one of the database; None, or without certificates, if none were ever read.
        now: time to compare ends with.
    """
    present = [each for each in own if each.absent_at is None and each.status not in (DISABLING, DISABLED)]
    usable = [each for each in present if each.status == READY]
    if any(each.expires_at is not None and each.expires_at > now for each in usable):
        return CertificateStanding.VALID
    # Whether an end that could not be read has passed is not known.
    if any(each.expires_at is None for each in usable):
        return CertificateStanding.UNKNOWN
    if len(usable) < len(present):
        return CertificateStanding.PENDING
    if usable:
        return CertificateStanding.EXPIRED
    if observation is None or observation.certificates_at is None:
        return CertificateStanding.UNKNOWN
    return CertificateStanding.MISSING


def _entry(rule: IpRule, network: Network, *, owned: bool) -> ListedEntry | None:
    listed = read_loosely(rule.network)
    if listed is None or not listed.overlaps(network):
        return None
    return ListedEntry(
        method=Method.MTLS,
        name=str(rule.network),
        network=listed,
        exact=listed == network,
        whole=network.subnet_of(listed),
        owned=owned,
        status="" if rule.status == AUTHORISED else rule.status or UNREADABLE,
    )
