"""Reach: which entries allow an address to a database or a space, and what a person still lacks.

Pure: values in, values out. What is said of reach is said of the address and not of one rule: an entry of
ours that is gone proves nothing while another one allows the same address. So every list that may allow it
counts, owned or unmanaged, exact or covering, of the database and of its space.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.grant import Grant, GrantState
from bot.domain.listed_entry import ListedEntry, Listing, is_whole
from bot.domain.method import Method
from bot.domain.mtls import reach as mtls
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.mtls.reach import CertificateStanding, certificate_standing
from bot.domain.observation import Observation
from bot.domain.privatelink import reach as privatelink
from bot.domain.privatelink.observation import PrivateLinkObservation
from bot.domain.subject import Accounts, Network, Networks, Subject, names_of, networks_of
from bot.domain.trusted_ips import reach as trusted_ips
from bot.domain.trusted_ips.ruleset import EVERYWHERE, DataServices, RulesetObservation


class Extent(StrEnum):
    """How much of an address is allowed; ``unknown`` where a list was not read, or not all of it could be."""

    WHOLE = "whole"
    PART = "part"
    NONE = "none"
    UNKNOWN = "unknown"


class Need(StrEnum):
    """What a connection needs: an allowed address, a client certificate, a login of the database."""

    ADDRESS = "address"
    CERTIFICATE = "certificate"
    LOGIN = "login"


class Standing(StrEnum):
    """Whether a person has what they need; ``unknown`` is never told as the one or the other."""

    HELD = "held"
    LACKING = "lacking"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Nearby:
    """What is known of a target besides the last observation of one access method.

    Attributes:
        space: name of the space that a database is in; empty where that can have no trusted ranges.
        ranges: the last observation of that space's list.
        services: whether that list concerns the databases of the space; for a space, its own.
        missing: the last discovery has not found that space, so that its list is as it was before.
        grants: open ones at the target and its space.
        adopted: entries that stay without a grant, by method and name.
        certificates: the requester's own that Heroku has at the target.
    """

    space: str = ""
    ranges: RulesetObservation | None = None
    services: DataServices = DataServices.UNKNOWN
    missing: bool = False
    grants: tuple[Grant, ...] = ()
    adopted: frozenset[tuple[Method, str]] = frozenset()
    certificates: tuple[KnownCertificate, ...] = ()


NOTHING_NEARBY = Nearby()
"""Nothing else is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """Which entries allow one address.

    Attributes:
        address: a network, or the ARN of an account or user.
        entries: those that allow all or a part of it, the most specific first.
        at: when the oldest of the lists was read, by Postgres' clock; None where none ever was.
        clear: False where a list was never read, or has something unreadable that may allow it too.
        maybe: trusted ranges that cover it, where it is not known whether they concern databases, or
            whether they are still as they were.
    """

    address: Network | str
    entries: tuple[ListedEntry, ...]
    at: datetime | None
    clear: bool
    maybe: tuple[ListedEntry, ...] = ()

    @property
    def extent(self) -> Extent:
        """How much of the address the entries in force allow."""
        active = [entry for entry in self.entries if entry.active]
        networks = [entry.network for entry in active if entry.network is not None]
        joined = isinstance(self.address, Network) and is_whole(self.address, networks)
        if joined or any(entry.whole for entry in active):
            return Extent.WHOLE
        if active:
            return Extent.PART
        return Extent.UNKNOWN if self.possible or not self.clear else Extent.NONE

    @property
    def possible(self) -> tuple[ListedEntry, ...]:
        """The ranges in force that may allow the address, beside those entries that are known to."""
        return tuple(entry for entry in self.maybe if entry.active)

    def without(self, requests: Collection[int]) -> "Reach":
        """Returns the reach once the grants of some requests have ended, as they are closed by pgaccess.

        An entry goes if pgaccess made it and no other grant needs it.
        """
        ended = frozenset(requests)
        return replace(self, entries=_all_left(self.entries, ended), maybe=_all_left(self.maybe, ended))

    def without_exact(self, method: Method) -> "Reach":
        """Returns the reach without the entries of exactly this address in the list of one access method.

        A range of the space that is the same address is another entry: it stays when an IP rule is removed.
        """
        others = (entry for entry in self.entries if not (entry.exact and entry.method is method))
        return replace(self, entries=tuple(others))

    def without_removed(self, method: Method) -> "Reach":
        """Returns the reach once an approved removal of this address by an access method is carried out.

        It takes what no grant needs: an entry that one has come to need since then is left.
        """
        needed = [entry for entry in self.entries if entry.requests and entry.method is method]
        left = self.without_exact(method).entries
        return replace(self, entries=_sorted({*left, *needed}))


def reach_of(
    subject: Subject, *, method: Method, observation: Observation | None, nearby: Nearby = NOTHING_NEARBY
) -> tuple[Reach, ...]:
    """Computes which entries allow a subject to the target of a request.

    Args:
        subject: of a request or grant.
        method: its access method.
        observation: the last one of its target and method.
        nearby: what else is known of the target.

    Returns:
        The reach of every address of the subject; nothing for a subject that is no address.
    """
    match subject:
        case Accounts(arns=arns):
            link = observation if isinstance(observation, PrivateLinkObservation) else None
            return tuple(_reach(arn, [privatelink.listing(link, arn)], nearby) for arn in arns)
        case Network() | Networks() if method is Method.TRUSTED:
            ranges = observation if isinstance(observation, RulesetObservation) else None
            return tuple(
                _reach(network, [trusted_ips.listing(ranges, network)], nearby)
                for network in networks_of(subject)
            )
        case Network() | Networks():
            rules = observation if isinstance(observation, MtlsObservation) else None
            return tuple(_database_reach(network, rules, nearby) for network in networks_of(subject))
    return ()


def least(reaches: Sequence[Reach]) -> Reach:
    """Returns, of several addresses, the first that is allowed the least: what it lacks comes next."""
    order = (Extent.NONE, Extent.UNKNOWN, Extent.PART, Extent.WHOLE)
    return min(reaches, key=lambda reach: order.index(reach.extent))


def extent_of(reaches: Iterable[Reach]) -> Extent:
    """Returns how much of several addresses together is allowed."""
    extents = {reach.extent for reach in reaches}
    if extents == {Extent.WHOLE}:
        return Extent.WHOLE
    if extents & {Extent.WHOLE, Extent.PART}:
        return Extent.PART
    return Extent.UNKNOWN if Extent.UNKNOWN in extents else Extent.NONE


def needs(
    reaches: Sequence[Reach],
    *,
    method: Method,
    certificates: Iterable[KnownCertificate],
    observation: Observation | None,
    now: datetime,
) -> Mapping[Need, Standing]:
    """Judges what a person has of what a connection by an access method needs.

    A certificate is needed with mTLS only. Logins are not known to pgaccess, so a login is never claimed.

    Args:
        reaches: of the addresses that the person connects from.
        method: the access method.
        certificates: the person's own.
        observation: the last one of the target and method.
        now: time to compare ends with.
    """
    addresses = {
        Extent.WHOLE: Standing.HELD,
        Extent.NONE: Standing.LACKING,
    }
    found = {Need.ADDRESS: addresses.get(extent_of(reaches), Standing.UNKNOWN)}
    if method is Method.MTLS:
        rules = observation if isinstance(observation, MtlsObservation) else None
        found[Need.CERTIFICATE] = _standing(certificate_standing(certificates, rules, now=now))
    return {**found, Need.LOGIN: Standing.UNKNOWN}


def _database_reach(network: Network, rules: MtlsObservation | None, nearby: Nearby) -> Reach:
    """By the rules of the database, and by the ranges of its space where these concern databases."""
    own = mtls.listing(rules, network)
    # Web traffic alone is a person's word that support was never asked; everything else is not known.
    if not nearby.space or nearby.services is DataServices.WEB_ONLY:
        return _reach(network, [own], nearby)
    ranges, confirmed = trusted_ips.listing(nearby.ranges, network), nearby.services is DataServices.CONFIRMED
    if confirmed and not nearby.missing:
        return _reach(network, [own, ranges], nearby)
    # Every new space allows everybody to its web traffic, while its databases are closed.
    ranged = [entry for entry in ranges.entries if confirmed or entry.name != EVERYWHERE]
    reach = _reach(network, [own, replace(ranges, entries=())], nearby)
    return replace(reach, maybe=_sorted(_with_grants(entry, nearby) for entry in ranged))


def _reach(address: Network | str, listings: Sequence[Listing], nearby: Nearby) -> Reach:
    read = [listing.at for listing in listings if listing.at is not None]
    entries = [_with_grants(entry, nearby) for listing in listings for entry in listing.entries]
    return Reach(
        address=address,
        entries=_sorted(entries),
        at=min(read, default=None),
        clear=all(listing.at is not None and listing.clear for listing in listings),
    )


def _sorted(entries: Iterable[ListedEntry]) -> tuple[ListedEntry, ...]:
    """The most specific first; of two equal ones the owned one, which serves before the other."""
    return tuple(
        sorted(
            entries,
            key=lambda entry: (
                not entry.active,
                not entry.whole,
                -entry.network.prefixlen if entry.network else 0,
                not entry.exact,
                not entry.owned,
                entry.name,
            ),
        )
    )


def _with_grants(entry: ListedEntry, nearby: Nearby) -> ListedEntry:
    """The entry with the requests whose grants rely on it; a grant relies on an entry of exactly itself."""
    if not entry.owned:
        return entry
    relying = [
        grant
        for grant in nearby.grants
        if grant.method is entry.method and entry.name in names_of(grant.subject)
    ]
    return replace(
        entry,
        adopted=(entry.method, entry.name) in nearby.adopted,
        requests=_requests(relying, (GrantState.APPLYING, GrantState.IN_FORCE)),
        ending=_requests(relying, (GrantState.ENDING,)),
    )


def _requests(grants: Iterable[Grant], states: Collection[GrantState]) -> tuple[int, ...]:
    return tuple(sorted({grant.request for grant in grants if grant.state in states}))


def _all_left(entries: Iterable[ListedEntry], ended: frozenset[int]) -> tuple[ListedEntry, ...]:
    left = (_left(entry, ended) for entry in entries)
    return tuple(entry for entry in left if entry is not None)


def _left(entry: ListedEntry, ended: frozenset[int]) -> ListedEntry | None:
    """The entry once some grants have ended; None where it is removed with them.

    A wider or narrower entry that none of them relied on has nothing to do with their end.
    """
    remaining = tuple(each for each in entry.requests if each not in ended)
    relied = entry.exact or not ended.isdisjoint((*entry.requests, *entry.ending))
    if entry.owned and not entry.adopted and relied and not remaining:
        return None
    return replace(entry, requests=remaining)


def _standing(certificate: CertificateStanding) -> Standing:
    match certificate:
        case CertificateStanding.VALID:
            return Standing.HELD
        case CertificateStanding.UNKNOWN:
            return Standing.UNKNOWN
    return Standing.LACKING
