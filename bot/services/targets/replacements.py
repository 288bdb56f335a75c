"""Which database the policy means after one has replaced another: decided by an admin, with a button."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from bot.domain.person import Person
from bot.domain.policy.binding import bound_alike
from bot.domain.policy.environments import PolicyTarget
from bot.domain.target import KnownAs, Target
from bot.errors import Refusal, Refused
from bot.ports import Transaction
from bot.services.context import ServiceContext
from bot.services.targets.replacement_offers import present_ids, remade, settle_offers


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplacementAnswer:
    """What was told of a target.

    Attributes:
        target: as Heroku has it.
        alias: of the entries that it was about.
    """

    target: Target
    alias: str


class ReplacementService:
    """Records whether a target has replaced what an entry of the policy is bound to.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def answer(self, target: UUID, entry: str, *, replaces: bool, person: str) -> ReplacementAnswer:
        """Records an admin's answer; the same answer once more changes nothing.

        Whatever was open on what is replaced stays there until its end, under the rules that it has.

        Args:
            target: Heroku's UUID of the one that may have replaced another.
            entry: key of the policy's entry that it may be meant by.
            replaces: whether it has.
            person: Slack id of an admin; of an approver if the policy names no admin.

        Raises:
            Refused: the person may not tell, it was answered otherwise already, or the target or the entry is
                gone.
            StoreUnavailableError: nothing was recorded.
        """
        try:
            return await self._record(target, entry, replaces=replaces, person=person)
        except Refused as refused:
            if refused.reason is Refusal.PERSON_UNKNOWN:
                await self._context.request_lookup(person)
            raise

    async def _record(self, id: UUID, key: str, *, replaces: bool, person: str) -> ReplacementAnswer:
        async with self._context.transaction() as tx:
            member = await self._context.member(tx, person)
            # Two admins at once: the second reads what the first has recorded.
            everything = await tx.targets.all(lock=True)
            target = await self._present(tx, id, everything)
            meant = self._meant(key, target, everything, replaces=replaces)
            # An answer settles every entry that the target is contested for, also those it is not about.
            settled = target.known.contested | {each.key for each in meant}
            concerned = [each for each in self._context.policy.targets if each.key in settled]
            self._require_decider(member, concerned, target)
            alias = ", ".join(each.alias for each in meant)
            answer = ReplacementAnswer(target=target, alias=alias)
            keys = frozenset(each.key for each in meant)
            if not keys <= target.known.contested:
                self._require_answered(target, keys, replaces=replaces)
                return answer
            doing = replace(self._context.audit(person), details={"name": target.name, "alias": alias})
            now = await tx.slack_users.current_time()
            await tx.targets.answer(target, _told(target.known, keys, now, replaces=replaces), doing=doing)
            holders = [each for each in everything if key in each.known.entries]
            await self._settle(tx, target, meant, holders, replaces=replaces, person=person)
            await tx.commit()
            return answer

    async def _present(self, tx: Transaction, id: UUID, everything: Sequence[Target]) -> Target:
        """The target, if Heroku still has it."""
        there = await present_ids(tx)
        found = next((each for each in everything if each.id == id), None)
        if found is None or found.id not in there:
            raise Refused(Refusal.REPLACEMENT_GONE, name=str(id) if found is None else found.name)
        return found

    def _meant(
        self, key: str, target: Target, everything: Collection[Target], *, replaces: bool
    ) -> list[PolicyTarget]:
        """The entries that an answer is about: those bound to the same move together, a no concerns all."""
        entries = self._context.policy.targets
        if all(entry.key != key for entry in entries):
            raise Refused(Refusal.REPLACEMENT_UNNAMED, name=target.name)
        asked = target.known.contested | {key}
        together = next(group for group in bound_alike(asked, everything) if key in group)
        if not replaces:
            return [entry for entry in entries if entry.key in asked]
        return [entry for entry in entries if entry.key in together]

    def _require_decider(self, member: Person, meant: Sequence[PolicyTarget], target: Target) -> None:
        """Refuses everybody but the admins, or but the approvers where there are none."""
        deciders = self._context.policy.deciding_identity({each.environment for each in meant})
        if not deciders.isdisjoint(member.ids):
            return
        doubtful = deciders & member.unknown_groups
        if doubtful:
            raise Refused(Refusal.GROUPS_UNKNOWN, group=min(doubtful))
        raise Refused(Refusal.REPLACEMENT_ADMINS, name=target.name)

    def _require_answered(self, target: Target, keys: Collection[str], *, replaces: bool) -> None:
        """Refuses an answer that contradicts the one that was recorded."""
        is_bound = any(key in target.known.entries for key in keys)
        if is_bound is not replaces:
            raise Refused(Refusal.REPLACEMENT_SETTLED, name=target.name)

    async def _settle(
        self,
        tx: Transaction,
        target: Target,
        meant: Sequence[PolicyTarget],
        holders: Sequence[Target],
        *,
        replaces: bool,
        person: str,
    ) -> None:
        params = {
            "person": person,
            "alias": ", ".join(each.alias for each in meant),
            "environment": ", ".join(sorted({each.environment for each in meant})),
            **await remade(tx, holders),
        }
        await settle_offers(tx, target, "replaced" if replaces else "kept", params)


def _told(known: KnownAs, keys: frozenset[str], now: datetime, *, replaces: bool) -> KnownAs:
    """What a target is known by after an answer; it settles everything that it was contested for."""
    if not replaces:
        return replace(known, contested=frozenset(), dismissed=known.dismissed | known.contested)
    return replace(
        known,
        entries={**known.entries, **dict.fromkeys(keys, now)},
        contested=frozenset(),
        dismissed=(known.dismissed | known.contested) - keys,
    )
