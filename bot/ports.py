"""What the flow needs from the outside, as protocols: time, a bell, Heroku, Slack and the store."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import UUID

from bot.domain.certificate import Certificate
from bot.domain.grant import Grant
from bot.domain.person import Person
from bot.domain.plan import Entry, Known
from bot.domain.request import Decision, Kind, Request, RequestState, Terms
from bot.domain.target import Database, Look, Network, Rule

Block = dict[str, Any]
"""One Block Kit block, as Slack takes it."""


class Clock(Protocol):
    """Business time: ends, warnings, dates on cards. The played world may move it."""

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        ...


class Loop(StrEnum):
    """The loops that a commit may wake."""

    KEEPER = "keeper"
    COURIER = "courier"
    CLOCK = "clock"


class Bell(Protocol):
    """Wakes loops in this and other processes; it may be lost, never relied upon."""

    def ring(self, loops: Iterable[Loop]) -> None:
        """Wakes the loops soon; returns at once."""
        ...

    async def wait(self, loop: Loop, *, at_most: timedelta) -> None:
        """Returns when the loop was rung, or after the time."""
        ...


# --- Heroku ----------------------------------------------------------------------------------------


class Heroku(Protocol):
    """The calls that pgaccess makes; each is one request with one total deadline.

    Every method raises ``HerokuDeniedError``, ``HerokuBusyError``, ``HerokuRefusedError`` or
    ``HerokuUnclearError`` as the answer is.
    """

    @property
    def deadline(self) -> timedelta:
        """The longest that one call can take, answer read."""
        ...

    async def databases(self) -> tuple[Database, ...]:
        """Every Postgres in a Private or Shield Space that the token can see."""
        ...

    async def database_name(self, database: UUID) -> str:
        """The add-on's present name; raises ``HerokuNotFoundError`` when the add-on is gone."""
        ...

    async def endpoint_status(self, name: str) -> str:
        """The mTLS endpoint's status word; raises ``HerokuNotFoundError`` when mTLS is not enabled."""
        ...

    async def rules(self, name: str) -> tuple[Rule, ...]:
        """The complete list of IP rules of a database."""
        ...

    async def certificates(self, name: str) -> tuple[Certificate, ...]:
        """The client certificates of a database, whatever their status."""
        ...

    async def add_rule(self, name: str, *, network: Network, description: str) -> Rule:
        """Adds one rule and returns it with Heroku's id."""
        ...

    async def remove_rule(self, name: str, rule: UUID) -> None:
        """Removes one rule; raises ``HerokuNotFoundError`` when it is not there."""
        ...


# --- Slack -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is shown: blocks, and the text for notifications and screen readers."""

    text: str
    blocks: Sequence[Block]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a message stands in Slack."""

    channel: str
    ts: str


class Slack(Protocol):
    """Posting and asking; each call raises ``SlackError`` when Slack does not do it."""

    async def direct_channel(self, person: str) -> str:
        """The id of the direct conversation with a person (``conversations.open``)."""
        ...

    async def post(self, channel: str, message: Message, *, post: int, thread: str | None = None) -> Place:
        """Posts a message, perhaps in a thread, that carries the post's number in its metadata."""
        ...

    async def update(self, place: Place, message: Message) -> None:
        """Shows a message afresh where it stands."""
        ...

    async def find(
        self, channel: str, *, post: int, since: datetime, thread: str | None = None
    ) -> Place | None:
        """Finds a message that carries the post's number, posted after a moment, perhaps in a thread."""
        ...

    async def publish_home(self, person: str, view: Block) -> None:
        """Shows a person's App Home (``views.publish``)."""
        ...

    async def group_members(self, group: str) -> tuple[str, ...]:
        """Ids of the people in a user group (``usergroups.users.list``)."""
        ...

    def people(self) -> AsyncIterator[Person]:
        """Everybody in the workspace (``users.list``)."""
        ...

    async def person(self, id: str) -> Person | None:
        """One person (``users.info``); None when Slack does not know them."""
        ...


class Desk(Protocol):
    """The two calls that are made while a person waits, each within 1.5 s and outside any transaction."""

    async def open_view(self, trigger: str, view: Block) -> None:
        """Opens a form while its trigger lives: 3 seconds from the click or command."""
        ...

    async def respond(self, url: str, message: Message) -> None:
        """Answers a click, visible to the one who clicked, through the request's own ``response_url``."""
        ...


# --- the store -------------------------------------------------------------------------------------


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
        closes: for a removal, the requests whose grants it would close.
    """

    request: Request
    database: Database
    decisions: tuple[Decision, ...]
    grant: Grant | None
    look: Look | None
    closes: tuple[int, ...] = ()


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
    """One database that a keeper holds, with what the store knows of it.

    Attributes:
        lease: the token that every write of this pass has to show.
        version: the wanted version that a plan made from ``known`` satisfies.
        tries: looks made in a row while something was under way, for the growing gaps.
        troubles: passes that Heroku spoilt, until one leaves nothing under way.
        due_at: Postgres time at which it was due; another one by the end of the pass means that somebody
            asked for a look meanwhile.
        installation: the part of every mark that tells our rules from another installation's.
        claimed_at: Postgres time at which the turn began.
        look: what the last look saw; None when there was none.
    """

    lease: UUID
    database: Database
    known: Known
    version: int
    tries: int
    troubles: int
    due_at: datetime
    installation: str
    claimed_at: datetime
    look: Look | None


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


class Received(Protocol):
    """Commands and clicks that were acted on, so that the same one coming again is not acted on twice."""

    async def first(self, key: str) -> bool:
        """Takes a key; False when it was taken before."""
        ...

    async def conclude(self, key: str, *, request: int) -> None:
        """Notes which request a key led to."""
        ...

    async def request(self, key: str) -> int | None:
        """The request that a key led to."""
        ...


class People(Protocol):
    """The cache of people."""

    async def find(self, id: str) -> Person | None:
        """A person; None when unknown or when what is known is older than 10 minutes."""
        ...

    async def knows_groups(self, ids: Collection[str]) -> bool:
        """Whether the members of all these user groups are known, and not too old."""
        ...

    async def locale(self, id: str) -> str | None:
        """A person's Slack locale, however old."""
        ...

    async def reading(self) -> datetime:
        """Postgres' time before Slack is asked: what it then says is as old as this, come when it may."""
        ...

    async def keep(self, found: Iterable[Person], *, read: datetime | None = None) -> None:
        """Refreshes what is known, but for what was learnt later or is being asked for.

        Args:
            read: when Slack began to be asked, as ``reading`` said; None when it is known just now.
        """
        ...

    async def keep_group(self, id: str, members: Iterable[str], *, read: datetime | None = None) -> None:
        """Refreshes who is in a user group, unless that was learnt later; ``read`` as in ``keep``."""
        ...

    async def ask_for(self, id: str) -> None:
        """Notes that somebody unknown turned up, for the worker to look them up."""
        ...

    async def asked_for(self) -> tuple[str, ...]:
        """Ids of people who turned up unknown."""
        ...

    async def question(self, id: str) -> Question | None:
        """The open question about somebody, before Slack is asked; None when it is answered by now."""
        ...

    async def answer(self, question: Question, person: Person | None) -> None:
        """Keeps what Slack said, unless it was asked anew meanwhile; None: Slack does not know them."""
        ...


class Targets(Protocol):
    """Databases: what Heroku has, and the keeper's turn with each."""

    async def all(self) -> tuple[Database, ...]:
        """Every database that the last discovery found, by app name."""
        ...

    async def discovered(self, databases: Iterable[Database]) -> None:
        """Records a complete discovery: new ones appear, names follow, missing ones are marked gone."""
        ...

    async def renamed(self, database: UUID, name: str) -> None:
        """Records an add-on's new name."""
        ...

    async def look(self, database: UUID) -> Look | None:
        """What the last look saw."""
        ...

    async def want(self, database: UUID) -> None:
        """Raises the wanted version and makes the database due: its grants have changed."""
        ...

    async def look_at_all(self) -> None:
        """Makes every database due: time has jumped."""
        ...

    async def look_soon(self, database: UUID) -> None:
        """Makes one database due: somebody wants to see the present."""
        ...

    async def claim(self, now: datetime) -> Job | None:
        """Takes a database that is due, with a lease: those whose grants have changed before others.

        Args:
            now: business time, which tells whose end has passed.

        Returns:
            The job; None when none is due.
        """
        ...

    async def renew(self, job: Job) -> bool:
        """Prolongs the lease before a call.

        Returns:
            Whether the grants are still those that the job was planned on.

        Raises:
            LeaseLostError: the lease is not ours any more.
        """
        ...

    async def looked(self, job: Job, look: Look) -> None:
        """Keeps what a pass saw."""
        ...

    async def release(self, job: Job, *, again: timedelta, tries: int, kept: bool, troubles: int = 0) -> None:
        """Ends the pass and sets the next look: at once if grants changed or somebody asked for it meanwhile.

        A database that Heroku does not have any more, and that nothing of ours is left of, is not looked at
        again.

        Args:
            job: the turn that ends.
            again: how long until the next look.
            tries: looks in a row while something is under way, this one included.
            kept: whether the plan was carried out, so that ``job.version`` is satisfied.
            troubles: passes that Heroku spoilt, this one included.
        """
        ...

    async def next_due(self) -> timedelta | None:
        """How long until a database is due (zero when one is); None when none is to be looked at."""
        ...


class Entries(Protocol):
    """Our rules at Heroku, and the intents that every change there begins with."""

    async def intend_add(self, job: Job, network: Network) -> tuple[UUID, str]:
        """Records that a rule is about to be added; returns the intent and the mark it carries."""
        ...

    async def made(self, job: Job, intent: UUID, rule: Rule) -> None:
        """Records the rule that an intent made: it is ours."""
        ...

    async def unclear(self, intent: UUID, *, error: str) -> None:
        """Records that an answer was lost."""
        ...

    async def nothing_made(self, intent: UUID, *, error: str) -> None:
        """Records that an intent made nothing: Heroku said no, or time has shown it."""
        ...

    async def give_up(self, intents_lost: Iterable[UUID]) -> None:
        """Stops expecting intents that made nothing, once even a late write must have shown."""
        ...

    async def intend_remove(self, job: Job, rule: UUID) -> None:
        """Records that one of our rules is about to be removed."""
        ...

    async def listed(self, rules: Iterable[UUID]) -> None:
        """Records that a list showed these entries."""
        ...

    async def gone(self, rules: Iterable[UUID]) -> None:
        """Records that these entries are no longer at Heroku."""
        ...

    async def returned(self, job: Job, rules: Iterable[UUID]) -> tuple[Entry, ...]:
        """Takes back those of the listed rules that were thought gone, and returns them: they are ours."""
        ...

    async def ours(self, database: UUID) -> frozenset[UUID]:
        """Ids of our rules at a database."""
        ...


class Requests(Protocol):
    """Requests and the votes on them; every change of state writes its audit line."""

    async def add(self, wanted: Wanted, *, doing: Doing) -> Request:
        """Records a pending request."""
        ...

    async def lock(self, id: int) -> Request | None:
        """A request, locked until the transaction ends."""
        ...

    async def votes(self, id: int) -> tuple[Decision, ...]:
        """The votes on a request, oldest first."""
        ...

    async def vote(self, id: int, decision: Decision) -> None:
        """Records a vote."""
        ...

    async def decide(self, request: Request, state: RequestState, *, doing: Doing) -> None:
        """Moves a pending request to its final state."""
        ...

    async def change_terms(self, request: Request, terms: Terms) -> Request:
        """Writes new terms; buttons that show the old ones decide nothing from here on."""
        ...

    async def note_vote(self, request: Request, votes: int, *, doing: Doing) -> None:
        """Writes the audit line of an approval that does not decide yet."""
        ...

    async def to_lapse(self, now: datetime, *, limit: int) -> tuple[Request, ...]:
        """Pending requests whose time is over, locked."""
        ...

    async def to_remind(self, now: datetime, *, limit: int) -> tuple[Request, ...]:
        """Pending requests whose approvers are to be reminded, locked."""
        ...

    async def reminded(self, request: Request, *, given: int, next_at: datetime | None) -> None:
        """Notes that the approvers were reminded, and when to do so again."""
        ...

    async def next_moment(self) -> datetime | None:
        """The next lapse or reminder."""
        ...

    async def pending(self, *, limit: int) -> tuple[Case, ...]:
        """Requests that wait for a decision, newest first."""
        ...

    async def case(self, id: int) -> Case | None:
        """A request with everything that is shown of it."""
        ...

    async def open_cases(
        self, *, requester: str | None, limit: int, target: UUID | None = None
    ) -> tuple[Case, ...]:
        """Pending requests and those with an open grant, newest first."""
        ...


class Grants(Protocol):
    """Grants; every change of state writes its audit line."""

    async def open(self, grant: Grant, *, doing: Doing) -> None:
        """Records a grant that is to be applied."""
        ...

    async def get(self, id: UUID) -> Grant:
        """One grant, locked until the transaction ends."""
        ...

    async def of_request(self, request: int) -> Grant | None:
        """The grant that a request opened, locked until the transaction ends."""
        ...

    async def live(self, target: UUID, network: Network) -> tuple[Grant, ...]:
        """Grants of exactly a network that somebody may end, locked until the transaction ends."""
        ...

    async def next_to_end(self, target: UUID) -> Grant | None:
        """The grant of a database that ends first; None when none has an end to come."""
        ...

    async def change(self, before: Grant, after: Grant, *, doing: Doing) -> bool:
        """Writes what differs; False and nothing written when the state is not ``before``'s any more."""
        ...

    async def past_end(self, now: datetime, *, limit: int) -> tuple[Grant, ...]:
        """Grants to close whose end has come, locked, the most overdue first."""
        ...

    async def to_warn(self, now: datetime, *, limit: int) -> tuple[Grant, ...]:
        """Grants in force whose warning is due, locked."""
        ...

    async def warned(self, grant: Grant) -> None:
        """Notes that the warning is recorded to be sent."""
        ...

    async def next_moment(self) -> datetime | None:
        """The next end or warning."""
        ...


class Posts(Protocol):
    """Cards and notices: what Slack is to show."""

    async def tell(
        self,
        kind: PostKind,
        *,
        to: str,
        key: str,
        request: int | None = None,
        params: Mapping[str, str] | None = None,
    ) -> None:
        """Records a card or notice; a key is told once."""
        ...

    async def refresh_cards(self, request: int) -> None:
        """Every card of the request has to be shown afresh."""
        ...

    async def refresh(self, key: str) -> bool:
        """Has one post shown afresh; False when there is none of that key."""
        ...

    async def place(self, key: str) -> Place | None:
        """Where a post stands in Slack; None when it does not stand yet."""
        ...

    async def claim(self) -> Post | None:
        """Takes the post that has been due the longest, with a lease; None when none is due."""
        ...

    async def renew(self, post: Post) -> None:
        """Prolongs the lease before a call; raises ``LeaseLostError``."""
        ...

    async def posting(self, post: Post, *, channel: str) -> None:
        """Notes that a post is about to be made in a channel; prolongs the lease as ``renew`` does."""
        ...

    async def shown(self, post: Post, place: Place) -> None:
        """Records that a post stands, and which version it shows."""
        ...

    async def not_posted(self, post: Post, *, gone: bool) -> None:
        """Records that Slack took nothing; ``gone``: what stood there was deleted, to be posted afresh."""
        ...

    async def postpone(self, post: Post, *, by: timedelta) -> None:
        """Gives a post back, to be tried again later."""
        ...

    async def overtaken(self, post: Post) -> None:
        """Has a post shown afresh that a courier may have shown after it had lost the lease."""
        ...

    async def next_due(self) -> timedelta | None:
        """How long until a post is due (zero when one is); None when all is told."""
        ...


class Chores(Protocol):
    """Work that is done every so often by whichever worker comes first."""

    async def claim(self, name: str, *, within: timedelta) -> bool:
        """Takes a chore's turn if it is due; it comes again after ``within`` unless ``due_in`` is called."""
        ...

    async def due_in(self, name: str, *, wait: timedelta) -> None:
        """Sets a chore's next turn: it is done, it came to nothing, or there is reason to hurry."""
        ...


class Audit(Protocol):
    """The audit trail."""

    async def seal(self, *, limit: int) -> int:
        """Links lines without a seal into the chain; returns how many."""
        ...


class Transaction(Protocol):
    """One unit of work: left without ``commit`` it rolls back; after it, the loops concerned are rung."""

    @property
    def received(self) -> Received:
        """Commands and clicks that were acted on."""
        ...

    @property
    def people(self) -> People:
        """The cache of people."""
        ...

    @property
    def targets(self) -> Targets:
        """Databases."""
        ...

    @property
    def entries(self) -> Entries:
        """Our rules, and intents."""
        ...

    @property
    def requests(self) -> Requests:
        """Requests and votes."""
        ...

    @property
    def grants(self) -> Grants:
        """Grants."""
        ...

    @property
    def posts(self) -> Posts:
        """Cards and notices."""
        ...

    @property
    def chores(self) -> Chores:
        """Chores."""
        ...

    @property
    def audit(self) -> Audit:
        """The audit trail."""
        ...

    async def commit(self) -> None:
        """Makes everything durable at once.

        Raises:
            StoreUnavailableError: the connection was lost; what was asked may or may not be recorded.
        """
        ...


class Store(Protocol):
    """The truth."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Begins a unit of work."""
        ...
