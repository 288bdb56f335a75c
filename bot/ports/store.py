"""The store, as protocols: one for each thing kept, and the transaction that holds them together."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from bot.domain.certificate import Certificate, KnownCertificate, Sighting
from bot.domain.change import Change
from bot.domain.drift import Lately
from bot.domain.grant import Grant
from bot.domain.handout import Handout
from bot.domain.ladder import Ladder
from bot.domain.link_plan import LinkKnown
from bot.domain.looks import AnyLook
from bot.domain.methods import Method
from bot.domain.person import Person
from bot.domain.plan import Entry, Known
from bot.domain.range_merge import Written
from bot.domain.ranges import RangesKnown, Services
from bot.domain.request import Decision, Request, RequestState, Terms
from bot.domain.schedule import OPENING_DEADLINE
from bot.domain.subject import Network, Subject
from bot.domain.target import Database, Rule, Space
from bot.ports.outside import Place
from bot.ports.records import Case, Doing, Job, Notice, Post, PostKind, Question, Wanted


class Received(Protocol):
    """Commands and clicks that were acted on, so that the same one coming again is not acted on twice."""

    async def first(self, key: str, *, request: int) -> bool:
        """Notes which request a key led to; False when it was acted on before."""
        ...

    async def request(self, key: str) -> int | None:
        """The request that a key led to."""
        ...


class People(Protocol):
    """The cache of people."""

    async def find(self, id: str, *, groups: Collection[str] = ()) -> Person | None:
        """A person; None when unknown or when what is known is older than 10 minutes.

        Args:
            id: Slack's.
            groups: of these the members have to be known, and not too old, for ``groups_known``.
        """
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
    """Databases and spaces: what Heroku has."""

    async def all(self) -> tuple[Database, ...]:
        """Every database that the last discovery found, by app name."""
        ...

    async def spaces(self) -> tuple[Space, ...]:
        """Every space that the last discovery found, by name."""
        ...

    async def called(self, name: str, method: Method) -> tuple[tuple[Database, AnyLook | None], ...]:
        """The databases among them that are called so, or whose app is, however it is capitalised.

        Each comes with what the last look at a method of it saw.
        """
        ...

    async def discovered(self, databases: Iterable[Database], spaces: Iterable[Space]) -> None:
        """Records a complete discovery: new ones appear, names follow, missing ones are marked gone."""
        ...

    async def renamed(self, database: UUID, name: str) -> None:
        """Records an add-on's new name."""
        ...


class Lanes(Protocol):
    """The keeper's turns: one lane for each method of each target, and what the last look at it saw."""

    async def look(self, target: UUID, method: Method) -> AnyLook | None:
        """What the last look saw."""
        ...

    async def want(self, target: UUID, method: Method) -> None:
        """Raises the wanted version and makes the lane due: its grants or changes have changed."""
        ...

    async def want_all(self, lanes_touched: Collection[tuple[UUID, Method]]) -> None:
        """Does the same to many lanes at once."""
        ...

    async def look_at_all(self) -> None:
        """Makes every lane due: time has jumped."""
        ...

    async def look_soon(self, *seen: UUID) -> None:
        """Makes every method of some targets due: somebody wants to see the present."""
        ...

    async def claim(self) -> Job | None:
        """Takes a lane that is due, with a lease: those whose grants have changed before others."""
        ...

    async def renew(self, job: Job) -> bool:
        """Prolongs the lease before a call.

        Returns:
            Whether the grants are still those that the job was planned on.

        Raises:
            LeaseLostError: the lease is not ours any more.
        """
        ...

    async def looked(self, job: Job, look: AnyLook) -> None:
        """Keeps what a pass saw."""
        ...

    async def release(self, job: Job, *, again: timedelta, tries: int, kept: bool, troubles: int = 0) -> None:
        """Ends the pass and sets the next look: at once if grants changed or somebody asked for it meanwhile.

        A target that Heroku does not have any more, and that nothing of ours is left of, is not looked at
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
        """How long until a lane is due (zero when one is); None when none is to be looked at."""
        ...


class Entries(Protocol):
    """Our rules at Heroku, and the intents that every change there begins with."""

    async def known(self, job: Job, now: datetime) -> Known:
        """What the store knows of a database's IP rules; by ``now``, business time, ends have passed."""
        ...

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

    async def intend_remove(self, job: Job, rules: Iterable[UUID]) -> None:
        """Records that rules of ours are about to be removed."""
        ...

    async def spared(self, job: Job, rules: Iterable[UUID]) -> None:
        """Records that nobody was asked to remove these after all."""
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

    async def adopt(self, job: Job, rules: Iterable[Rule]) -> None:
        """Takes rules over that somebody else made: they are ours, and stay without a grant."""
        ...

    async def lately(self, database: UUID) -> Lately:
        """Networks of our rules that went within the last day: as we had asked, or taken over and lost."""
        ...

    async def ours(self, database: UUID) -> frozenset[UUID]:
        """Ids of our rules at a database."""
        ...


class Links(Protocol):
    """AWS accounts that we let in through PrivateLink: each call there begins with its intent."""

    async def known(self, job: Job, now: datetime) -> LinkKnown:
        """What the store knows of a database's PrivateLink; by ``now``, business time, ends have passed."""
        ...

    async def intend(self, job: Job, arns: Iterable[str]) -> None:
        """Records that accounts are about to be let in; from here on they are ours, if they appear."""
        ...

    async def made(self, job: Job, arns: Iterable[str]) -> None:
        """Records that accounts were listed in answer to our call."""
        ...

    async def unclear(self, job: Job, arns: Iterable[str], *, error: str) -> None:
        """Records that an answer was lost: the accounts may still appear for a while."""
        ...

    async def nothing_made(self, job: Job, arns: Iterable[str], *, error: str) -> None:
        """Records that Heroku said no: accounts that appear now are somebody else's."""
        ...

    async def give_up(self, job: Job, arns: Iterable[str]) -> None:
        """Stops expecting accounts that did not appear, once even a late call must have shown."""
        ...

    async def adopt(self, job: Job, arns: Iterable[str]) -> None:
        """Takes accounts over that somebody else let in: they are ours, and stay without a grant."""
        ...

    async def intend_remove(self, job: Job, arn: str) -> None:
        """Records that one of our accounts is about to be let in no longer."""
        ...

    async def spared(self, job: Job, arns: Iterable[str]) -> None:
        """Records that the removal of these accounts, which were taken over, will not be made."""
        ...

    async def listed(self, job: Job, arns: Iterable[str]) -> None:
        """Records that a list showed these accounts of ours."""
        ...

    async def gone(self, job: Job, arns: Iterable[str]) -> None:
        """Records that these accounts of ours are no longer let in."""
        ...

    async def ours(self, database: UUID) -> frozenset[str]:
        """ARNs of the accounts that we let in, or may have."""
        ...

    async def lately(self, database: UUID) -> Lately:
        """ARNs of accounts of ours that went within the last day: as we had asked, or taken over and lost."""
        ...


class Ranges(Protocol):
    """Sources that we wrote into spaces' lists, and how each space stands with Heroku's support."""

    async def known(self, job: Job, now: datetime) -> RangesKnown:
        """What the store knows of a space's list; by ``now``, business time, ends have passed."""
        ...

    async def writes(self, space: UUID) -> tuple[Written, ...]:
        """Lists that we wrote and around which nobody has looked yet, in their order."""
        ...

    async def intend(self, job: Job, write: Written) -> None:
        """Records that a list is about to be written; it may land until its outcome is recorded."""
        ...

    async def answered(self, job: Job, write: UUID, ruleset: UUID) -> None:
        """Records what Heroku made of a list."""
        ...

    async def unclear(self, job: Job) -> None:
        """Records that an answer was lost: the list may still land for a while."""
        ...

    async def nothing_written(self, job: Job, write: Written) -> None:
        """Records that Heroku said no: sources that appear now are somebody else's."""
        ...

    async def checked(self, job: Job, *, theirs: Iterable[str]) -> None:
        """Records that it is known what others wrote around our lists, or that nobody can tell.

        Args:
            job: the turn.
            theirs: sources that we were about to add, and that somebody else has added meanwhile.
        """
        ...

    async def spared(self, job: Job, sources: Iterable[str]) -> None:
        """Records that the removal of these sources, which were taken over, will not be made."""
        ...

    async def listed(self, job: Job, sources: Iterable[str]) -> None:
        """Records that a look showed these sources of ours."""
        ...

    async def gone(self, job: Job, sources: Iterable[str]) -> None:
        """Records that these sources of ours are there no longer."""
        ...

    async def adopt(self, job: Job, sources: Iterable[str]) -> None:
        """Takes sources over that somebody else wrote."""
        ...

    async def ours(self, space: UUID) -> frozenset[str]:
        """Sources that we wrote, or may have."""
        ...

    async def lately(self, space: UUID) -> Lately:
        """Sources of ours that went within the last day: as we had asked, or taken over and lost."""
        ...

    async def since_write(self, space: UUID) -> timedelta | None:
        """How long ago a list of ours was last written; None when it never was."""
        ...

    async def services(self, space: UUID, *, lock: bool = True) -> Services:
        """How a space stands with Heroku's support, locked until the transaction ends unless only read."""
        ...

    async def set_services(self, space: UUID, state: Services, *, doing: Doing) -> None:
        """Records how a space stands with Heroku's support, with its audit line."""
        ...


class Certificates(Protocol):
    """The inventory of client certificates, foreign ones too; never a key."""

    async def present(self, target: UUID | None = None) -> tuple[KnownCertificate, ...]:
        """Those of one database, or of all that Heroku has, that are not gone; by database, by their end."""
        ...

    async def find(self, id: UUID) -> KnownCertificate | None:
        """One certificate, gone or not."""
        ...

    async def get(self, id: UUID) -> KnownCertificate | None:
        """One certificate, gone or not, locked until the transaction ends."""
        ...

    async def called(self, handle: str) -> tuple[KnownCertificate, ...]:
        """Those that are not gone and that a handle may mean: a request's number, or how an id begins."""
        ...

    async def of_request(self, request: int) -> KnownCertificate | None:
        """The one that a request made, or the one made last; gone or not."""
        ...

    async def listed(self, target: UUID, found: Iterable[Certificate]) -> Sighting:
        """Brings the inventory of a database up to date with a complete list."""
        ...

    async def give(self, id: UUID, *, request: int, owner: str, purpose: str) -> None:
        """Notes which request a certificate was made for, and whose it is."""
        ...

    async def handed_out(self, id: UUID, *, at: datetime) -> None:
        """Notes when a certificate's files went out, by business time."""
        ...


class Reminders(Protocol):
    """Reminders of certificates' ends; every one of them, and what is done about it, has an audit line."""

    async def due(self, now: datetime, *, limit: int) -> tuple[KnownCertificate, ...]:
        """Working certificates whose end somebody is to be reminded of, locked, the most overdue first."""
        ...

    async def climb(self, known: KnownCertificate, ladder: Ladder, *, doing: Doing) -> None:
        """Writes how far the reminders of a locked certificate have come."""
        ...

    async def put_off(self, known: KnownCertificate, *, until: datetime | None) -> None:
        """Has a due reminder looked at later, or never: nothing can be said (yet)."""
        ...

    async def next_moment(self) -> datetime | None:
        """The next reminder."""
        ...


class Requests(Protocol):
    """Requests and the votes on them; every change of state writes its audit line."""

    async def add(self, wanted: Wanted, *, doing: Doing) -> Request:
        """Records a pending request."""
        ...

    async def lock(self, id: int) -> Request | None:
        """A request, locked until the transaction ends."""
        ...

    async def lock_case(self, id: int) -> Case | None:
        """The same with everything that is shown of it, its votes included."""
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

    async def open(self, grant: Grant, *, doing: Doing, within: timedelta = OPENING_DEADLINE) -> None:
        """Records a grant that is to be applied ``within`` a time, by Postgres' clock."""
        ...

    async def get(self, id: UUID) -> Grant:
        """One grant, locked until the transaction ends."""
        ...

    async def of_request(self, request: int) -> Grant | None:
        """The grant that a request opened, locked until the transaction ends."""
        ...

    async def live(self, target: UUID, method: Method, subject: Subject) -> tuple[Grant, ...]:
        """Grants of exactly a subject that somebody may end, locked until the transaction ends."""
        ...

    async def running(self, target: UUID, method: Method) -> tuple[Grant, ...]:
        """Grants of a target and method that somebody may end, locked until the transaction ends."""
        ...

    async def is_closing(self, target: UUID, method: Method, subject: Subject) -> bool:
        """Whether a grant of exactly a subject is being closed."""
        ...

    async def next_to_end(self, target: UUID, method: Method) -> Grant | None:
        """The grant of a target and method that ends first; None when none has an end to come."""
        ...

    async def change(
        self, before: Grant, after: Grant, *, doing: Doing, within: timedelta = OPENING_DEADLINE
    ) -> bool:
        """Writes what differs; False and nothing written when the state is not ``before``'s any more.

        Args:
            before: as it was read.
            after: as it is to be.
            doing: for the audit line.
            within: until when it has to be applied, where that begins anew.
        """
        ...

    async def get_all(self, ids: Collection[UUID]) -> tuple[Grant, ...]:
        """These grants, locked until the transaction ends."""
        ...

    async def change_all(self, changes: Sequence[tuple[Grant, Grant, Doing]]) -> None:
        """Writes many grants that this transaction has locked: as it was, as it is to be, and who does it.

        None of them may be applied (again) by this: that sets a deadline, which ``change`` does.
        """
        ...

    async def past_end(self, now: datetime, *, limit: int) -> tuple[Grant, ...]:
        """Grants to close whose end has come, locked: the most overdue first, a target's together."""
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


class Changes(Protocol):
    """Changes that happen once; every change of state writes its audit line."""

    async def start(self, change: Change, *, within: timedelta, doing: Doing) -> None:
        """Records a change that is to be made, with a deadline that runs by Postgres' clock."""
        ...

    async def get(self, id: UUID) -> Change:
        """One change, locked until the transaction ends."""
        ...

    async def of_request(self, request: int) -> Change | None:
        """The change that a request brought about, locked until the transaction ends."""
        ...

    async def under_way(self, target: UUID, method: Method) -> tuple[Change, ...]:
        """Changes of a target and method that are to be made, oldest first."""
        ...

    async def taken_over(self, target: UUID, method: Method) -> tuple[Change, ...]:
        """Changes by which entries of others were taken over, the newest first."""
        ...

    async def to_wake(self, now: datetime, *, limit: int) -> tuple[Change, ...]:
        """Changes that wait for a person and that the clock is to look at, locked."""
        ...

    async def next_moment(self) -> datetime | None:
        """When the clock is to look at one next."""
        ...

    async def move(
        self, before: Change, after: Change, *, doing: Doing, within: timedelta | None = None
    ) -> bool:
        """Writes what differs; False and nothing written when the state is not ``before``'s any more.

        Args:
            before: as it was read.
            after: as it is to be.
            doing: for the audit line, where the state changes.
            within: a new deadline, where one begins.
        """
        ...


class Handouts(Protocol):
    """Links to certificates' files; every change of a link's state writes its audit line."""

    async def make(self, handout: Handout, *, doing: Doing) -> None:
        """Records a new link."""
        ...

    async def lock(self, id: UUID) -> Handout | None:
        """A link, locked until the transaction ends."""
        ...

    async def open_of(self, certificate: UUID) -> tuple[Handout, ...]:
        """Links to a certificate's files that nobody used yet, locked until the transaction ends."""
        ...

    async def hold(self, handout: Handout, *, within: timedelta) -> UUID:
        """Keeps others out while the files of a locked link are fetched; returns the lease."""
        ...

    async def release(self, id: UUID, lease: UUID) -> None:
        """Lets others try at once; nothing was handed out."""
        ...

    async def holds(self, id: UUID, lease: UUID) -> Handout | None:
        """The link, locked, if it is still held by this lease; None when it is not any more."""
        ...

    async def move(self, before: Handout, after: Handout, *, doing: Doing) -> None:
        """Writes what differs of a locked link, and the audit line where its state does."""
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

    async def tell_all(self, notices: Sequence[Notice]) -> None:
        """Records many notices at once; a key is told once."""
        ...

    async def tell_cards(self, request: int, *, approvals: str, requester: str) -> None:
        """Records the two cards of a new request: the channel's where it is decided, and the requester's."""
        ...

    async def announce(self, kind: PostKind, *, to: str, key: str, request: int, again: timedelta) -> int:
        """Records what is about to be posted by hand, because the store must not know what it says.

        Args:
            kind: what the courier draws in its place later.
            to: a person's Slack id.
            key: what is told once.
            request: its number.
            again: how long until it is shown afresh.

        Returns:
            The post's number, for the message's metadata.
        """
        ...

    async def stands(self, number: int, place: Place) -> None:
        """Notes where a post stands that was made by hand."""
        ...

    async def take_back(self, number: int) -> None:
        """Forgets an announced post that Slack did not take."""
        ...

    async def refresh_cards(self, request: int) -> None:
        """Every card of the request has to be shown afresh."""
        ...

    async def refresh_cards_of(self, requests: Collection[int]) -> None:
        """Every card of all these requests has to be shown afresh."""
        ...

    async def refresh(self, key: str, *, params: Mapping[str, str] | None = None) -> bool:
        """Has one post shown afresh, perhaps saying something else; False when there is none of that key."""
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

    async def turn(self, name: str, *, now: datetime, following: datetime) -> bool:
        """Takes a chore's turn by business time, and sets the next one; False while it is not due.

        A chore that was never heard of only has its next turn set.
        """
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
        """Databases and spaces."""
        ...

    @property
    def ranges(self) -> Ranges:
        """Trusted ranges of spaces."""
        ...

    @property
    def lanes(self) -> Lanes:
        """The keeper's turns."""
        ...

    @property
    def changes(self) -> Changes:
        """Changes that happen once."""
        ...

    @property
    def entries(self) -> Entries:
        """Our rules, and intents."""
        ...

    @property
    def links(self) -> Links:
        """AWS accounts that we let in."""
        ...

    @property
    def certificates(self) -> Certificates:
        """The inventory of client certificates."""
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
    def reminders(self) -> Reminders:
        """Reminders of certificates' ends."""
        ...

    @property
    def handouts(self) -> Handouts:
        """Links to certificates' files."""
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
