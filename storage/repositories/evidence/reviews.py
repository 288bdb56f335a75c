"""Compares the answers of access reviews with their lines: the export of a review is read from the rows."""

from typing import Final

from sqlalchemy import BigInteger, Text, and_, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.access_review import Answer
from bot.ports import BOT
from storage.tables import access_review_items, access_reviews, audit

SUBJECT: Final = "access review"
"""Subject of the lines of a review and of its answers."""

_line, _item = audit.alias("line"), access_review_items
_said = _line.c.details
_is_same = and_(
    _line.c.request_id == _item.c.request_id,
    _line.c.subject == SUBJECT,
    _line.c.after == _item.c.answer,
    _said["review"].astext == cast(_item.c.review_id, Text),
    _said["certificate"].astext.is_not_distinct_from(cast(_item.c.certificate_id, Text)),
    _said["because"].astext == _item.c.because,
    case(
        # What was kept on the weekly review is taken over when the review begins.
        (_line.c.actor == BOT, _said["by"].astext == _item.c.answered_by),
        else_=and_(_line.c.actor == _item.c.answered_by, _line.c.at == _item.c.answered_at),
    ),
)

_WITHOUT_LINE: Final = (
    select(_item.c.review_id, _item.c.request_id)
    .where(_item.c.answer.is_not(None), ~select(_line.c.id).where(_is_same).exists())
    .order_by(_item.c.id)
)
"""Items with an answer that no line says."""

_WITHOUT_ROW: Final = (
    select(_line.c.id, _line.c.request_id, _said["review"].astext)
    .where(
        _line.c.request_id.is_not(None),
        _line.c.subject == SUBJECT,
        _line.c.after.in_(Answer),
        ~select(_item.c.id).where(_is_same).exists(),
    )
    .order_by(_line.c.id)
)
"""Lines of answers that no item has."""

_counted = (
    select(func.count())
    .select_from(_item)
    .where(_item.c.review_id == cast(_said["review"].astext, BigInteger))
    .scalar_subquery()
)
_COUNTS: Final = (
    select(_line.c.id, _said["review"].astext, _said["items"].astext, cast(_counted, Text))
    .where(
        _line.c.subject == SUBJECT,
        _line.c.after == "begun",
        _said["items"].astext != cast(_counted, Text),
    )
    .order_by(_line.c.id)
)
"""Reviews that have not as many items as they were begun with."""

_WITHOUT_BEGINNING: Final = (
    select(access_reviews.c.id)
    .where(
        ~select(_line.c.id)
        .where(
            _line.c.subject == SUBJECT,
            _line.c.after == "begun",
            _said["review"].astext == cast(access_reviews.c.id, Text),
        )
        .exists()
    )
    .order_by(access_reviews.c.id)
)
"""Reviews that no line has begun."""


async def wrong_reviews(connection: AsyncConnection) -> list[tuple[int | None, int | None, str]]:
    """Finds access reviews and answers that are not what their lines say.

    Args:
        connection: of a snapshot, so that rows and lines belong to one moment.

    Returns:
        The request and the line if there are any, and what is wrong, as a sentence for the command line.
    """
    found: list[tuple[int | None, int | None, str]] = [
        (None, None, f"no line is about the access review {review}")
        for (review,) in await connection.execute(_WITHOUT_BEGINNING)
    ]
    found += [
        (None, line, f"the access review {review} has {there} items, and the line says {said}")
        for line, review, said, there in await connection.execute(_COUNTS)
    ]
    found += [
        (request, None, f"its answer in the access review {review} is not what any line says")
        for review, request in await connection.execute(_WITHOUT_LINE)
    ]
    found += [
        (request, line, f"the access review {review} does not have the answer that the line says")
        for line, request, review in await connection.execute(_WITHOUT_ROW)
    ]
    return found
