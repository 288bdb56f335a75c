"""Departures: what is open at a target that Heroku no longer has ends with it."""

from dataclasses import replace
from typing import Final

from bot.domain import grant as grants
from bot.domain import operation as operations
from bot.domain.grant import GrantState, ReasonCode
from bot.domain.mtls.download_link import DownloadLinkState
from bot.domain.reports import findings
from bot.domain.target import Target
from bot.errors import Refusal, Refused
from bot.ports import BOT, AuditContext, MessageKind, Notification, Transaction
from bot.services.context import ServiceContext
from bot.services.mtls.download_links import MESSAGE_KEY
from bot.services.reports.outages import report_departure
from bot.services.targets.absences import kind_of
from bot.services.trusted_ips.support_tickets import ticket_key
from bot.services.withdrawals import withdraw

SETTLED: Final = 20
"""Targets that are settled in one run, each in a transaction of its own."""


class DepartureService:
    """Ends what is recorded of targets that are gone; doing it again changes nothing.

    By what is recorded, and not once at the proof: an approval that is decided in the same moment is found by
    the next run.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def run_due(self) -> None:
        """Settles every target that is gone and of which something is left; one query if there is none."""
        async with self._context.transaction() as tx:
            unsettled = await tx.departures.unsettled(limit=SETTLED)
        for target in unsettled:
            async with self._context.transaction() as tx:
                await self._settle(tx, target)
                await tx.commit()

    async def _settle(self, tx: Transaction, target: Target) -> None:
        """Ends grants and operations, withdraws requests and links, forgets entries, and tells of it."""
        doing = self._context.audit(BOT)
        told: dict[str, list[int]] = {
            "pending": await _withdraw_pending(tx, target, doing),
            "grants": await _end_grants(tx, target, doing),
            "operations": await _fail_operations(tx, target, doing),
        }
        await _withdraw_links(tx, target, doing)
        certificates = await tx.departures.forget_entries(target.id)
        for known in certificates:
            if known.owner is not None and known.request is not None:
                key = f"{MessageKind.CERTIFICATE_GONE}:{known.id}:gone"
                await tx.outbox.add(
                    MessageKind.CERTIFICATE_GONE, to=known.owner, key=key, request=known.request
                )
        of_certificates = [known.request for known in certificates if known.request is not None]
        await tx.outbox.refresh_all([ticket_key(target.id)])
        # What has failed there can no longer be retried, and its cards have buttons for that.
        await tx.outbox.refresh_cards_of([*of_certificates, *await tx.departures.failed_of(target.id)])
        operations_channel = self._context.policy.operations_channel
        for outage in await tx.outages.leave_all(target.id, at=doing.at):
            await report_departure(
                tx, outage, at=doing.at, operations_channel=operations_channel, gone=target.label
            )
        # What was found there is over, but for the departure itself.
        over = set(await tx.departures.findings_of(target.id)) - {findings.gone(target.id)}
        await tx.outbox.settle(over, at=doing.at)
        lists = {name: " ".join(map(str, sorted(numbers))) for name, numbers in told.items()}
        lists["certificates"] = " ".join(sorted(known.handle for known in certificates))
        await tx.outbox.add(
            MessageKind.TARGET_GONE,
            to=operations_channel,
            key=f"{MessageKind.TARGET_GONE}:{target.id}:{doing.at.isoformat()}",
            about=(findings.gone(target.id),),
            params={**lists, "name": target.name, "label": target.label, "kind": kind_of(target)},
        )


async def _withdraw_pending(tx: Transaction, target: Target, doing: AuditContext) -> list[int]:
    withdrawn: list[int] = []
    for id in await tx.departures.pending_of(target.id):
        details = await tx.requests.lock_details(id)
        if details is not None:
            await withdraw(tx, details, Refused(Refusal.TARGET_GONE, app=target.label), doing=doing)
            withdrawn.append(id)
    return withdrawn


async def _end_grants(tx: Transaction, target: Target, doing: AuditContext) -> list[int]:
    """Ends grants in whatever state they are: where there is no target, nothing is left to be read back."""
    open_there = await tx.departures.grants_of(target.id)
    ended = [
        grants.closed(grant, GrantState.ENDED, now=doing.at, reason_code=ReasonCode.TARGET_GONE)
        for grant in open_there
    ]
    await tx.grants.update_all([(*each, doing) for each in zip(open_there, ended, strict=True)])
    numbers = [grant.request for grant in ended]
    await tx.outbox.refresh_cards_of(numbers)
    await tx.outbox.add_all(
        [
            Notification(
                kind=MessageKind.ENDED,
                to=grant.owner,
                key=f"{MessageKind.ENDED}:{grant.id}:{doing.at.isoformat()}",
                request=grant.request,
            )
            for grant in ended
        ]
    )
    return numbers


async def _fail_operations(tx: Transaction, target: Target, doing: AuditContext) -> list[int]:
    """Fails operations under way; those that are steps of a grant are told of by the grant."""
    failed: list[int] = []
    for operation in await tx.departures.operations_of(target.id):
        after = operations.failed(operation, ReasonCode.TARGET_GONE, now=doing.at)
        await tx.operations.update(operation, after, doing=doing)
        await tx.outbox.refresh_cards(operation.request)
        if await tx.grants.of_request(operation.request) is None:
            failed.append(operation.request)
            if operation.owner != BOT:
                key = f"{MessageKind.NOT_DONE}:{operation.id}:{doing.at.isoformat()}"
                await tx.outbox.add(
                    MessageKind.NOT_DONE, to=operation.owner, key=key, request=operation.request
                )
    return failed


async def _withdraw_links(tx: Transaction, target: Target, doing: AuditContext) -> None:
    state = DownloadLinkState.WITHDRAWN
    for link in await tx.departures.links_of(target.id):
        await tx.download_links.update(link, replace(link, state=state), doing=doing)
        await tx.outbox.refresh(MESSAGE_KEY.format(id=link.id), params={"state": state})
