"""Compares a database's desired grants with its observed PrivateLink and returns the changes to make.

Pure: values in, a value out. Planned again on its own result, the plan is empty. An account has no id and no
marker at Heroku: it is owned when the store says that pgaccess allowed it, and it was not listed before.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from bot.domain.outside.text import UNREADABLE
from bot.domain.owned_entry import OwnedEntry, Plan, Removal, StoredState, transitions, unsettled
from bot.domain.privatelink.observation import LEAVING, OPERATIONAL, AllowedAccount

Batch = tuple[tuple[UUID, tuple[str, ...]], ...]
"""Accounts to allow, for each grant that needs some."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredAccounts(StoredState[str, str]):
    """What the store knows of one database's PrivateLink; addresses and keys are ARNs.

    Attributes:
        approved_removals: accounts whose removal was approved: unmanaged ones, and adopted ones.
        removals_waiting: of these, those whose removal was requested just now.
        closing: the endpoint is to be destroyed: nothing is opened meanwhile.
        close_waiting: its destruction was requested just now; that has to show first.
    """

    approved_removals: frozenset[str] = frozenset()
    removals_waiting: frozenset[str] = frozenset()
    closing: bool = False
    close_waiting: bool = False

    @property
    def touched(self) -> frozenset[str]:
        """Accounts that are owned, be they there, about to be added or about to go."""
        return frozenset(entry.key for entry in self.entries)


@dataclass(frozen=True, kw_only=True, slots=True)
class PrivateLinkPlan(Plan[str]):
    """What follows from one observation of a database's PrivateLink.

    Attributes:
        open: the endpoint is to be created with these accounts.
        add: accounts to allow on the endpoint that is there.
        remove: accounts to remove: owned ones that no grant needs, and those of an approved removal.
        close: the endpoint is to be destroyed.
        abandoned: accounts that were requested and did not appear.
        closed: there is no endpoint any more, as was requested.
    """

    open: Batch = ()
    add: Batch = ()
    remove: tuple[str, ...] = ()
    close: bool = False
    abandoned: tuple[str, ...] = ()
    closed: bool = False

    @property
    def changes_heroku(self) -> bool:
        """Whether applying it writes to Heroku."""
        return bool(self.open or self.add or self.remove or self.close)

    @property
    def concludes(self) -> bool:
        """Whether it proves anything that was not known before, of a grant, an operation or an account."""
        return bool(self.grants or self.absent or self.removed or self.closed)


class _AccountDiff:
    """Stored state and observation laid over each other once, so that every question is a look-up."""

    def __init__(
        self, stored: StoredAccounts, status: str | None, accounts: Iterable[AllowedAccount]
    ) -> None:
        self.stored = stored
        self.no_endpoint = status is None
        self.leaving = status in LEAVING
        self.ready = status == OPERATIONAL
        # While an endpoint is created or destroyed Heroku does not promise that its list is complete.
        self.proven = self.ready or self.no_endpoint
        self.listed = {account.arn: account for account in accounts}
        self.entries = {entry.key: entry for entry in stored.entries}
        missing = [entry for entry in stored.entries if self.proven and entry.key not in self.listed]
        self.expected = {entry.key for entry in missing if entry.ambiguous}
        self.abandoned = tuple(e.key for e in missing if not e.observed and not e.ambiguous)
        self.absent = tuple(entry.key for entry in missing if entry.observed and not entry.ambiguous)
        self.vanished = {e.key for e in missing if e.observed and e.removal is Removal.NONE}
        self.desired = stored.desired
        self.held = stored.held
        self.undesired = [
            entry for entry in stored.entries if entry.key in self.listed and self._leaves(entry)
        ]
        requested = {entry.key for entry in stored.entries if entry.removal is not Removal.NONE}
        requested |= stored.removals_waiting
        # Not requested yet, the removal of what a grant relies on comes too late.
        self.needed = frozenset(stored.approved_removals & self.desired & self.listed.keys() - requested)
        self.removing = requested | stored.approved_removals - self.needed

    def _leaves(self, entry: OwnedEntry[str]) -> bool:
        """Whether no grant needs it, or its removal was requested and has come to nothing."""
        undesired = entry.key not in self.desired and not entry.adopted
        return undesired or entry.removal is not Removal.NONE

    def serves(self, arn: str) -> bool:
        """Whether the account is listed, owned or unmanaged, and is not being removed."""
        return arn in self.listed and arn not in self.removing and not self.leaving

    # --- evidence for grants -----------------------------------------------------------------------

    def is_allowed(self, address: str) -> bool:
        """Whether the account may connect at this moment."""
        return self.ready and self.serves(address) and self.listed[address].may_connect

    def is_interrupted(self, address: str) -> bool:
        """Whether it is proven to be allowed no more, or the endpoint is being destroyed."""
        # A list proves nothing while the endpoint is destroyed, but nobody can rely on the endpoint any more.
        return (self.proven or self.leaving) and not self.serves(address)

    def is_closed_by_others(self, address: str) -> bool:
        """Whether somebody removed what allowed it: an owned entry, or one that another grant relied on."""
        held = address in self.held and (self.proven or self.leaving)
        gone = (address in self.vanished or held) and not self.serves(address)
        return gone and address not in self.expected

    def is_closed(self, address: str) -> bool:
        """Whether nothing owned allows it any more, save for another grant that still needs it."""
        if address in self.desired or address not in self.entries or self.entries[address].adopted:
            return True
        return self.proven and address not in self.listed and address not in self.expected


def completed(accounts: Iterable[AllowedAccount], stored: StoredAccounts) -> tuple[AllowedAccount, ...]:
    """Completes a list with an account that could not be read: it may be any of those that the list lacks.

    Those are kept with a status that is not known: none of them is absent, and none may connect.

    Args:
        accounts: as Heroku listed them.
        stored: what the store knows.
    """
    found = tuple(accounts)
    listed = {account.arn for account in found}
    if UNREADABLE not in listed:
        return found
    # What no list has shown proves nothing by its absence anyway.
    expected = {entry.key for entry in stored.entries if entry.observed}
    expected |= stored.held | stored.approved_removals
    return (*found, *(AllowedAccount(arn=arn, status=UNREADABLE) for arn in sorted(expected - listed)))


def make_plan(
    stored: StoredAccounts, status: str | None, accounts: Iterable[AllowedAccount]
) -> PrivateLinkPlan:
    """Compares what is desired with what one observation shows.

    Args:
        stored: open grants, owned accounts and approved operations of the database.
        status: of the endpoint; None where it is proven that there is none.
        accounts: the complete list that Heroku answered with.

    Returns:
        The changes to make and the states that are proven. An unmanaged account is never among the changes,
        save by its own approved removal, or by that of the whole endpoint.
    """
    diff = _AccountDiff(stored, status, accounts)
    to_allow = _accounts_to_allow(diff)
    moved = transitions(stored.grants, diff)
    return PrivateLinkPlan(
        grants=moved,
        # Heroku creates an endpoint only with at least one account, so the accounts go into its creation.
        open=to_allow if diff.no_endpoint else (),
        add=to_allow if diff.ready else (),
        remove=_accounts_to_remove(diff),
        close=stored.closing and not stored.close_waiting and not diff.no_endpoint and not diff.leaving,
        observed=tuple(arn for arn in diff.entries if arn in diff.listed),
        absent=diff.absent,
        abandoned=diff.abandoned,
        closed=stored.closing and diff.no_endpoint,
        removed=frozenset(stored.approved_removals - diff.listed.keys()) if diff.proven else frozenset(),
        needed=diff.needed,
        # Closing takes adopted accounts along, as was approved: nobody else removed them.
        lost_adopted=() if stored.closing else _lost_adopted(diff),
        under_way=_is_under_way(diff, moving=bool(unsettled(stored.grants, moved))),
    )


def _lost_adopted(diff: _AccountDiff) -> tuple[str, ...]:
    """Adopted accounts that are gone although nobody here requested it."""
    lost = set(diff.absent) & diff.vanished - diff.stored.approved_removals
    return tuple(entry.key for entry in diff.stored.entries if entry.adopted and entry.key in lost)


def _accounts_to_allow(diff: _AccountDiff) -> Batch:
    """Accounts to allow, each once, under the first grant that needs it.

    None while the endpoint is to be destroyed, while it is neither operational nor proven to be absent, or
    while an answer is outstanding and an endpoint may still appear.
    """
    usable = diff.ready or (diff.no_endpoint and not diff.expected)
    if diff.stored.closing or not usable:
        return ()
    taken: set[str] = set()
    batch = []
    for grant in diff.stored.grants:
        # All or none of a grant's accounts: a part of them would never be in force.
        if not grant.opens or any(map(diff.is_closed_by_others, grant.addresses)):
            continue
        arns = tuple(sorted(arn for arn in grant.addresses - taken if _is_missing(diff, arn)))
        taken.update(arns)
        if arns:
            batch.append((grant.grant, arns))
    return tuple(batch)


def _is_missing(diff: _AccountDiff, arn: str) -> bool:
    """Whether it is not listed, not on its way, and not one whose removal has still to show."""
    return arn not in diff.listed and arn not in diff.expected


def _accounts_to_remove(diff: _AccountDiff) -> tuple[str, ...]:
    """Owned accounts that no grant needs, and those whose removal was approved."""
    # They go with the endpoint.
    if diff.stored.closing or diff.leaving:
        return ()
    owned = [entry.key for entry in diff.undesired if entry.removal is not Removal.REQUESTED]
    approved = [
        arn
        for arn in sorted(diff.stored.approved_removals - diff.stored.removals_waiting - diff.needed)
        if arn in diff.listed and arn not in owned
    ]
    return (*owned, *approved)


def _is_under_way(diff: _AccountDiff, *, moving: bool) -> bool:
    removing = diff.stored.approved_removals & diff.listed.keys() - diff.needed
    return bool(moving or diff.stored.closing or removing or diff.undesired or diff.expected)
