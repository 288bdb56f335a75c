"""Time zones as people type them: offsets, abbreviations and names of the zone database (IANA)."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_OFFSET: Final = re.compile(
    r"(?:utc|gmt)? ?(?P<sign>[+-]) ?(?P<hours>[0-9]{1,2}):?(?P<minutes>[0-9]{2})?", re.I | re.A
)
_WIDEST: Final = timedelta(hours=14)
"""The largest offset in use: Pacific/Kiritimati."""

_ABBREVIATIONS: Final[Mapping[str, Sequence[tuple[float, str]]]] = {
    "utc": ((0, "UTC"),),
    "gmt": ((0, "UTC"),),
    "z": ((0, "UTC"),),
    "bst": ((1, "Europe/London"), (6, "Asia/Dhaka")),
    "wet": ((0, "Europe/Lisbon"),),
    "west": ((1, "Europe/Lisbon"),),
    "cet": ((1, "Europe/Berlin"),),
    "cest": ((2, "Europe/Berlin"),),
    "eet": ((2, "Europe/Helsinki"),),
    "eest": ((3, "Europe/Helsinki"),),
    "msk": ((3, "Europe/Moscow"),),
    "wat": ((1, "Africa/Lagos"),),
    "cat": ((2, "Africa/Maputo"),),
    "sast": ((2, "Africa/Johannesburg"),),
    "eat": ((3, "Africa/Nairobi"),),
    "gst": ((4, "Asia/Dubai"),),
    "pkt": ((5, "Asia/Karachi"),),
    "ist": ((5.5, "Asia/Kolkata"), (2, "Asia/Jerusalem"), (1, "Europe/Dublin")),
    "ict": ((7, "Asia/Bangkok"),),
    "wib": ((7, "Asia/Jakarta"),),
    "hkt": ((8, "Asia/Hong_Kong"),),
    "sgt": ((8, "Asia/Singapore"),),
    "jst": ((9, "Asia/Tokyo"),),
    "日本時間": ((9, "Asia/Tokyo"),),
    "kst": ((9, "Asia/Seoul"),),
    "awst": ((8, "Australia/Perth"),),
    "acst": ((9.5, "Australia/Adelaide"),),
    "acdt": ((10.5, "Australia/Adelaide"),),
    "aest": ((10, "Australia/Sydney"),),
    "aedt": ((11, "Australia/Sydney"),),
    "nzst": ((12, "Pacific/Auckland"),),
    "nzdt": ((13, "Pacific/Auckland"),),
    "brt": ((-3, "America/Sao_Paulo"),),
    "art": ((-3, "America/Argentina/Buenos_Aires"),),
    "ast": ((-4, "America/Halifax"), (3, "Asia/Riyadh")),
    "adt": ((-3, "America/Halifax"),),
    "est": ((-5, "America/New_York"),),
    "edt": ((-4, "America/New_York"),),
    "cst": ((-6, "America/Chicago"), (8, "Asia/Shanghai"), (-5, "America/Havana")),
    "cdt": ((-5, "America/Chicago"), (-4, "America/Havana")),
    "mst": ((-7, "America/Denver"),),
    "mdt": ((-6, "America/Denver"),),
    "pst": ((-8, "America/Los_Angeles"), (8, "Asia/Manila")),
    "pdt": ((-7, "America/Los_Angeles"),),
    "akst": ((-9, "America/Anchorage"),),
    "akdt": ((-8, "America/Anchorage"),),
    "hst": ((-10, "Pacific/Honolulu"),),
}
"""Each with the offsets in hours that it names, and where it is used (IANA tz database, files by region)."""

_REGIONAL: Final = {
    "et": "America/New_York",
    "mt": "America/Denver",
    "pt": "America/Los_Angeles",
    "eastern": "America/New_York",
    "pacific": "America/Los_Angeles",
}
"""Words for the clock of a region, whatever its offset is at the time."""

NAMES: Final = frozenset((*_ABBREVIATIONS, *_REGIONAL))
"""Abbreviations of time zones, in lower case."""


def zone_readings(text: str) -> Sequence[tzinfo]:
    """Returns the zones that a text may mean; empty for none.

    People type ``18:00 CET`` in summer too, and mean either the offset or the clock in Berlin: both are
    returned, and are the same moment in winter.

    Args:
        text: an offset such as ``+09:00``, an abbreviation, or a name such as ``Europe/Berlin``.
    """
    given = text.strip().lower()
    if given in _REGIONAL:
        return (ZoneInfo(_REGIONAL[given]),)
    if given in _ABBREVIATIONS:
        return [
            zone
            for hours, region in _ABBREVIATIONS[given]
            for zone in (timezone(timedelta(hours=hours)), ZoneInfo(region))
        ]
    if (offset := _OFFSET.fullmatch(given)) is not None:
        return _by_offset(offset)
    return _by_name(text.strip())


def is_own(text: str, moment: datetime, zone: tzinfo) -> bool:
    """Whether a person's own zone has that abbreviation at a moment: then it means no other."""
    return (moment.astimezone(zone).tzname() or "").lower() == text.strip().lower()


def _by_offset(offset: re.Match[str]) -> Sequence[tzinfo]:
    length = timedelta(hours=int(offset["hours"]), minutes=int(offset["minutes"] or 0))
    if length > _WIDEST or int(offset["minutes"] or 0) > 59:
        return ()
    return (timezone(-length if offset["sign"] == "-" else length) if length else UTC,)


def _by_name(name: str) -> Sequence[tzinfo]:
    """The zone of that name, as typed or with capitals: ``europe/berlin``."""
    if "/" not in name:
        return ()
    for spelling in (name, "/".join("_".join(map(str.capitalize, p.split("_"))) for p in name.split("/"))):
        try:
            return (ZoneInfo(spelling),)
        # A malformed key is a ValueError, and one that names a folder of zones an OSError.
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return ()
