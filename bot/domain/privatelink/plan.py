"""Wanted against seen: what has to change on a database's PrivateLink, and what may be said of its grants.

Pure: values in, a value out. Planned again on its own result, the plan is empty. An account has no id and no
mark at Heroku: it is ours when our store says that we let it in, and it was not there when we did.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from bot.domain.grant import GrantState, Why
from bot.domain.owned_entry import Removal
from bot.domain.privatelink.observation import ACTIVE, LEAVING, OPERATIONAL, AllowedAccount


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkWant:
    """An open grant, as far as planning needs it.

    Attributes:
        owner: Slack id of whom it was granted to.
        arns: all of them are to be let in.
        overdue: its opening deadline has passed.
        over: its end has passed. It wants nothing any more, and it is the clock that moves its state.
    """

    grant: UUID
    owner: str
    arns: frozenset[str]
    state: GrantState
    overdue: bool = False
    over: bool = False

    @property
    def opens(self) -> bool:
        """Whether it is (still) to be opened."""
        return self.state is GrantState.APPLYING and not self.overdue and not self.over

    @property
    def holds(self) -> bool:
        """Whether it is in force, and is to stay so."""
        return self.state is GrantState.IN_FORCE and not self.over


@dataclass(frozen=True, kw_only=True, slots=True)
class Let:
    """An account that we let in, or may have.

    Attributes:
        listed: a look has shown it since we asked; before that, absence proves nothing.
        waiting: no answer was read and the call may still land; nothing is asked again until it cannot.
        removal: how far its removal is.
        adopted: it was taken over, and stays until its removal is approved, whether a grant wants it or not.
    """

    arn: str
    listed: bool
    waiting: bool = False
    removal: Removal = Removal.NONE
    adopted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkKnown:
    """What the store knows of one database's PrivateLink.

    Attributes:
        undo: accounts whose removal was approved: foreign ones, and those that were taken over.
        undo_waiting: of these, those whose removal was asked for just now.
        closing: the whole is to be closed: nothing is opened meanwhile.
        close_waiting: closing was asked for just now; its effect has to show first.
    """

    wants: tuple[LinkWant, ...] = ()
    lets: tuple[Let, ...] = ()
    approved_removals: frozenset[str] = frozenset()
    removals_waiting: frozenset[str] = frozenset()
    closing: bool = False
    close_waiting: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkPlan:
    """What follows from one look.

    Attributes:
        open: the endpoint is to be made, with these accounts for each grant that wants some.
        add: accounts to let in, for each grant that wants some.
        remove: accounts to let in no longer: ours that nobody wants, and those of an approved removal.
        close: the endpoint is to be destroyed.
        listed: accounts of ours that this look shows.
        gone: accounts of ours that are no longer there, whoever removed them.
        lost: accounts that we asked for and that did not appear.
        in_force: grants all of whose accounts are proven to be let in.
        ended: grants whose end is proven.
        interrupted: grants that were in force and are closed without us.
        failed: grants that will not be opened, each with the reason.
        closed: there is no endpoint any more, as was asked for.
        undone: accounts of an approved removal that are proven to be gone.
        needed: accounts of an approved removal that an open grant relies on: they are left alone.
        missing: accounts that were taken over, and that somebody else closed.
        under_way: something is expected to change soon: look again quickly.
    """

    open: tuple[tuple[UUID, tuple[str, ...]], ...] = ()
    add: tuple[tuple[UUID, tuple[str, ...]], ...] = ()
    remove: tuple[str, ...] = ()
    close: bool = False
    listed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    in_force: tuple[UUID, ...] = ()
    ended: tuple[UUID, ...] = ()
    interrupted: tuple[UUID, ...] = ()
    failed: tuple[tuple[UUID, Why], ...] = ()
    closed: bool = False
    undone: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()
    missing: tuple[str, ...] = ()
    under_way: bool = False

    @property
    def changes_heroku(self) -> bool:
        """Whether carrying it out writes to Heroku."""
        return bool(self.open or self.add or self.remove or self.close)

    @property
    def concludes(self) -> bool:
        """Whether it says anything that was not known before, of a grant, a change or an account of ours."""
        said = (self.gone, self.in_force, self.ended, self.interrupted, self.failed, self.closed, self.undone)
        return any(said)


class _Scene:
    """Known and seen laid over each other, once, so that every question below is a look-up."""

    def __init__(self, known: LinkKnown, status: str | None, accounts: Iterable[AllowedAccount]) -> None:
        self.known = known
        self.absent = status is None
        self.leaving = status in LEAVING
        self.ready = status == OPERATIONAL
        # While an endpoint is made or destroyed nobody has promised that its list is complete.
        self.proven = self.ready or self.absent
        self.listed = {account.arn: account for account in accounts}
        self.lets = {let.arn: let for let in known.lets}
        missing = [let for let in known.lets if self.proven and let.arn not in self.listed]
        self.expected = {let.arn for let in missing if let.waiting}
        self.lost = tuple(let.arn for let in missing if not let.listed and not let.waiting)
        self.gone = tuple(let.arn for let in missing if let.listed and not let.waiting)
        self.vanished = {let.arn for let in missing if let.listed and let.removal is Removal.NONE}
        self.wanted = _arns(want for want in known.wants if want.opens or want.holds)
        self.held = _arns(want for want in known.wants if want.holds)
        self.unwanted = [let for let in known.lets if let.arn in self.listed and self._leaves(let)]
        asked = {let.arn for let in known.lets if let.removal is not Removal.NONE} | known.removals_waiting
        # Not asked for yet, the removal of what a grant relies on comes too late.
        self.needed = frozenset(known.approved_removals & self.wanted & self.listed.keys() - asked)
        self.removing = asked | known.approved_removals - self.needed

    def _leaves(self, let: Let) -> bool:
        """Whether nobody wants it, or its removal was asked for and has come to nothing."""
        unwanted = let.arn not in self.wanted and not let.adopted
        return unwanted or let.removal is not Removal.NONE

    def serves(self, arn: str) -> bool:
        """Whether the look shows the account, ours or foreign, and nobody takes it away just now."""
        return arn in self.listed and arn not in self.removing and not self.leaving

    def admits(self, arn: str) -> bool:
        """Whether the account may connect at this moment."""
        return self.ready and self.serves(arn) and self.listed[arn].status == ACTIVE

    def closed_by_others(self, arn: str) -> bool:
        """Somebody took away what let this account in: our entry, or one that another grant relied on."""
        held = arn in self.held and (self.proven or self.leaving)
        return (arn in self.vanished or held) and not self.serves(arn) and arn not in self.expected


def make_plan(known: LinkKnown, status: str | None, accounts: Iterable[AllowedAccount]) -> LinkPlan:
    """Compares what is wanted with what one look saw.

    Args:
        known: open grants, our accounts and approved changes of the database.
        status: of the endpoint; None where it is proven that there is none.
        accounts: the complete list that Heroku answered with.

    Returns:
        The changes to make and the states that are proven. A foreign account is never among the changes, save
        by its own approved removal, or by that of the whole endpoint.
    """
    scene = _Scene(known, status, accounts)
    missing = _missing(scene)
    verdicts = [(want, *_verdict(scene, want)) for want in known.wants]
    moved = {
        state: tuple(want.grant for want, to, _ in verdicts if to is state and want.state is not state)
        for state in (GrantState.IN_FORCE, GrantState.ENDED, GrantState.INTERRUPTED)
    }
    return LinkPlan(
        open=missing if scene.absent else (),
        add=missing if scene.ready else (),
        remove=_removals(scene),
        close=known.closing and not known.close_waiting and not scene.absent and not scene.leaving,
        listed=tuple(arn for arn in scene.lets if arn in scene.listed),
        gone=scene.gone,
        lost=scene.lost,
        in_force=moved[GrantState.IN_FORCE],
        ended=moved[GrantState.ENDED],
        interrupted=moved[GrantState.INTERRUPTED],
        failed=tuple((want.grant, why) for want, to, why in verdicts if to is GrantState.FAILED and why),
        closed=known.closing and scene.absent,
        undone=frozenset(known.approved_removals - scene.listed.keys()) if scene.proven else frozenset(),
        needed=scene.needed,
        missing=() if known.closing else _missing_adopted(scene),
        under_way=_under_way(scene, {to for _, to, _ in verdicts}),
    )


def _missing_adopted(scene: _Scene) -> tuple[str, ...]:
    """Accounts that were taken over, and that went without anybody's asking."""
    went = set(scene.gone) & scene.vanished - scene.known.approved_removals
    return tuple(let.arn for let in scene.known.lets if let.adopted and let.arn in went)


def _arns(wants: Iterable[LinkWant]) -> set[str]:
    return {arn for want in wants for arn in want.arns}


def _missing(scene: _Scene) -> tuple[tuple[UUID, tuple[str, ...]], ...]:
    """Accounts to let in, each once, under the first grant that wants it.

    None while the whole is being closed, while the endpoint is neither there nor proven to be absent, or
    while an answer is outstanding and an endpoint may still appear.
    """
    if scene.known.closing or not (scene.ready or scene.absent) or (scene.absent and scene.expected):
        return ()
    taken: set[str] = set()
    missing = []
    for want in scene.known.wants:
        if not want.opens or any(scene.closed_by_others(arn) for arn in want.arns):
            continue
        arns = tuple(sorted(arn for arn in want.arns - taken if _is_missing(scene, arn)))
        taken.update(arns)
        if arns:
            missing.append((want.grant, arns))
    return tuple(missing)


def _is_missing(scene: _Scene, arn: str) -> bool:
    """Not there, not on its way, and not one whose removal has still to show."""
    return arn not in scene.listed and arn not in scene.expected


def _removals(scene: _Scene) -> tuple[str, ...]:
    """Our accounts that nobody wants, and foreign ones whose removal was approved."""
    if scene.known.closing or scene.leaving:
        return ()
    ours = [let.arn for let in scene.unwanted if let.removal is not Removal.ASKED]
    undone = [
        arn
        for arn in sorted(scene.known.approved_removals - scene.known.removals_waiting - scene.needed)
        if arn in scene.listed and arn not in ours
    ]
    return (*ours, *undone)


def _verdict(scene: _Scene, want: LinkWant) -> tuple[GrantState, Why | None]:
    """The state that one grant is in now, and why if that needs saying."""
    match want.state:
        case GrantState.APPLYING if not want.over:
            return _opening(scene, want)
        case GrantState.IN_FORCE if not want.over and _is_interrupted(scene, want):
            return GrantState.INTERRUPTED, Why.CLOSED_ELSEWHERE
        case GrantState.ENDING if all(_is_closed(scene, arn) for arn in want.arns):
            return GrantState.ENDED, None
    return want.state, None


def _is_interrupted(scene: _Scene, want: LinkWant) -> bool:
    """Whether one of its accounts is proven to be let in no more, or the endpoint is being destroyed."""
    return (scene.proven or scene.leaving) and not all(map(scene.serves, want.arns))


def _opening(scene: _Scene, want: LinkWant) -> tuple[GrantState, Why | None]:
    if want.overdue:
        return GrantState.FAILED, Why.DEADLINE
    if all(map(scene.admits, want.arns)):
        return GrantState.IN_FORCE, None
    if any(map(scene.closed_by_others, want.arns)):
        return GrantState.FAILED, Why.CLOSED_ELSEWHERE
    return GrantState.APPLYING, None


def _is_closed(scene: _Scene, arn: str) -> bool:
    """Whether nothing of ours lets the account in any more, save for another grant that still needs it."""
    if arn in scene.wanted or arn not in scene.lets or scene.lets[arn].adopted:
        return True
    return scene.proven and arn not in scene.listed and arn not in scene.expected


def _under_way(scene: _Scene, states: set[GrantState]) -> bool:
    moving = states & {GrantState.APPLYING, GrantState.ENDING}
    operations = scene.known.closing or scene.known.approved_removals & scene.listed.keys() - scene.needed
    return bool(moving or scene.unwanted or scene.expected or operations)
