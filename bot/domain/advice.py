"""Recommends an access method, with a reason, for every set of answers.

Facts: Heroku Dev Center, heroku-postgres-via-mtls (2026-05), heroku-postgres-via-privatelink (2026-06) and
private-spaces-trusted-ip-ranges (2026-03): mTLS works from anywhere, PrivateLink from an Amazon VPC in the
database's region; Shield Spaces have no trusted IP ranges, Fir Spaces have fixed ones; Heroku Postgres
Advanced has neither mTLS nor PrivateLink. heroku-postgres-plans (2024-07): every plan has dataclips.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from bot.domain.privatelink.observation import aws_region, has_privatelink
from bot.domain.target import Database, Space


class Need(StrEnum):
    """What the connection is for; only ``DIRECT`` needs one."""

    QUERY = "query"
    SCRIPT = "script"
    APP = "app"
    DIRECT = "direct"


class Origin(StrEnum):
    """Where the client connects from; ``PLAIN`` is a service that does not support client certificates."""

    FIXED = "fixed"
    CHANGING = "changing"
    VPC = "vpc"
    PLAIN = "plain"


class Length(StrEnum):
    """How long the connection is needed."""

    HOURS = "hours"
    DAYS = "days"
    LASTING = "lasting"


class Way(StrEnum):
    """The recommendation: the first three open nothing; ``INSIDE`` remains where nothing can be opened."""

    DATACLIP = "dataclip"
    DYNO = "dyno"
    APP = "app"
    INSIDE = "inside"
    MTLS = "mtls"
    PRIVATELINK = "privatelink"
    TRUSTED = "trusted"


class Reason(StrEnum):
    """Why it is recommended."""

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
    """An additional remark."""

    PRODUCTION = "production"
    MINUTES = "minutes"
    YEAR = "year"
    MOVING = "moving"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """The answers to the questions.

    Attributes:
        region: the VPC's AWS region; any other text is a region without Heroku Spaces, None is unknown. Only
            used for a VPC.
        production: whether the data is a production system's.
    """

    need: Need
    origin: Origin
    region: str | None
    length: Length
    production: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """Facts about the database that need no answer.

    Attributes:
        region: the AWS region; None if unknown.
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
        """Returns the facts about a database; a space that was never observed counts as Cedar."""
        return cls(
            region=aws_region(database.region),
            shield=database.shield,
            advanced=not has_privatelink(database.plan),
            fir=space is not None and space.generation == "fir",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """One recommendation."""

    option: Way
    reason: Reason
    remarks: tuple[Remark, ...]


def advise(answers: Answers, ground: Ground) -> Advice:
    """Returns the recommendation; every set of answers has exactly one."""
    option, reason = _option(answers, ground)
    remarks = tuple(remark for remark in Remark if _is_due(remark, option, answers))
    return Advice(option=option, reason=reason, remarks=remarks)


def _option(answers: Answers, ground: Ground) -> tuple[Way, Reason]:
    """Whether a direct connection is needed at all is decided first."""
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


def _is_due(remark: Remark, option: Way, answers: Answers) -> bool:
    match remark:
        case Remark.PRODUCTION:
            return answers.production and option not in (Way.APP, Way.INSIDE)
        case Remark.MINUTES:
            return option is Way.PRIVATELINK and answers.length is Length.HOURS
        case Remark.YEAR:
            return option is Way.MTLS and answers.length is Length.LASTING
        case Remark.MOVING:
            changing = answers.origin is Origin.CHANGING and answers.length is not Length.HOURS
            return option is Way.MTLS and changing
