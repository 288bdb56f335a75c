"""Keys of the policy file: type, default and meaning.

The descriptions are printed in ``docs/reference/policy.md``.
"""

import re
import unicodedata
from datetime import date, timedelta
from ipaddress import IPv4Network
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from bot.domain.duration import parse_duration
from bot.domain.method import Method
from bot.domain.network import parse_address
from bot.domain.networks.pasted import looks_like_network
from bot.domain.policy.environments import DEFAULT_ENVIRONMENT
from bot.domain.policy.rules import Reasons, WhenNobody, WhenOwnerLeaves
from bot.domain.policy.ticket import read_pattern, require_link
from bot.errors import Refused

LONGEST_NAME: Final = 60
"""Most characters of the name of a rule, target or environment, which fits on one line of a card."""

LONGEST_SOURCE: Final = 300
"""Most characters of where a network's ranges are published."""

LONGEST_REASON: Final = 200
"""Largest ``minimum_reason``; a longer one would keep people from requesting at all."""

SHORTEST_RETENTION: Final = timedelta(days=1)
"""Least time that anything is kept: the reconciler looks a day back, and Slack repeats itself for less."""

UNMATCHED_REFUSED: Final = "refuse"
"""Value of ``unmatched`` that refuses what nothing covers; no environment can have this name."""

RESERVED: Final = frozenset(
    (
        "me",
        "mine",
        "pending",
        "ended",
        "help",
        "to",
        "on",
        "from",
        "for",
        "at",
        "until",
        "because",
        "forever",
        "permanently",
    )
)
"""Words of the command grammar; a target with such an alias could not be typed."""

COMMANDS: Final = frozenset(
    (
        *("mtls", "privatelink", "trusted", "list", "show", "status", "who", "why", "advise"),
        *("cancel", "done", "extend", "revoke", "retry", "help", "move", "ip"),
    )
)
"""First words of commands; a preset of that name could not be typed."""

COMMAND_WORDS: Final = COMMANDS | frozenset(
    (
        *("add", "remove", "adopt", "open", "close", "enable", "disable", "certificate", "new", "get"),
        *("rotate", "allow", "grant", "request", "delete"),
    )
)
"""Words of commands; a network of such a name could be taken for one."""

MATCHING: Final = frozenset(("name", "deny", "environments", "methods", "requesters"))
"""Keys that decide whether a rule matches; the others set terms, which a denying rule does not have."""

_WORD: Final = re.compile(r"\w(?:[\w.-]*\w)?")
_NEVER: Final = re.compile(r"0 ?[mhd]", re.I | re.A)
_PREFIX: Final = re.compile(r"/([0-9]{1,2})", re.A)


def _duration(value: Any) -> timedelta:
    try:
        return parse_duration(value)
    # The latter where the value is no text, such as a bare number.
    except (Refused, AttributeError) as error:
        raise ValueError('must be a duration such as "8h" or "2d"') from error


def _allowance(value: Any) -> timedelta:
    """Parse a duration that may be zero."""
    # ``parse_duration`` refuses anything below a minute, zero included.
    if isinstance(value, str) and _NEVER.fullmatch(value.strip()):
        return timedelta()
    return _duration(value)


def _retention(value: Any) -> timedelta:
    """Parse how long something is kept: zero, or long enough that nothing still counts on it."""
    kept = _allowance(value)
    if timedelta() < kept < SHORTEST_RETENTION:
        raise ValueError('must be at least "1d", or "0d" for ever')
    return kept


def _prefix(value: Any) -> int:
    match = _PREFIX.fullmatch(value) if isinstance(value, str) else None
    length = int(match[1]) if match else value
    # `isinstance` would take True for 1.
    if type(length) is not int or not 1 <= length <= 32:
        raise ValueError('must be a prefix length from "/1" to "/32", such as "/28"')
    return length


def _title(value: str) -> str:
    if not value.strip() or len(value) > LONGEST_NAME or not value.isprintable() or "`" in value:
        raise ValueError(f"must be a name of at most {LONGEST_NAME} characters on one line, without `")
    return value.strip()


def _word(value: str) -> str:
    # Command lines are NFKC-normalised before they are compared with it.
    plain = unicodedata.normalize("NFKC", value)
    if len(plain) > LONGEST_NAME or _WORD.fullmatch(plain) is None:
        raise ValueError(f"must be one word of letters, digits, - . _, of at most {LONGEST_NAME} characters")
    return plain


def _glob(value: str) -> str:
    if not value or len(value) > LONGEST_NAME or not value.isprintable() or re.search(r"\s", value):
        raise ValueError(f'must be a glob such as "acme-*", of at most {LONGEST_NAME} characters')
    return value


def _alias(value: str) -> str:
    plain = _word(value)
    if plain.casefold() in RESERVED:
        raise ValueError("is a word of the command grammar, so it could not be typed as a database")
    return plain


def _network_name(value: str) -> str:
    plain = _word(value)
    if plain.casefold() in RESERVED | COMMAND_WORDS:
        raise ValueError("is a word of a command, so it could not be typed as a network")
    if looks_like_network(plain):
        raise ValueError("looks like an address: choose a word, for example office")
    return plain


def _range(value: Any) -> IPv4Network:
    try:
        return parse_address(value)
    # The latter where the value is no text.
    except (Refused, AttributeError) as error:
        why = error.reason.value.replace("_", " ") if isinstance(error, Refused) else "no text"
        raise ValueError(
            f'must be a public IPv4 network such as "198.51.100.0/28", in its strict spelling ({why})'
        ) from error


def _source(value: str) -> str:
    if len(value) > LONGEST_SOURCE or not value.isprintable() or re.fullmatch(r"https://\S+", value) is None:
        raise ValueError(f"must be an https:// address of at most {LONGEST_SOURCE} characters")
    return value


def _ticket(value: str) -> str:
    # Compiled here, so that no request is the first to find out that it cannot be.
    return read_pattern(value).source


def _preset_name(value: str) -> str:
    plain = _word(value)
    if plain.casefold() in RESERVED | COMMANDS:
        raise ValueError("is a word of the command grammar, so it could not be typed as a preset")
    return plain


def _beginning(value: str) -> str:
    if len(value) > LONGEST_REASON or not value.isprintable() or "`" in value:
        raise ValueError(f"must have at most {LONGEST_REASON} characters on one line, without `")
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""Duration in whole minutes."""

Allowance = Annotated[timedelta, BeforeValidator(_allowance)]
"""Duration that may be zero."""

Retention = Annotated[timedelta, BeforeValidator(_retention)]
"""How long something is kept: at least a day, or zero for ever."""

Prefix = Annotated[int, BeforeValidator(_prefix)]
"""Prefix length of a network; 32 is a single address."""

Channel = Annotated[str, StringConstraints(pattern=r"^[CG][A-Z0-9]{2,}$")]
"""Slack channel id."""

People = Annotated[str, StringConstraints(pattern=r"^[UWS][A-Z0-9]{2,}$")]
"""Slack id of a person or a user group."""

Title = Annotated[str, AfterValidator(_title)]
"""Name of a rule."""

Word = Annotated[str, AfterValidator(_word)]
"""Name of an environment, or of a database or space at Heroku."""

Glob = Annotated[str, AfterValidator(_glob)]
"""Name with wildcards: ``*`` for any characters, ``?`` for one, ``[ab]`` for one of several."""

Alias = Annotated[str, AfterValidator(_alias)]
"""Alias of a database or space in commands."""

NetworkName = Annotated[str, AfterValidator(_network_name)]
"""Name of a network in commands."""

Range = Annotated[IPv4Network, BeforeValidator(_range)]
"""Public IPv4 network in its strict spelling."""

Source = Annotated[str, AfterValidator(_source)]
"""Address of a web page."""


PresetName = Annotated[str, AfterValidator(_preset_name)]
"""Name of a preset in commands."""

Beginning = Annotated[str, AfterValidator(_beginning)]
"""Beginning of a reason."""

TicketSource = Annotated[str, AfterValidator(_ticket)]
"""Pattern of tickets."""

TicketLink = Annotated[str, AfterValidator(require_link)]
"""Address of a ticket, with a place for it."""


class TargetKeys(BaseModel):
    """Keys of a ``[targets.<alias>]`` table."""

    model_config = ConfigDict(extra="forbid", strict=True)

    database: Word | None = Field(
        default=None,
        description="Database at Heroku: the name of its add-on, or of the app that owns it. "
        "Each table has either this or `space`.",
        examples=['"postgresql-curved-12345"'],
    )
    space: Word | None = Field(
        default=None,
        description="Space at Heroku, for trusted IP ranges. A range opens every database in the space, so "
        "the rules of each of them apply as well.",
        examples=['"acme-private"'],
    )
    environment: Word = Field(
        default=DEFAULT_ENVIRONMENT,
        description="Environment that rules match.",
        examples=['"production"'],
    )


class NetworkKeys(BaseModel):
    """Keys of a ``[networks.<name>]`` table."""

    model_config = ConfigDict(extra="forbid", strict=True)

    ranges: list[Range] = Field(
        min_length=1,
        description="IPv4 addresses and networks that the name stands for.",
        examples=['["198.51.100.0/28"]'],
    )
    source: Source | None = Field(
        default=None,
        description="Where they are published.",
        examples=['"https://example.com/ip-ranges"'],
    )
    as_of: date | None = Field(
        default=None,
        description="The day on which they were read there.",
        examples=["2026-11-01"],
    )


class MatchKeys(BaseModel):
    """Keys of a ``[[match]]`` table."""

    model_config = ConfigDict(extra="forbid", strict=True)

    environment: Word = Field(
        description="Environment of every database and space that matches; the first table that does counts.",
        examples=['"production"'],
    )
    space: Glob | None = Field(
        default=None,
        description="Glob for the name of the space, in any case. Names count as they were when pgaccess saw "
        "the target first: renaming one changes nothing.",
        examples=['"acme-*"'],
    )
    app: Glob | None = Field(
        default=None,
        description="Glob for the name of the database's app; a space matches only tables without.",
        examples=['"*-prod"'],
    )
    addon: Glob | None = Field(
        default=None,
        description="Glob for the name of the database's add-on; a space matches only tables without.",
        examples=['"postgresql-*"'],
    )


class RuleKeys(BaseModel):
    """Keys of a ``[[rules]]`` table."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Title | None = Field(
        default=None,
        description="Name in messages, logs and the audit log. Required: what was decided under a rule stays "
        "with its name when rules are moved.",
        examples=['"production"'],
    )
    deny: bool = Field(
        default=False,
        description="A denying rule overrides every other rule that matches, whatever its position.",
        examples=["true"],
    )
    environments: list[Word] | None = Field(
        default=None,
        min_length=1,
        description="Environments that the rule applies to. Left out: all.",
        examples=['["production"]'],
    )
    methods: list[Annotated[Method, Field(strict=False)]] | None = Field(
        default=None,
        min_length=1,
        description="Access methods that the rule applies to: `mtls`, `privatelink`, `trusted`. "
        "Left out: all.",
        examples=['["mtls"]'],
    )
    requesters: list[People] | None = Field(
        default=None,
        min_length=1,
        description="Who may request: Slack ids of people (`U…`, `W…`) and user groups (`S…`). "
        "Left out: every full member of the workspace.",
        examples=['["S0789EFGH"]'],
    )
    approvers: list[People] = Field(
        default=[],
        description="Who decides: Slack ids of people and user groups. Nobody approves their own request. "
        "Required unless the rule denies.",
        examples=['["U0123ABCD", "S0456EFGH"]'],
    )
    approvals: int = Field(
        default=1,
        ge=1,
        description="Number of approvers who have to agree. One Deny decides.",
        examples=["2"],
    )
    default_duration: Duration = Field(
        default=timedelta(hours=8),
        description="Duration of access when a request names none.",
        examples=['"4h"'],
    )
    longest_duration: Duration = Field(
        default=timedelta(days=5),
        description="Longest duration, extensions included.",
        examples=['"2d"'],
    )
    permanent: bool = Field(
        default=False,
        description="Whether permanent access may be requested (`for ever`).",
        examples=["true"],
    )
    widest: Prefix = Field(
        default=24,
        description="Widest network that may be requested; `/32` is a single address.",
        examples=['"/28"'],
    )
    minimum_reason: int = Field(
        default=0,
        ge=0,
        le=LONGEST_REASON,
        description="Fewest characters of a reason; 0 makes it optional.",
        examples=["10"],
    )
    extend_alone: Allowance = Field(
        default=timedelta(),
        description="How much an owner may extend a grant without approval, in total; `0m` is not at all.",
        examples=['"4h"'],
    )
    lapse_after: Duration = Field(
        default=timedelta(hours=24),
        description="A request lapses if nobody decides within this time.",
        examples=['"48h"'],
    )
    remind_after: list[Duration] = Field(
        default=[timedelta(hours=1), timedelta(hours=4), timedelta(hours=12)],
        description="When approvers are reminded, counted from the request; `[]` is never.",
        examples=['["2h", "8h"]'],
    )
    on_behalf: bool = Field(
        default=False,
        description="Whether access may be requested for somebody else (`for @person`) who may request it "
        "under this rule. It is theirs; neither of the two may approve it.",
        examples=["true"],
    )
    ticket: TicketSource | None = Field(
        default=None,
        description="Pattern of the ticket that a request has to name, in its reason or in the form's field: "
        "letters, digits, `-#/:_`, classes such as `[A-Z]`, `\\d` and `\\w`, repeated by `+ * ? {2,5}` (at "
        "most two such parts of variable length, 30 characters each), branches separated by a vertical bar; "
        "no groups. Left out: none is needed.",
        examples=['"[A-Z]+-\\\\d+"'],
    )
    ticket_link: TicketLink | None = Field(
        default=None,
        description="Address of a ticket, with `{ticket}` in its place. Needs `ticket`.",
        examples=['"https://tracker.example.com/{ticket}"'],
    )


class PresetKeys(BaseModel):
    """Keys of a ``[presets.<name>]`` table."""

    model_config = ConfigDict(extra="forbid", strict=True)

    target: Word = Field(
        description="Alias of a database or a space, from `[targets]`.", examples=['"billing"']
    )
    method: Annotated[Method, Field(strict=False)] = Field(
        description="Access method: `mtls`, `privatelink`, or `trusted` for a space.", examples=['"mtls"']
    )
    network: str = Field(
        default="",
        max_length=LONGEST_REASON,
        description="Address or network, or AWS accounts. Left out: people fill it in.",
        examples=['"198.51.100.7"'],
    )
    duration: Duration | None = Field(
        default=None,
        description="Duration; some rule has to allow it. Left out: the rule's default.",
        examples=['"8h"'],
    )
    reason: Beginning = Field(
        default="",
        description="Beginning of the reason; people go on from there.",
        examples=['"Nightly ETL: "'],
    )


class AccessReviewKeys(BaseModel):
    """Keys of the ``[access_review]`` table."""

    model_config = ConfigDict(extra="forbid", strict=True)

    every: Allowance = Field(
        default=timedelta(days=90),
        description="Time between two access reviews: each group of approvers is asked what to keep and what "
        "to end. `0d` is never.",
        examples=['"180d"'],
    )
    answer_within: Duration = Field(
        default=timedelta(days=14),
        description="How long approvers have; what nobody has answered by then is told to the admins, once.",
        examples=['"7d"'],
    )
    longer_than: Duration = Field(
        default=timedelta(days=30),
        description="What lasts longer than this is reviewed, as is what has no end.",
        examples=['"14d"'],
    )


class KeepKeys(BaseModel):
    """Keys of the ``[keep]`` table."""

    model_config = ConfigDict(extra="forbid", strict=True)

    idempotency_keys: Retention = Field(
        default=timedelta(days=7),
        description="Keys by which a repeated command or click is recognized. At least `1d`, or `0d`: for "
        "ever.",
        examples=['"3d"'],
    )
    messages: Retention = Field(
        default=timedelta(days=90),
        description="What is known of messages in Slack that cannot change any more. At least `1d`, or `0d`: "
        "for ever. Slack keeps the messages themselves.",
        examples=['"30d"'],
    )
    names: Retention = Field(
        default=timedelta(days=90),
        description="Names of people who have left, after they were last known. At least `1d`, or `0d`: for "
        "ever. Their Slack ids stay.",
        examples=['"30d"'],
    )
    entries: Retention = Field(
        default=timedelta(days=90),
        description="Entries that pgaccess has removed at Heroku, and download links, closings and outages "
        "that are over. At least `1d`, or `0d`: for ever.",
        examples=['"365d"'],
    )
    unmanaged_entries: Retention = Field(
        default=timedelta(),
        description="Entries that others had at Heroku, after they have gone. At least `1d`, or `0d`: for "
        "ever, so that it can be told who could reach a target at any moment.",
        examples=['"365d"'],
    )


class PolicyKeys(BaseModel):
    """Top-level keys of the policy file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    approvals_channel: Channel = Field(
        description="Id of the channel in which requests are decided. The bot has to be a member.",
        examples=['"C0123ABCD"'],
    )
    operations_channel: Channel | None = Field(
        default=None,
        description="Id of the channel for operational alerts. Left out: the approvals channel.",
        examples=['"C0456EFGH"'],
    )
    audit_channel: Channel | None = Field(
        default=None,
        description="Id of the channel with signed notes of what is open, which `pgaccess rebuild` reads if "
        "the store is lost. Left out: the channel for operational alerts.",
        examples=['"C0789GHJK"'],
    )
    language: Literal["en", "ja"] = Field(
        default="en",
        description="Language of channel messages, `en` or `ja`. "
        "What only one person sees is in that person's language.",
        examples=['"ja"'],
    )
    admins: list[People] = Field(
        default=[],
        description="Slack ids of people and user groups who may end any access.",
        examples=['["S0123ABCD"]'],
    )
    auditors: list[People] = Field(
        default=[],
        description="Slack ids of people and user groups who may see everything that is recorded: who could "
        "reach what and when, and what has ended. They decide nothing. Approvers see it of their targets, "
        "admins of all.",
        examples=['["S0567EFGH"]'],
    )
    reasons: Annotated[Reasons, Field(strict=False)] = Field(
        default=Reasons.EVERYONE,
        description="Who may read the reasons of requests and decisions: `everyone`, or `approvers`, which "
        "leaves them out of channels. The requester, admins and auditors may always read them.",
        examples=['"approvers"'],
    )
    warn_before: Duration = Field(
        default=timedelta(minutes=30),
        description="How long before the end the owner is warned; of short access, in its last quarter.",
        examples=['"15m"'],
    )
    unmatched: Word = Field(
        default=UNMATCHED_REFUSED,
        description="Environment of databases and spaces that no `[targets]` and no `[[match]]` covers. "
        "`refuse` refuses every request for them.",
        examples=['"default"'],
    )
    when_nobody: Annotated[WhenNobody, Field(strict=False)] = Field(
        default=WhenNobody.REFUSE,
        description="What becomes of a request that too few people other than the requester could approve: "
        "`refuse` it, or have the `admins` decide as well.",
        examples=['"admins"'],
    )
    when_owner_leaves: Annotated[WhenOwnerLeaves, Field(strict=False)] = Field(
        default=WhenOwnerLeaves.ASK,
        description="What becomes of the client certificates of somebody who left: `ask` the approvers, or "
        "`end` (revoke) them. Access by address always ends.",
        examples=['"end"'],
    )
    pending_per_person: int = Field(
        default=20,
        ge=1,
        le=100_000,
        description="How many requests of one person may wait for a decision.",
        examples=["10"],
    )
    ask_unmanaged: list[Word] = Field(
        default=[],
        description="Environments whose findings are asked about at once: an entry that pgaccess does not "
        "manage, or that is missing, back or not in force, gets a card in the approvals channel too, which "
        "mentions the approvers.",
        examples=['["production"]'],
    )
    access_review: AccessReviewKeys = Field(
        default=AccessReviewKeys(),
        description="When long access is reviewed.",
        examples=["[access_review]"],
    )
    keep: KeepKeys = Field(
        default=KeepKeys(),
        description="How long is kept what is no evidence; requests, decisions, grants and the audit log are "
        "kept for ever.",
        examples=["[keep]"],
    )
    match: list[MatchKeys] = Field(
        default=[],
        description="Environments by patterns over names, one table each; the first that matches counts, "
        "after `[targets]`.",
        examples=["[[match]]"],
    )
    targets: dict[Alias, TargetKeys] = Field(
        default={},
        description="Databases and spaces with an alias and an environment, one table each.",
        examples=["[targets.billing]"],
    )
    networks: dict[NetworkName, NetworkKeys] = Field(
        default={},
        description="Networks that can be requested by name, one table each: `mtls add office to billing`. "
        "The name is shown beside every range that it covers.",
        examples=["[networks.office]"],
    )
    presets: dict[PresetName, PresetKeys] = Field(
        default={},
        description="Requests that a form is filled in with, one table each: typed by name, or a button.",
        examples=["[presets.etl]"],
    )
    rules: list[RuleKeys] = Field(
        min_length=1,
        description="Who may request what, one table each; the first that matches applies.",
        examples=["[[rules]]"],
    )
