"""The statements that mark messages to be rendered again, because what they are about has changed."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Select,
    Text,
    Update,
    Uuid,
    all_,
    and_,
    any_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, INET, JSONB

from bot.ports import MessageKind
from bot.ports.assertions import LISTED_REQUEST, SUPERSEDED, TOPICS, listed_request
from storage.tables import OPEN, grants, outbox, requests, targets
from storage.types import UtcDateTime

_NUMBERS: Final = ARRAY(BigInteger)
_FOLLOWING: Final = [kind for kind, topic in TOPICS.items() if topic.follows_request]
_CARDS: Final = [kind for kind in MessageKind if kind.is_card]
_SAYING_REACH: Final = [*_CARDS, MessageKind.IN_FORCE, MessageKind.ENDING, MessageKind.INTERRUPTED]
"""Kinds that say, or ask before a click, what else allows the address of their own grant."""

_changed = bindparam("marked_changed", type_=_NUMBERS)
_refreshed = bindparam("marked_refreshed", type_=_NUMBERS)
_listed = bindparam("marked_listed", type_=ARRAY(Text))
_keys = bindparam("marked_keys", type_=ARRAY(Text))

# What extends a grant, or opens it again, is shown with that grant, and the other way round.
_granting = (
    select(grants.c.request_id)
    .join(requests, requests.c.grant_id == grants.c.id)
    .where(requests.c.id == any_(_changed))
    .scalar_subquery()
)
_extending = (
    select(requests.c.id)
    .join(grants, requests.c.grant_id == grants.c.id)
    .where(grants.c.request_id == any_(_changed))
    .scalar_subquery()
)

# What else allows an address changes with every other grant of it, at the same target or around it.
_moved, _other = grants.alias("moved"), grants.alias("other")
_database = targets.alias("database")
_moved_at = union_all(
    select(_moved.c.target_id).where(_moved.c.request_id == any_(_changed)),
    select(_database.c.space_id)
    .join(_moved, _moved.c.target_id == _database.c.id)
    .where(_moved.c.request_id == any_(_changed), _database.c.space_id.is_not(None)),
    select(_database.c.id)
    .join(_moved, _moved.c.target_id == _database.c.space_id)
    .where(_moved.c.request_id == any_(_changed)),
)


def _networks_of(subject: ColumnElement[Any]) -> ColumnElement[Any]:
    """The networks that a subject is; null for one that is none."""
    text = cast(subject, Text)
    # The condition of a CASE is checked first: a subject that is no network would fail the cast.
    is_networks = text.regexp_match(r"^[0-9.]+/[0-9]+( [0-9.]+/[0-9]+)*$")
    return case((is_networks, cast(func.string_to_array(text, " "), ARRAY(INET))))


def _overlap(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a network of one array overlaps one of another."""
    network = func.unnest(one).column_valued("network")
    overlapping = network.op("&&", return_type=Boolean())(any_(other))
    return exists(select(network).where(overlapping).correlate(_other, _moved))


_overlapping = (
    select(_other.c.request_id)
    .join(
        _moved,
        or_(
            _overlap(_networks_of(_other.c.subject), _networks_of(_moved.c.subject)),
            # Accounts and users overlap in ways of their own; there are few of them at one target.
            and_(_networks_of(_other.c.subject).is_(None), _networks_of(_moved.c.subject).is_(None)),
        ),
    )
    .where(
        literal_column(f"other.{OPEN}", Boolean),
        _other.c.target_id == any_(func.array(_moved_at.scalar_subquery(), type_=ARRAY(Uuid))),
        _moved.c.request_id == any_(_changed),
    )
    .scalar_subquery()
)

_about_changed = or_(
    # As arrays: with them the index on requests answers, and not a look at every message.
    *(
        outbox.c.request_id == any_(numbers)
        for numbers in (
            _changed,
            func.array(_granting, type_=_NUMBERS),
            func.array(_extending, type_=_NUMBERS),
        )
    )
)


def in_order(meant: ColumnElement[bool]) -> Select[Any]:
    """Selects the numbers of messages, and locks them in their order.

    Two transactions that lock the same messages in two orders would deadlock.
    """
    return select(outbox.c.id).where(meant).order_by(outbox.c.id).with_for_update()


_refreshed_cards = and_(outbox.c.request_id == any_(_refreshed), outbox.c.kind.in_(_CARDS))
_refreshed_ones = outbox.c.key == any_(_keys)
_marked = in_order(
    or_(
        and_(_about_changed, outbox.c.kind.in_(_FOLLOWING)),
        _refreshed_cards,
        _refreshed_ones,
        and_(
            outbox.c.request_id == any_(func.array(_overlapping, type_=_NUMBERS)),
            outbox.c.kind.in_(_SAYING_REACH),
        ),
        and_(outbox.c.about.overlap(_listed), outbox.c.about.is_not(None), outbox.c.settled_at.is_(None)),
    )
)

# A lease is left alone: whoever holds it records the version that was rendered, and the message stays due.
MARK: Final[Update] = (
    update(outbox)
    .where(outbox.c.id.in_(_marked))
    .values(
        version=outbox.c.version + 1,
        due_at=func.now(),
        # Edited whatever it shows, so that a card that somebody deleted is missed.
        shown=case((or_(_refreshed_cards, _refreshed_ones), null()), else_=outbox.c.shown),
    )
)
"""Marks messages by the values of ``values_of``."""

_SUPERSEDED: Final = literal({SUPERSEDED: "yes"}, JSONB)

_ended = bindparam("ended", type_=ARRAY(Text))
_each = func.unnest(outbox.c.about).alias("entry")
_entry = literal_column("entry", Text)
# Requests about a finding are listed with it, and do not keep it from being over.
_of_requests = _entry.like(f"{LISTED_REQUEST}%")
_remaining = select(_entry).select_from(_each).where(_entry != all_(_ended)).scalar_subquery()
_is_over = ~exists(select(_entry).select_from(_each).where(_entry != all_(_ended), ~_of_requests))
_reporting = and_(outbox.c.about.overlap(_ended), outbox.c.about.is_not(None), outbox.c.settled_at.is_(None))

SETTLE: Final[Update] = (
    update(outbox)
    .where(outbox.c.id.in_(in_order(_reporting)))
    .values(
        # What is left of several findings; the last one settles the message.
        about=func.array(_remaining, type_=ARRAY(Text)),
        # The key is free again: what comes back is told anew, for nobody notices an edit.
        key=case((_is_over, func.concat(outbox.c.key, ":settled:", outbox.c.id)), else_=outbox.c.key),
        settled_at=case((_is_over, bindparam("settled", type_=UtcDateTime()))),
        # One about several findings lists those that are left.
        version=outbox.c.version + 1,
        due_at=func.now(),
    )
)
"""Settles messages about findings that are over: ``ended`` names them, ``settled`` is business time."""

SUPERSEDE: Final[Update] = SETTLE.values(
    params=case((_is_over, outbox.c.params.op("||")(_SUPERSEDED)), else_=outbox.c.params)
)
"""Does the same for findings that are asked about again, and says so among the params."""

_named = bindparam("named", type_=ARRAY(Text))
_naming = and_(outbox.c.about.overlap(_named), outbox.c.about.is_not(None), outbox.c.settled_at.is_(None))
_again = {"version": outbox.c.version + 1, "due_at": func.now()}

REFRESH_FINDINGS: Final[Update] = update(outbox).where(outbox.c.id.in_(in_order(_naming))).values(**_again)
"""Marks messages about findings, which ``named`` names, to be rendered again."""

ATTACH: Final[Update] = (
    update(outbox)
    .where(outbox.c.id.in_(in_order(_naming)))
    .values(about=func.array_append(outbox.c.about, bindparam("attached", type_=Text)), **_again)
)
"""Adds a request, which ``attached`` names, to what messages about findings are about."""


def values_of(
    changed: Collection[int], refreshed: Collection[int], keys: Collection[str] = ()
) -> dict[str, Any]:
    """Returns the values for ``MARK``.

    Args:
        changed: requests of which, or of whose grant, operation or certificate, something has changed.
        refreshed: requests whose cards are edited in any case.
        keys: of messages that are edited in any case.
    """
    return {
        "marked_changed": sorted(changed),
        "marked_refreshed": sorted(refreshed),
        "marked_keys": sorted(keys),
        "marked_listed": [listed_request(request) for request in sorted(changed)],
    }
