"""The keys of the policy file: what each may be, what it is when left out, and what it means.

The descriptions are what ``docs/reference/policy.md`` is made of.
"""

import re
import unicodedata
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from bot.domain.duration import parse_duration
from bot.domain.method import Method
from bot.domain.policy import DEFAULT_ENVIRONMENT
from bot.errors import Refused

LONGEST_NAME: Final = 60
"""Characters of a rule's, a database's or an environment's name: room on one line of a card."""

MOST_REASON: Final = 200
"""Characters that may be demanded of a reason; more would keep people from asking at all."""

TAKEN: Final = frozenset(
    ("me", "mine", "pending", "help", "to", "on", "from", "for", "until", "because", "forever", "permanently")
)
"""Words that mean something else where a database may be named; an alias of that name could not be typed."""

MATCHING: Final = frozenset(("name", "deny", "environments", "methods", "requesters"))
"""The keys that say what a rule is for; the others say what it allows, and a denying rule allows nothing."""

_WORD: Final = re.compile(r"\w(?:[\w.-]*\w)?")
_NEVER: Final = re.compile(r"0 ?[mhd]", re.I | re.A)
_PREFIX: Final = re.compile(r"/([0-9]{1,2})", re.A)


def _duration(value: Any) -> timedelta:
    try:
        return parse_duration(value)
    except (Refused, AttributeError) as error:
        raise ValueError('must be a duration such as "8h" or "2d"') from error


def _allowance(value: Any) -> timedelta:
    """A duration, or none at all."""
    if isinstance(value, str) and _NEVER.fullmatch(value.strip()):
        return timedelta()
    return _duration(value)


def _prefix(value: Any) -> int:
    match = _PREFIX.fullmatch(value) if isinstance(value, str) else None
    length = int(match[1]) if match else value
    # `True` is an int to Python, but no width to anybody.
    if type(length) is not int or not 1 <= length <= 32:
        raise ValueError('must be a prefix length from "/1" to "/32", such as "/28"')
    return length


def _title(value: str) -> str:
    if not value.strip() or len(value) > LONGEST_NAME or not value.isprintable() or "`" in value:
        raise ValueError(f"must be a name of at most {LONGEST_NAME} characters on one line, without `")
    return value.strip()


def _word(value: str) -> str:
    # Compared with what is typed, which is in this normal form.
    plain = unicodedata.normalize("NFKC", value)
    if len(plain) > LONGEST_NAME or _WORD.fullmatch(plain) is None:
        raise ValueError(f"must be one word of letters, digits, - . _, of at most {LONGEST_NAME} characters")
    return plain


def _alias(value: str) -> str:
    plain = _word(value)
    if plain.casefold() in TAKEN:
        raise ValueError("is a word of the commands, so nobody could type it as a database")
    return plain


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""A length of time; whole minutes."""

Allowance = Annotated[timedelta, BeforeValidator(_allowance)]
"""A length of time that may be zero."""

Prefix = Annotated[int, BeforeValidator(_prefix)]
"""How wide a network is: 32 is one address."""

Channel = Annotated[str, StringConstraints(pattern=r"^[CG][A-Z0-9]{2,}$")]
"""A Slack channel's id."""

People = Annotated[str, StringConstraints(pattern=r"^[UWS][A-Z0-9]{2,}$")]
"""The id of a person or of a user group in Slack."""

Title = Annotated[str, AfterValidator(_title)]
"""A rule's name."""

Word = Annotated[str, AfterValidator(_word)]
"""An environment, or a database's or space's name on Heroku."""

Alias = Annotated[str, AfterValidator(_alias)]
"""What people may call a database."""


class TargetKeys(BaseModel):
    """The keys of a ``[targets.<alias>]`` table."""

    model_config = ConfigDict(extra="forbid", strict=True)

    database: Word | None = Field(
        default=None,
        description="The database on Heroku: its add-on's name, or the name of the app that owns it. "
        "Each table has either this or `space`.",
        examples=['"postgresql-curved-12345"'],
    )
    space: Word | None = Field(
        default=None,
        description="The space on Heroku, which trusted IP ranges are asked for. "
        "It opens all databases inside: give it the environment of the one that matters most.",
        examples=['"acme-private"'],
    )
    environment: Word = Field(
        default=DEFAULT_ENVIRONMENT,
        description="What rules know it by. A database or space that is not listed is in `default` as well.",
        examples=['"production"'],
    )


class RuleKeys(BaseModel):
    """The keys of a ``[[rules]]`` table."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Title | None = Field(
        default=None,
        description="How people and logs call the rule; `rule 1`, `rule 2`, … by place when left out.",
        examples=['"production"'],
    )
    deny: bool = Field(
        default=False,
        description="A rule that denies wins over every other that matches, wherever it stands.",
        examples=["true"],
    )
    environments: list[Word] | None = Field(
        default=None,
        min_length=1,
        description="The environments that the rule is for. Left out: all.",
        examples=['["production"]'],
    )
    methods: list[Annotated[Method, Field(strict=False)]] | None = Field(
        default=None,
        min_length=1,
        description="The ways in that the rule is for: `mtls`, `privatelink`, `trusted`. Left out: all.",
        examples=['["mtls"]'],
    )
    requesters: list[People] | None = Field(
        default=None,
        min_length=1,
        description="Who may ask: Slack ids of people (`U…`, `W…`) and user groups (`S…`). "
        "Left out: every full member of the workspace.",
        examples=['["S0789EFGH"]'],
    )
    approvers: list[People] = Field(
        default=[],
        description="Who decides: ids of people and user groups. Nobody decides on their own request. "
        "Every rule that does not deny needs them.",
        examples=['["U0123ABCD", "S0456EFGH"]'],
    )
    approvals: int = Field(
        default=1,
        ge=1,
        description="How many of the approvers have to agree. One Deny decides.",
        examples=["2"],
    )
    default_duration: Duration = Field(
        default=timedelta(hours=8),
        description="How long access lasts when nobody says for how long.",
        examples=['"4h"'],
    )
    longest_duration: Duration = Field(
        default=timedelta(days=5),
        description="How long it may last at most, extensions included.",
        examples=['"2d"'],
    )
    permanent: bool = Field(
        default=False,
        description="Whether access without an end may be asked for (`for ever`).",
        examples=["true"],
    )
    widest: Prefix = Field(
        default=24,
        description="The widest network that may be asked for; `/32` is a single address.",
        examples=['"/28"'],
    )
    minimum_reason: int = Field(
        default=0,
        ge=0,
        le=MOST_REASON,
        description="The least number of characters of a reason; 0 makes it optional.",
        examples=["10"],
    )
    extend_alone: Allowance = Field(
        default=timedelta(),
        description="How much an owner may extend one access without a new decision, in all; `0m` is never.",
        examples=['"4h"'],
    )
    lapse_after: Duration = Field(
        default=timedelta(hours=24),
        description="A request that nobody decides is over after this.",
        examples=['"48h"'],
    )
    remind_after: list[Duration] = Field(
        default=[timedelta(hours=1), timedelta(hours=4), timedelta(hours=12)],
        description="When the approvers are reminded, counted from the asking; `[]` is never.",
        examples=['["2h", "8h"]'],
    )


class PolicyKeys(BaseModel):
    """The keys at the top of the policy file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    approvals_channel: Channel = Field(
        description="The id of the channel in which requests are decided. The bot has to be in it.",
        examples=['"C0123ABCD"'],
    )
    operations_channel: Channel | None = Field(
        default=None,
        description="The id of the channel that hears of trouble. Left out: the approvals channel.",
        examples=['"C0456EFGH"'],
    )
    language: Literal["en", "ja"] = Field(
        default="en",
        description="The language of what is posted in channels, `en` or `ja`. "
        "What only one person sees is in that person's own.",
        examples=['"ja"'],
    )
    admins: list[People] = Field(
        default=[],
        description="Ids of people and user groups who may end any access.",
        examples=['["S0123ABCD"]'],
    )
    warn_before: Duration = Field(
        default=timedelta(minutes=30),
        description="How long before its end the owner is told; of a short access in its last quarter.",
        examples=['"15m"'],
    )
    targets: dict[Alias, TargetKeys] = Field(
        default={},
        description="Databases and spaces that have a name of their own or an environment, one table each.",
        examples=["[targets.billing]"],
    )
    rules: list[RuleKeys] = Field(
        min_length=1,
        description="Who may ask for what, one table each; the first that matches counts.",
        examples=["[[rules]]"],
    )
