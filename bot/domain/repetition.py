"""Requesting the same once more: of which requests that is offered, and for how long it is then asked."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.domain.duration import FOREVER, show_duration
from bot.domain.grant import Grant, GrantState
from bot.domain.request import Kind, Request, RequestState, Terms

CLOCK: Final = timedelta(hours=24)
"""Up to here an end was meant as a time of the clock, such as "until 18:00"; beyond it as a distance."""

_OVER: Final = frozenset(
    {RequestState.DENIED, RequestState.CANCELLED, RequestState.LAPSED, RequestState.WITHDRAWN}
)


def can_be_repeated(request: Request, grant: Grant | None) -> bool:
    """Whether a request for access is over, so that the same can be requested again.

    Args:
        request: as it stands.
        grant: that it opened, if it did.
    """
    if request.kind is not Kind.OPEN:
        return False
    return request.state in _OVER or (grant is not None and grant.state is GrantState.ENDED)


def repeated_length(terms: Terms, *, asked: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Returns for how long to ask again, as a person types it: the same duration, or the same kind of end.

    An end that is still to come stays. One that has passed is asked for by the same time of the clock, or,
    where it was more than a day away, by its distance.

    Args:
        terms: of the request.
        asked: business time at which it was made.
        now: business time.
        zone: of the person who asks again.
    """
    if terms.duration is not None:
        return show_duration(terms.duration)
    if terms.until is None:
        return FOREVER
    end = terms.until.astimezone(zone)
    if terms.until > now:
        return f"{end:%Y-%m-%d %H:%M}"
    if terms.until - asked <= CLOCK:
        return f"{end:%H:%M}"
    return show_duration(terms.until - asked)
