"""What else allows an address, in sentences: said wherever access ends or is about to end.

Every sentence is about the address, and says when Heroku was read: that one rule is gone proves nothing.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final

from bot.domain.command_text import line_for
from bot.domain.listed_entry import ListedEntry
from bot.domain.method import Method
from bot.domain.network import parse_address
from bot.domain.privatelink.aws_account import accounts, parse_accounts, short
from bot.domain.reach import Extent, Reach, extent_of
from bot.domain.request import Kind
from bot.domain.subject import Accounts, Network, Networks, Subject, gathered
from bot.errors import Refused
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import RequestDetails
from bot.views.text import as_code, numbers

NAMED: Final = 3
"""Entries, and requests beside one, that a sentence names."""

NAME: Final = 60
"""Characters of an entry's name; an AWS user's path may have up to 512."""

LINE: Final = 500
"""Characters of the entries that a sentence names: with its commands it still fits a section."""


def still(details: RequestDetails, t: Translator) -> list[Mrkdwn]:
    """Says what still allows the addresses of a request whose access is over, and what to do about it.

    Args:
        details: the request.
        t: the reader's language.

    Returns:
        No sentence where it is known that nothing does.
    """
    return _said("reach.still", details, details.reach, t)


def after_failure(details: RequestDetails, failed: int, t: Translator) -> list[Mrkdwn]:
    """Says what still allows the addresses of a request that failed, and else what its attempt left behind.

    Args:
        details: the request.
        failed: the request whose grant failed.
        t: the reader's language.

    Returns:
        No sentence where the last observation shows nothing that allows them.
    """
    said = _said("reach.still", details, [reach.without({failed}) for reach in details.reach], t)
    left_behind = _allowed(details.reach)
    if said or not left_behind:
        return said
    return [t("reach.leaving", network=_subject(left_behind, details), app=details.target.label)]


def stays(details: RequestDetails, ended: Collection[int], t: Translator) -> list[Mrkdwn]:
    """Says what will allow the addresses of a request once the grants of some requests have ended."""
    return _said("reach.stays", details, [reach.without(ended) for reach in details.reach], t)


def stays_removed(details: RequestDetails, t: Translator) -> list[Mrkdwn]:
    """Says what will allow the addresses of a request once its removal is carried out."""
    method = details.request.terms.method
    return _said("reach.stays", details, [reach.without_removed(method) for reach in details.reach], t)


def question(details: RequestDetails, t: Translator) -> Mrkdwn:
    """Asks before a click that ends a request's access at once; plain, since questions have no markup."""
    ended = () if details.grant is None else (details.grant.request,)
    reaches = [reach.without(ended) for reach in details.reach]
    params = {"network": details.request.terms.subject, "app": details.target.label}
    allowed, extent = _allowed(reaches), extent_of(reaches)
    if extent in (Extent.WHOLE, Extent.PART):
        key = "confirm.revoke.stays" if extent_of(allowed) is Extent.WHOLE else "confirm.revoke.stays.part"
        params["network"] = _subject(allowed, details)
        named = by(entries(allowed), details.nearby.space, t, most=1)
        return t(key, id=_number(details), by=named, **params)
    possible = [entry for reach in reaches for entry in reach.possible]
    if possible:
        named = by(possible, details.nearby.space, t, most=1)
        return t("confirm.revoke.maybe", id=_number(details), by=named, **params)
    if extent is Extent.UNKNOWN:
        return t("confirm.revoke.unknown", id=_number(details), **params)
    return t("confirm.revoke", **params)


def stays_ended(details: RequestDetails, t: Translator) -> list[Mrkdwn]:
    """Says what will allow the addresses of a request once every grant of exactly these has ended.

    A grant of the same address by another access method does not end with them.
    """
    method = details.request.terms.method
    return stays(details, {id for reach in details.reach for id in _relying(reach, method)}, t)


def outlasting(every: Iterable[RequestDetails], t: Translator) -> list[Mrkdwn]:
    """Names those of some requests whose addresses stay allowed once the grants of all of them have ended."""
    ending = [each for each in every if each.grant is not None and each.request.kind is Kind.OPEN]
    ended = {each.request.id for each in ending}
    found = []
    for details in ending:
        left_over = [reach.without(ended) for reach in details.reach]
        if extent_of(left_over) in (Extent.WHOLE, Extent.PART):
            params = {"id": details.request.id, "app": details.target.label}
            named, about = (
                by(entries(left_over), details.nearby.space, t),
                _subject(_allowed(left_over), details),
            )
            found.append(t("person.outlasts.one", by=named, network=about, **params))
    return found


def undecided(every: Iterable[RequestDetails], t: Translator) -> list[Mrkdwn]:
    """Names those of some requests of whose addresses it is not known whether a range keeps them allowed."""
    ending = [each for each in every if each.grant is not None and each.request.kind is Kind.OPEN]
    ended = {each.request.id for each in ending}
    found = []
    for details in ending:
        left_over = [reach.without(ended) for reach in details.reach]
        possible = [entry for reach in left_over for entry in reach.possible]
        if possible and extent_of(left_over) is Extent.UNKNOWN:
            about = {"network": details.request.terms.subject, "app": details.target.label}
            named = by(possible, details.nearby.space, t)
            found.append(t("person.outlasts.one", id=details.request.id, by=named, **about))
    return found


def outlasts(details: RequestDetails) -> bool:
    """Whether an entry allows, or may allow, an address of a request once its own access has ended."""
    ended = () if details.grant is None else (details.grant.request,)
    left_over = [reach.without(ended) for reach in details.reach]
    known = extent_of(left_over) in (Extent.WHOLE, Extent.PART)
    return known or any(reach.possible for reach in left_over)


def left(details: RequestDetails, address: str) -> list[ListedEntry]:
    """Returns the entries that allow one address of a request now."""
    return entries(reach for reach in details.reach if str(reach.address) == address)


def entries(reaches: Iterable[Reach]) -> list[ListedEntry]:
    """Returns the entries to name: where some allow all of an address, the others say nothing more."""
    found: dict[tuple[Method, str, bool], ListedEntry] = {}
    for reach in reaches:
        whole = [each for each in reach.entries if each.whole and each.active]
        for each in whole or reach.entries:
            found.setdefault((each.method, each.name, each.owned), each)
    return list(found.values())


def covering(details: RequestDetails, t: Translator) -> list[Mrkdwn]:
    """Says what allows the addresses of a request already, besides an entry of exactly these."""
    others = [reach.without_exact(details.request.terms.method) for reach in details.reach]
    found, extent = entries(others), extent_of(others)
    if not found:
        return []
    whole = extent is Extent.WHOLE or (extent is not Extent.PART and all(each.whole for each in found))
    key = "card.change.covered" if whole else "card.change.covered.part"
    return [t(key, cover=by(found, details.nearby.space, t))]


def verdict(reached: Reach, target: str, space: str, t: Translator) -> Mrkdwn:
    """Says what allows one address to a target, whoever asks.

    Args:
        reached: of the address.
        target: the label of the database or space.
        space: as for `by`.
        t: the reader's language.
    """
    params = {"network": reached.address, "app": target}
    named = by([entry for entry in entries([reached]) if entry.active], space, t)
    match reached.extent:
        case Extent.WHOLE:
            return t("why.address.whole", by=named, **params)
        case Extent.PART:
            return t("why.address.part", by=named, **params)
        case Extent.UNKNOWN:
            return t("why.address.unknown", **params)
    if reached.entries:
        return t("why.address.idle", by=by(reached.entries, space, t), **params)
    return t("why.address.none", **params)


def by(found: Iterable[ListedEntry], space: str, t: Translator, *, most: int = NAMED) -> Mrkdwn:
    """Names entries, each with who manages it; of many, some and how many more there are.

    Args:
        found: the entries.
        space: the space whose ranges are among them; empty where the target itself is a space.
        t: the reader's language.
        most: entries that are named.
    """
    return t.names([_named(each, space, t) for each in found], most=most, limit=LINE)


def _said(key: str, details: RequestDetails, reaches: Sequence[Reach], t: Translator) -> list[Mrkdwn]:
    allowed, app = _allowed(reaches), details.target.label
    if not allowed:
        return _perhaps(details, reaches, t)
    found, age = entries(allowed), min(reach.at for reach in allowed if reach.at is not None)
    extent = extent_of(allowed)
    if extent not in (Extent.WHOLE, Extent.PART):
        key = "reach.listed"
    sentence = t(
        f"{key}.part" if extent is Extent.PART else key,
        network=_subject(allowed, details),
        app=app,
        by=by(found, details.nearby.space, t),
        at=age,
    )
    how = _how(found, details, t)
    besides = [] if extent is Extent.WHOLE else _maybe(details, reaches, t)
    return [sentence, *besides] if how is None else [sentence, *besides, how]


def _perhaps(details: RequestDetails, reaches: Sequence[Reach], t: Translator) -> list[Mrkdwn]:
    """That it is not known whether anything allows the addresses; nothing where it is known not to."""
    maybe, unknown = _maybe(details, reaches, t), extent_of(reaches) is Extent.UNKNOWN
    if maybe or not unknown:
        return maybe
    return [t("reach.unknown", network=details.request.terms.subject, app=details.target.label)]


def _maybe(details: RequestDetails, reaches: Sequence[Reach], t: Translator) -> list[Mrkdwn]:
    """The ranges of the space that may allow the addresses: it is not known whether they do."""
    possible = [entry for reach in reaches for entry in reach.possible]
    if not possible:
        return []
    named = by(possible, details.nearby.space, t)
    age = min(reach.at for reach in reaches if reach.at is not None)
    about = {"network": details.request.terms.subject, "app": details.target.label}
    return [t("reach.maybe", by=named, at=age, **about)]


def _allowed(reaches: Iterable[Reach]) -> list[Reach]:
    """Those of several addresses that an entry allows, or is about to allow."""
    return [reach for reach in reaches if reach.entries]


def _subject(allowed: Sequence[Reach], details: RequestDetails) -> Subject:
    """What a sentence is about: of several networks or accounts, those that it is true of."""
    match details.request.terms.subject:
        case Accounts():
            return accounts(str(reach.address) for reach in allowed)
        case Networks():
            return gathered(reach.address for reach in allowed if isinstance(reach.address, Network))
        case subject:
            return subject


def _relying(reach: Reach, method: Method) -> set[int]:
    """The requests whose grants rely on an entry of exactly the address in the list of an access method."""
    exact = [entry for entry in reach.entries if entry.exact and entry.method is method]
    return {id for entry in exact for id in (*entry.requests, *entry.ending)}


def _number(details: RequestDetails) -> int:
    """The request whose grant it is: an extension is about the grant of another."""
    return details.request.id if details.grant is None else details.grant.request


def _named(entry: ListedEntry, space: str, t: Translator) -> Mrkdwn:
    name = as_code(short(entry.name), NAME)
    if not entry.owned:
        shown = t("reach.by.unmanaged", entry=name)
    elif entry.requests:
        shown = t("reach.by.requests", entry=name, requests=t.names(numbers(entry.requests), most=NAMED))
    elif entry.ending and not entry.adopted:
        shown = t("reach.by.ending", entry=name, requests=t.names(numbers(entry.ending), most=NAMED))
    else:
        shown = t("reach.by.ours", entry=name)
    if entry.method is Method.TRUSTED and space:
        shown = t("reach.by.space", entry=shown, space=space)
    return shown if entry.active else t("reach.by.idle", entry=shown, status=as_code(entry.status, NAME))


def _how(found: Sequence[ListedEntry], details: RequestDetails, t: Translator) -> Mrkdwn | None:
    """What closes the first of these that nobody here watches; else which request keeps the first."""
    for entry in found:
        subject = None if entry.owned else _typed(entry)
        if subject is not None:
            terms = replace(details.request.terms, method=entry.method, subject=subject)
            of_space = entry.method is Method.TRUSTED and details.nearby.space
            label = of_space or details.target.label
            remove, adopt = (line_for(kind, terms, label) for kind in (Kind.REMOVE_UNMANAGED, Kind.ADOPT))
            return t("reach.how.unmanaged", entry=subject, remove=remove, adopt=adopt)
    kept = [request for entry in found for request in entry.requests]
    return t("reach.how.request", id=kept[0]) if kept else None


def _typed(entry: ListedEntry) -> Subject | None:
    """An entry as a command takes it; None where no command does, such as 0.0.0.0/0 or an account ``*``."""
    try:
        if entry.method is Method.PRIVATELINK:
            return parse_accounts(short(entry.name))
        return parse_address(entry.name)
    except Refused:
        return None
