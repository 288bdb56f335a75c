"""Findings: what their cards show, and what approvers and admins decide about unmanaged entries."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from bot.domain.method import Method
from bot.domain.person import Person, UserId
from bot.domain.privatelink.aws_account import short
from bot.domain.reports import findings
from bot.domain.reports.finding import (
    FindingAction,
    asks_at_once,
    channels,
    parse_ignored_until,
    reached,
    require_because,
    subject_of,
)
from bot.domain.request import Kind
from bot.domain.target import Database, Target
from bot.errors import Refusal, Refused
from bot.ports import MessageKind, OutboxMessage, RequestDetails, Transaction
from bot.ports.assertions import listed_requests
from bot.ports.findings import AGAIN, ASKS, TARGET, FindingDetails
from bot.ports.unmanaged_entries import UnmanagedEntry
from bot.services.access_method import AccessMethod
from bot.services.context import ABOUT_ENTRIES, ServiceContext
from bot.services.judgement import databases_inside, rule_concerning, rule_for_entry
from bot.services.reasons import details_readable, entries_readable
from bot.services.request_input import terms_without_end, timezone_of

ASKED_AGAIN: Final = 50
"""Entries that one run asks about again."""

_KINDS: Final = {FindingAction.ADOPT: Kind.ADOPT, FindingAction.REMOVE: Kind.REMOVE_UNMANAGED}

_UNMANAGED: Final = {
    Method.MTLS: MessageKind.RULE_UNMANAGED,
    Method.PRIVATELINK: MessageKind.LINK_UNMANAGED,
    Method.TRUSTED: MessageKind.RANGE_UNMANAGED,
}


class FindingService:
    """Decides about entries that pgaccess does not manage, by their number in the store.

    Args:
        context: store, policy and clock.
        methods: every access method.
    """

    def __init__(self, context: ServiceContext, *, methods: Mapping[Method, AccessMethod]) -> None:
        self._context = context
        self._methods = methods

    # --- what is shown -------------------------------------------------------------------------------

    async def of_message(self, tx: Transaction, message: OutboxMessage) -> FindingDetails | None:
        """Returns what a finding's message shows, as it is recorded now.

        Returns:
            None for a message that was recorded without its target.
        """
        if TARGET not in message.params:
            return None
        target = await tx.targets.find(UUID(message.params[TARGET]))
        if target is None:
            return None
        about = set(findings.entries_of(target.id, message.about))
        method = Method(message.params["method"])
        requests = [await tx.requests.details(id) for id in sorted(listed_requests(message.about))]
        return await self._details(
            tx,
            target,
            method,
            [each for each in await _present(tx, target, method) if each.entry in about],
            [each for each in requests if each is not None],
        )

    async def require_same(self, entry: int, *, fingerprint: str) -> None:
        """Requires that a button or a form is about the entry that has its number now.

        Args:
            entry: its number in the store.
            fingerprint: that the button carries.

        Raises:
            Refused: it is about an entry of a store that was lost, or restored since.
        """
        async with self._context.transaction() as tx:
            found = await tx.unmanaged_entries.find(entry)
            # A number that was never given, or is deleted by now, is told by whatever needs the entry.
            if found is not None and found.fingerprint != fingerprint:
                raise Refused(Refusal.FINDING_OF_ANOTHER_STORE)

    async def entry(
        self, entry: int, action: FindingAction, *, person: str
    ) -> tuple[UnmanagedEntry, FindingDetails]:
        """Returns an entry about which a person may decide now; raises ``Refused`` as ``request`` does."""
        async with self._context.transaction() as tx:
            _, found, target = await self._decidable(tx, entry, person)
            await self._require_undecided(tx, found, action)
            return found, await self._details(tx, target, found.method, [found], [])

    async def entries(self, target: UUID, method: Method, *, person: str) -> FindingDetails:
        """Returns the unmanaged entries of a target about which a person may decide now.

        Raises:
            Refused: the person may not decide there, or there are none any more.
        """
        async with self._context.transaction() as tx:
            member = await self._context.member(tx, person)
            known = await tx.targets.find(target)
            if known is None:
                raise Refused(Refusal.FINDING_OVER, app=str(target))
            await self._require_decider(tx, known, method, member)
            present = await _present(tx, known, method)
            if not present:
                raise Refused(Refusal.FINDING_OVER, app=known.label)
            return await self._details(tx, known, method, present, [])

    # --- what is decided -----------------------------------------------------------------------------

    async def request(
        self, entry: int, action: FindingAction, reason: str, *, person: str, key: str
    ) -> RequestDetails:
        """Records a pending request to adopt or to remove an entry; whoever presses is its requester.

        Args:
            entry: its number in the store.
            action: to adopt or to remove.
            reason: for the approvers.
            person: Slack id of an approver of the target, or of an admin.
            key: identifies the form.

        Raises:
            Refused: the entry is gone or managed, a request about it is under way, a grant needs it, or the
                person may not decide about it.
            StoreUnavailableError: nothing was recorded.
        """

        async def record(tx: Transaction) -> int:
            member, found, target = await self._decidable(tx, entry, person)
            # Of two people who press at once, the second one sees the request of the first.
            await tx.unmanaged_entries.decide_alone(found.id)
            await self._require_undecided(tx, found, action)
            subject = subject_of(found.method, found.subject, action)
            if subject is None:
                raise Refused(Refusal.FINDING_FIXED, address=short(found.subject), app=target.label)
            requested, kind = await self._methods[found.method].at(tx, target, subject), _KINDS[action]
            requested.require_supported()
            rule = await rule_for_entry(
                tx, self._context.policy, member, kind, target=target, method=found.method
            )
            if action is FindingAction.ADOPT:
                await requested.require_adoptable(tx)
            else:
                # A removal by command ends one's own grants at once; a card is about the entry alone.
                live = await requested.live_grants(tx)
                if live:
                    raise Refused(
                        Refusal.FINDING_NEEDED,
                        address=short(found.subject),
                        app=target.label,
                        id=live[0].request,
                    )
                await requested.require_present(tx)
            terms = terms_without_end(found.method, target.id, subject, reason)
            return await self._context.record_operation(tx, kind, terms, rule, person)

        return await self._context.once(key, person, record)

    async def ignore(self, entry: int, until: str, reason: str, *, person: str) -> None:
        """Has an entry ignored until a time; its card asks again then, if it is still there.

        Args:
            entry: its number in the store.
            until: as it was typed.
            reason: why.
            person: Slack id of an approver of the target, or of an admin.

        Raises:
            Refused: the time or the reason is missing or cannot be read, the entry is gone or managed, or the
                person may not decide about it.
            StoreUnavailableError: nothing is known to be recorded; doing it again does no harm.
        """
        async with self._context.transaction() as tx:
            member, found, target = await self._decidable(tx, entry, person)
            now = self._context.now()
            end = parse_ignored_until(until, now=now, zone=timezone_of(member))
            because = require_because(reason)
            if not await tx.unmanaged_entries.ignore(found, until=end, by=person, because=because, at=now):
                raise Refused(Refusal.FINDING_OVER, app=target.label)
            await tx.outbox.refresh_findings([findings.unmanaged(target.id, found.entry)])
            await tx.commit()

    async def run_due(self) -> None:
        """Asks again about every entry that is no longer ignored; one query where there is none."""
        async with self._context.transaction() as tx:
            now = self._context.now()
            over = await tx.unmanaged_entries.ignored_past(now, limit=ASKED_AGAIN)
            for entry in over:
                await tx.unmanaged_entries.end_ignoring(entry, at=now)
                target = await tx.targets.find(entry.target)
                if target is not None and target.gone_at is None:
                    await self._ask_again(tx, entry, target)
            if over:
                await tx.commit()

    async def _ask_again(self, tx: Transaction, entry: UnmanagedEntry, target: Target) -> None:
        """A new card, for nobody notices an edit; the earlier one says that it was asked again."""
        policy, kind = self._context.policy, _UNMANAGED[entry.method]
        about, now = findings.unmanaged(target.id, entry.entry), self._context.now()
        await tx.outbox.supersede(about, at=now)
        asks = asks_at_once(policy, target, await databases_inside(tx, target))
        until = "" if entry.ignored_until is None else entry.ignored_until.isoformat()
        params = {
            **_said(entry, target),
            TARGET: str(target.id),
            "method": str(entry.method),
            "listed": entry.subject,
            "seen": entry.first_seen_at.isoformat(),
            AGAIN: until,
            "by_person": entry.ignored_by or "",
            "because": entry.ignored_because or "",
        }
        key = f"{kind}:{target.id}:{entry.id}:{until}"
        for channel, asked in channels(policy, asks=asks).items():
            said = {**params, ASKS: "yes"} if asked else params
            await tx.outbox.add(
                kind, to=channel, key=f"{key}:asked" if asked else key, params=said, about=[about]
            )

    # --- helpers -------------------------------------------------------------------------------------

    async def _decidable(
        self, tx: Transaction, entry: int, person: str
    ) -> tuple[Person, UnmanagedEntry, Target]:
        """The person, the entry and its target; raises ``Refused`` unless the person may decide about it."""
        member = await self._context.member(tx, person)
        found = await tx.unmanaged_entries.find(entry)
        target = None if found is None else await tx.targets.find(found.target)
        if found is None or target is None:
            raise Refused(Refusal.FINDING_OVER, app="billing")
        await self._require_decider(tx, target, found.method, member)
        if found.absent_at is not None or target.gone_at is not None:
            raise Refused(Refusal.FINDING_OVER, app=target.label)
        return member, found, target

    async def _require_decider(self, tx: Transaction, target: Target, method: Method, member: Person) -> None:
        """Refuses everybody but those who approve access to a target by a method, and admins."""
        deciders = await self._approvers(tx, target, method) | self._context.policy.admins
        if not deciders.isdisjoint(member.ids):
            return
        doubtful = deciders & member.unknown_groups
        if doubtful:
            raise Refused(Refusal.GROUPS_UNKNOWN, group=UserId(min(doubtful)))
        raise Refused(Refusal.FINDING_APPROVERS, app=target.label)

    async def _require_undecided(self, tx: Transaction, entry: UnmanagedEntry, action: FindingAction) -> None:
        """Refuses another request about an entry while one is pending or being done."""
        subject = subject_of(entry.method, entry.subject, FindingAction.REMOVE)
        if action is FindingAction.IGNORE or subject is None:
            return
        earlier = await tx.requests.newest_open(entry.target, subject, ABOUT_ENTRIES)
        if earlier is not None:
            raise Refused(Refusal.FINDING_PENDING, id=earlier.id)

    async def _approvers(self, tx: Transaction, target: Target, method: Method) -> frozenset[str]:
        """Who approves access there by the policy of today; nobody where that cannot be told."""
        try:
            return (await rule_concerning(tx, self._context.policy, target, method)).approvers
        except Refused:
            return frozenset()

    async def _details(
        self,
        tx: Transaction,
        target: Target,
        method: Method,
        entries: Sequence[UnmanagedEntry],
        requests: Sequence[RequestDetails],
    ) -> FindingDetails:
        of_database = isinstance(target, Database)
        databases = () if of_database else await tx.targets.databases()
        return FindingDetails(
            target=target,
            method=method,
            entries=entries_readable(self._context.policy, entries),
            databases=reached(target, databases),
            services=None if of_database else await tx.trusted_ranges.services(target.id, lock=False),
            requests=details_readable(self._context.policy, requests),
            approvers=await self._approvers(tx, target, method),
            now=self._context.now(),
        )


async def _present(tx: Transaction, target: Target, method: Method) -> list[UnmanagedEntry]:
    """The unmanaged entries of one list that the last observation shows."""
    return [each for each in await tx.unmanaged_entries.present(target.id) if each.method is method]


def _said(entry: UnmanagedEntry, target: Target) -> dict[str, str]:
    """What the sentence about a new unmanaged entry names, by access method."""
    match entry.method:
        case Method.MTLS:
            return {"app": target.label, "network": entry.subject}
        case Method.PRIVATELINK:
            return {"app": target.label, "account": short(entry.subject)}
        case Method.TRUSTED:
            return {"space": target.label, "range": entry.subject, "by": entry.created_by or "–"}
