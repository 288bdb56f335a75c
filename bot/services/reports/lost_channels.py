"""Channels that take no messages: people are told directly, and those who decide do so from there."""

from datetime import timedelta
from typing import Final

from bot.domain.policy.rules import Policy
from bot.domain.reports.lost_channel import TOLD_AT_MOST, Delivery, LostChannel
from bot.domain.request import RequestState
from bot.errors import Refused
from bot.ports import MessageKind, RequestDetails, Transaction
from bot.services.context import ServiceContext
from bot.services.judgement import judge, with_fallback
from bot.services.reports.direct_cards import ask_directly, asked_key
from bot.services.withdrawals import shown_on

ASK_AGAIN: Final = "direct cards"
"""The periodic task that asks others directly, where those who were asked may not decide any more."""

AGAIN_EVERY: Final = timedelta(minutes=1)
"""How late others are asked; people, groups and policy are judged anew as often."""


class LostChannelService:
    """Notices that a channel is lost or back, by what Slack answers to messages.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def lose(self, tx: Transaction, channel: str, error: str) -> None:
        """Records that a channel takes no messages, and tells of it once: operations, or else the admins.

        Args:
            tx: that postpones the message.
            channel: Slack id.
            error: Slack's answer.
        """
        await self._record(tx, channel, error, await self._told_instead(tx, channel))

    async def deliver(self, tx: Transaction, channel: str, delivery: Delivery, *, message: int) -> None:
        """Gives the all-clear once, where a message shows that a lost channel is back; else it does nothing.

        Args:
            tx: that records the message as sent, which it has not done yet.
            channel: Slack id.
            delivery: how Slack took the message.
            message: its number in the outbox.
        """
        lost = await tx.lost_channels.find(channel)
        if lost is None or not lost.is_back(delivery):
            return
        told = [_key(lost, MessageKind.CHANNEL_LOST, to) for to in lost.told]
        await tx.outbox.lock(recipient=channel, keys=told)
        await tx.lost_channels.restore(channel)
        await tx.outbox.hurry(channel, but=message)
        over = {"until": self._context.now().isoformat()}
        for to in lost.told:
            await tx.outbox.refresh(
                _key(lost, MessageKind.CHANNEL_LOST, to), params={**_params(lost), **over}
            )
        await _tell(tx, lost, MessageKind.CHANNEL_BACK)

    async def retry(self, channel: str) -> None:
        """Tries at once what waits for a lost channel: an event says that it may be back."""
        async with self._context.transaction() as tx:
            if await tx.lost_channels.find(channel) is not None:
                await tx.outbox.hurry(channel)
                await tx.commit()

    async def run_due(self) -> None:
        """Shows cards directly while the approvals channel is lost; says so no more once it is back."""
        policy = self._context.policy
        if not policy.readable:
            return
        async with self._context.transaction() as tx:
            lost = await tx.lost_channels.find(policy.approvals_channel)
            told = await tx.requests.told_directly()
            waiting = () if lost is None else await tx.requests.pending_ids()
            again = lost is not None and await self._claim_again(tx)
            for channel in (policy.operations_channel, policy.approvals_channel):
                await self._tell_at_last(tx, channel)
            await tx.commit()
        meant = told if lost is None else waiting if again else [id for id in waiting if id not in set(told)]
        for id in meant:
            async with self._context.transaction() as tx:
                details = await tx.requests.lock_details(id)
                if details is not None and details.request.state is RequestState.PENDING:
                    await (self._ask(tx, details) if lost is not None else _forget(tx, details))
                    await tx.commit()

    async def _ask(self, tx: Transaction, details: RequestDetails) -> None:
        try:
            rule = await judge(tx, self._context.policy, details, now=self._context.now())
        except Refused:
            # It is withdrawn by the review of pending requests, or asked about again in a few seconds.
            return
        rule, _ = await with_fallback(
            tx,
            self._context.policy,
            rule,
            requester=details.request.requester,
            asker=details.request.asker,
        )
        await ask_directly(tx, details.request, rule, card=shown_on(details))

    async def _claim_again(self, tx: Transaction) -> bool:
        newest = await tx.policy_states.last()
        # In a deploy two policies run side by side: they would ask by turns for each other's approvers.
        if newest is not None and newest.digest != self._context.policy.digest:
            return False
        return await tx.periodic_tasks.claim(ASK_AGAIN, within=AGAIN_EVERY)

    async def _tell_at_last(self, tx: Transaction, channel: str) -> None:
        """Tells of a lost channel that nobody has been told of: Slack had not been read, for example."""
        lost = await tx.lost_channels.find(channel)
        if lost is None or lost.told:
            return
        told = await self._told_instead(tx, channel)
        # Without anybody to tell nothing is written: it would wake this very task.
        if told:
            await self._record(tx, channel, lost.error, told)

    async def _record(self, tx: Transaction, channel: str, error: str, told: tuple[str, ...]) -> None:
        lost = await tx.lost_channels.lose(channel, error, at=self._context.now(), told=told)
        if lost is not None:
            await _tell(tx, lost, MessageKind.CHANNEL_LOST)

    async def _told_instead(self, tx: Transaction, channel: str) -> tuple[str, ...]:
        """Who hears of a lost channel: operations, and where their own is lost the admins."""
        policy = self._context.policy
        operations = policy.operations_channel
        if channel != operations and await tx.lost_channels.find(operations) is None:
            return (operations,)
        return await tx.requests.able(_responsible(policy), but="", limit=TOLD_AT_MOST)


def _responsible(policy: Policy) -> frozenset[str]:
    """The admins; where the policy names none, whoever approves anything."""
    approvers = (part.approvers for rule in policy.rules for part in rule.each)
    return policy.admins or frozenset().union(*approvers)


async def _forget(tx: Transaction, details: RequestDetails) -> None:
    """Says no longer whom a card was shown to instead, once the channel has it."""
    if await tx.outbox.message_ref(f"approval:{shown_on(details)}") is None:
        return
    await tx.requests.tell_directly(details.request.id, ())
    await tx.outbox.refresh_cards(shown_on(details))
    await tx.outbox.refresh_all([asked_key(details.request.id)])


async def _tell(tx: Transaction, lost: LostChannel, kind: MessageKind) -> None:
    for to in lost.told:
        await tx.outbox.add(kind, to=to, key=_key(lost, kind, to), params=_params(lost))


def _params(lost: LostChannel) -> dict[str, str]:
    return {"channel": lost.id, "error": lost.error, "since": lost.since.isoformat()}


def _key(lost: LostChannel, kind: MessageKind, to: str) -> str:
    return f"{kind}:{lost.id}:{lost.since.isoformat()}:{to}"
