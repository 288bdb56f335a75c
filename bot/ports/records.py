"""What passes between the flow and the store: values, each complete in itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bot.domain.change import Change
from bot.domain.grant import Grant
from bot.domain.methods import Method
from bot.domain.request import Decision, Kind, Request, Terms
from bot.domain.target import Database, Look, Target
from bot.ports.outside import Place


class PostKind(StrEnum):
    """What a post shows. Cards are edited as their request moves on; notices are sent once."""

    CARD_APPROVAL = "card.approval"
    CARD_REQUESTER = "card.requester"
    NOTICE_DECIDED = "notice.decided"
    NOTICE_IN_FORCE = "notice.in_force"
    NOTICE_ENDING = "notice.ending"
    NOTICE_ENDED = "notice.ended"
    NOTICE_FAILED = "notice.failed"
    NOTICE_INTERRUPTED = "notice.interrupted"
    NOTICE_DONE = "notice.done"
    NOTICE_NOT_DONE = "notice.not_done"
    NOTICE_LAPSED = "notice.lapsed"
    NOTICE_REMINDER = "notice.reminder"
    HOME = "home"
    NOTICE_HEROKU_DENIED = "notice.heroku_denied"
    NOTICE_HEROKU_TROUBLE = "notice.heroku_trouble"
    NOTICE_STRAY = "notice.stray"

    @property
    def is_card(self) -> bool:
        """Whether it is edited as its request moves on; the others are sent once."""
        return self in (PostKind.CARD_APPROVAL, PostKind.CARD_REQUESTER)


BOT: Final = "pgaccess"
"""The actor of what happens without a person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Doing:
    """Who changes a state, and when: the audit line of the change.

    Attributes:
        actor: a Slack id, or ``pgaccess`` for what the bot does by itself.
        at: business time.
    """

    actor: str
    at: datetime
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A request that is about to be recorded; see ``Request`` for what its parts mean."""

    kind: Kind
    terms: Terms
    requester: str
    rule: str
    needed: int
    lapse_at: datetime
    remind_at: datetime | None
    grant: UUID | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A request with everything that is shown of it.

    Attributes:
        grant: the one that it opened, or that it extends.
        change: the one that its approval brought about, where that happens once.
        look: what the last look at its target and method saw.
        closes: for a removal, the requests whose grants it would close.
    """

    request: Request
    target: Target
    decisions: tuple[Decision, ...]
    grant: Grant | None
    look: Look | None
    change: Change | None = None
    closes: tuple[int, ...] = ()

    @property
    def database(self) -> Database:
        """The database; raises ``TypeError`` where it is a space that is asked for."""
        if not isinstance(self.target, Database):
            raise TypeError(f"{self.target.name} is no database")
        return self.target


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """One database as the store knows it.

    Attributes:
        open: everything pending or open there, newest first.
        mine: of these, the asking person's.
        now: business time of the answer.
    """

    database: Database
    look: Look | None
    open: tuple[Case, ...]
    mine: tuple[Case, ...]
    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """What a person's App Home shows."""

    mine: tuple[Case, ...]
    waiting: tuple[Case, ...]
    ending: tuple[Case, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One method of one target that a keeper holds.

    Attributes:
        lane: the row that is held.
        lease: the token that every write of this pass has to show.
        method: what is kept in step there in this turn.
        version: the wanted version that a plan made from what was known at the claim satisfies.
        tries: looks made in a row while something was under way, for the growing gaps.
        troubles: passes that Heroku spoilt, until one leaves nothing under way.
        due_at: Postgres time at which it was due; another one by the end of the pass means that somebody
            asked for a look meanwhile.
        installation: the part of every mark that tells our rules from another installation's.
        claimed_at: Postgres time at which the turn began.
    """

    lane: int
    lease: UUID
    target: Target
    method: Method
    version: int
    tries: int
    troubles: int
    due_at: datetime
    installation: str
    claimed_at: datetime

    @property
    def database(self) -> Database:
        """The database; raises ``TypeError`` where it is a space's turn."""
        if not isinstance(self.target, Database):
            raise TypeError(f"{self.target.name} is no database")
        return self.target


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """One card or notice that a courier holds.

    Attributes:
        recipient: a channel's id, or a person's.
        place: where it stands; None while it was never posted, as far as the store knows.
        channel: the conversation it goes to, once known.
        posting_since: Postgres time of a try whose answer is not recorded: it may stand in Slack already.
        version: the wanted version that a render made now shows.
        params: what a notice without a request says.
    """

    id: int
    lease: UUID
    kind: PostKind
    recipient: str
    request: int | None
    channel: str | None
    place: Place | None
    posting_since: datetime | None
    version: int
    tries: int
    params: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Somebody who turned up unknown, to be looked up.

    Attributes:
        version: changes each time that they are asked for; an answer to an older question is none.
        read: Postgres' time of the question.
    """

    id: str
    version: str
    read: datetime
