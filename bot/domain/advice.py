"""Which way in fits: one recommendation, with its reason, for every set of answers.

Facts: Heroku Dev Center, heroku-postgres-via-mtls (2026-05), heroku-postgres-via-privatelink (2026-06) and
private-spaces-trusted-ip-ranges (2026-03): mTLS works from anywhere, PrivateLink from an Amazon VPC in the
database's region; Shield Spaces have no trusted ranges, Fir Spaces have fixed ones; Heroku Postgres Advanced
has neither mTLS nor PrivateLink. heroku-postgres-plans (2024-07): every plan has dataclips.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from bot.domain.privatelink.observation import aws_region, has_privatelink
from bot.domain.target import Database, Space


class Need(StrEnum):
    """What has to happen; only the last needs a direct connection."""

    QUERY = "query"
    SCRIPT = "script"
    APP = "app"
    DIRECT = "direct"


class Origin(StrEnum):
    """From where something would connect; ``plain`` is a service that can show no client certificate."""

    FIXED = "fixed"
    CHANGING = "changing"
    VPC = "vpc"
    PLAIN = "plain"


class Length(StrEnum):
    """For how long."""

    HOURS = "hours"
    DAYS = "days"
    LASTING = "lasting"


class Way(StrEnum):
    """What is recommended: the first three open nothing, ``inside`` is what is left where nothing can be."""

    DATACLIP = "dataclip"
    DYNO = "dyno"
    APP = "app"
    INSIDE = "inside"
    MTLS = "mtls"
    PRIVATELINK = "privatelink"
    TRUSTED = "trusted"


class Reason(StrEnum):
    """Why a way is recommended."""

    QUERY = "query"
    SCRIPT = "script"
    APP = "app"
    ADVANCED = "advanced"
    SAME_REGION = "same_region"
    REGION_UNKNOWN = "region_unknown"
    OTHER_REGION = "other_region"
    FIXED = "fixed"
    CHANGING = "changing"
    PLAIN = "plain"
    PLAIN_SHIELD = "plain_shield"
    PLAIN_FIR = "plain_fir"


class Remark(StrEnum):
    """What is good to know besides."""

    PRODUCTION = "production"
    MINUTES = "minutes"
    YEAR = "year"
    MOVING = "moving"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What somebody said.

    Attributes:
        region: the VPC's region by Amazon's name; any other text is a region that no Heroku Space is in, None
            is not known. Counts for a VPC only.
        production: whether the data is a production system's.
    """

    need: Need
    origin: Origin
    region: str | None
    length: Length
    production: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """What is known of the database without asking anybody.

    Attributes:
        region: by Amazon's name; None where it is not known.
        shield: its Space is a Shield Space.
        advanced: it is on Heroku Postgres Advanced.
        fir: its Space is of the Fir generation.
    """

    region: str | None
    shield: bool
    advanced: bool
    fir: bool

    @classmethod
    def of(cls, database: Database, space: Space | None) -> Self:
        """What there is to know of a database; a Space that was not seen yet is taken for a Cedar one."""
        return cls(
            region=aws_region(database.region),
            shield=database.shield,
            advanced=not has_privatelink(database.plan),
            fir=space is not None and space.generation == "fir",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """One recommendation."""

    way: Way
    reason: Reason
    remarks: tuple[Remark, ...]


def advise(answers: Answers, ground: Ground) -> Advice:
    """Returns the one recommendation; there is one for all answers about every database."""
    way, reason = _way(answers, ground)
    remarks = tuple(remark for remark in Remark if _is_due(remark, way, answers))
    return Advice(way=way, reason=reason, remarks=remarks)


def _way(answers: Answers, ground: Ground) -> tuple[Way, Reason]:
    """The question whether anything has to be opened comes first."""
    match answers.need:
        case Need.QUERY:
            return Way.DATACLIP, Reason.QUERY
        case Need.SCRIPT:
            return Way.DYNO, Reason.SCRIPT
        case Need.APP:
            return Way.APP, Reason.APP
        case Need.DIRECT if ground.advanced:
            return Way.INSIDE, Reason.ADVANCED
        case Need.DIRECT:
            return _direct(answers, ground)


def _direct(answers: Answers, ground: Ground) -> tuple[Way, Reason]:
    match answers.origin:
        case Origin.FIXED:
            return Way.MTLS, Reason.FIXED
        case Origin.CHANGING:
            return Way.MTLS, Reason.CHANGING
        case Origin.VPC:
            return _from_vpc(answers.region, ground.region)
        case Origin.PLAIN if ground.shield:
            return Way.MTLS, Reason.PLAIN_SHIELD
        case Origin.PLAIN if ground.fir:
            return Way.MTLS, Reason.PLAIN_FIR
        case Origin.PLAIN:
            return Way.TRUSTED, Reason.PLAIN


def _from_vpc(theirs: str | None, ours: str | None) -> tuple[Way, Reason]:
    if theirs is None or ours is None:
        return Way.PRIVATELINK, Reason.REGION_UNKNOWN
    if theirs == ours:
        return Way.PRIVATELINK, Reason.SAME_REGION
    return Way.MTLS, Reason.OTHER_REGION


def _is_due(remark: Remark, way: Way, answers: Answers) -> bool:
    match remark:
        case Remark.PRODUCTION:
            return answers.production and way not in (Way.APP, Way.INSIDE)
        case Remark.MINUTES:
            return way is Way.PRIVATELINK and answers.length is Length.HOURS
        case Remark.YEAR:
            return way is Way.MTLS and answers.length is Length.LASTING
        case Remark.MOVING:
            changing = answers.origin is Origin.CHANGING and answers.length is not Length.HOURS
            return way is Way.MTLS and changing
