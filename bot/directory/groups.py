"""Reads the user groups that the policy names, each by itself: one that fails spoils nothing else."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.domain.policy.rules import Policy
from bot.domain.reports import findings
from bot.domain.timings import DEFAULT, Timings
from bot.errors import SlackError
from bot.ports import GROUP_READINGS, DueGroups, MessageKind, Slack, Store, Transaction

SINGLY_AT_MOST: Final = 10
"""Groups that are read one by one; of more, one call lists them all. Slack takes 20 calls a minute."""

STEP_AT_MOST: Final = 20
"""Groups that one step reads one by one: a minute of Slack's calls."""

LEASE: Final = timedelta(minutes=2)
"""How long the groups of a step are left to one worker."""

BROKEN_EVERY: Final = timedelta(minutes=5)
"""How often a group is tried that Slack refuses; an event says sooner that it is well."""

NAMED_AT_MOST: Final = 100
"""Groups that one message names: a text of Slack's takes 3,000 characters."""

_PASSING: Final = frozenset(
    {
        "account_inactive", "fatal_error", "internal_error", "invalid_auth", "not_authed", "ratelimited",
        "request_timeout", "service_unavailable", "team_added_to_org", "token_expired", "token_revoked",
        "unreachable", "unreadable",
    }
)  # fmt: skip
"""Answers that say nothing of a group: Slack or the token as a whole is in trouble."""

log = structlog.get_logger(__name__)


class GroupReader:
    """Reads groups that are due, and tells operations of those that cannot be read, once.

    Args:
        store: what is brought up to date.
        slack: where groups are read.
        policy: names the groups, and the channel of operations.
        timings: with the pause after a call that failed.
    """

    def __init__(self, *, store: Store, slack: Slack, policy: Policy, timings: Timings = DEFAULT) -> None:
        self._store = store
        self._slack = slack
        self._policy = policy
        self._timings = timings

    async def step(self) -> None:
        """Reads the groups that are due: many by one call, and one by one what that leaves open."""
        async with self._store.transaction() as tx:
            due = await tx.slack_users.claim_groups(self._policy.groups, lease=LEASE)
            await tx.commit()
            held = await tx.periodic_tasks.is_held(GROUP_READINGS)
        rest = due.ids
        if len(rest) > SINGLY_AT_MOST:
            rest = await self._read_together(due)
        now, later = ((), rest) if held else (rest[:STEP_AT_MOST], rest[STEP_AT_MOST:])
        await self._read_singly(now, read=due.read)
        await self._postpone(later, by=timedelta())
        await self._tell()

    async def read_doubtful(self, due: DueGroups) -> None:
        """Reads groups that an event has put in doubt; raises nothing of Slack's."""
        await self._read_singly(due.ids, read=due.read)
        await self._tell()

    async def _read_together(self, due: DueGroups) -> tuple[str, ...]:
        """Reads many groups with one call; returns those that it leaves open."""
        try:
            found = await self._slack.groups()
        except SlackError as error:
            log.warning("directory.groups_failed", code=error.code)
            if error.retry_after_s is not None or _is_passing(error.code):
                return due.ids
            # A missing scope, for example: one by one the answer would be the same.
            await self._record(due.ids, error.code)
            return ()
        async with self._store.transaction() as tx:
            for id in sorted(found.keys() & set(due.ids)):
                await tx.slack_users.save_group(id, found[id], read=due.read)
            await tx.commit()
        return tuple(id for id in due.ids if id not in found)

    async def _read_singly(self, ids: Collection[str], *, read: datetime) -> None:
        waiting = list(ids)
        while waiting:
            try:
                await self._read(waiting[0], read=read)
            except SlackError as error:
                # The limit is of the method: the others wait for it too.
                wait = timedelta(seconds=error.retry_after_s or 0)
                log.info("directory.waiting", method=GROUP_READINGS, seconds=wait.total_seconds())
                async with self._store.transaction() as tx:
                    await tx.periodic_tasks.hold(GROUP_READINGS, wait=wait)
                    await tx.slack_users.postpone_groups(waiting, by=wait)
                    await tx.commit()
                return
            waiting.pop(0)

    async def _read(self, id: str, *, read: datetime) -> None:
        """Reads one group, or records why it cannot be read; raises ``SlackError`` for a rate limit only."""
        try:
            members = await self._slack.group_members(id, patiently=False)
        except SlackError as error:
            if error.retry_after_s is not None:
                raise
            log.warning("directory.group_failed", group=id, code=error.code)
            if _is_passing(error.code):
                await self._postpone([id], by=self._timings.sync_retry)
            else:
                await self._record([id], error.code)
            return
        async with self._store.transaction() as tx:
            await tx.slack_users.save_group(id, members, read=read)
            await tx.commit()

    async def _record(self, ids: Collection[str], code: str) -> None:
        """Records that groups cannot be read."""
        async with self._store.transaction() as tx:
            for id in sorted(ids):
                await tx.slack_users.group_failed(id, code, wait=BROKEN_EVERY)
            await tx.commit()

    async def _postpone(self, ids: Collection[str], *, by: timedelta) -> None:
        if ids:
            async with self._store.transaction() as tx:
                await tx.slack_users.postpone_groups(ids, by=by)
                await tx.commit()

    async def _tell(self) -> None:
        """Tells operations what has changed: one message for all groups with the same trouble."""
        async with self._store.transaction() as tx:
            changed = await tx.slack_users.untold(self._policy.groups)
            if changed:
                await _add_messages(tx, changed, operations=self._policy.operations_channel)
                await tx.commit()


def _is_passing(code: str) -> bool:
    # A number is an HTTP status: Slack's answer was none of its own.
    return code in _PASSING or code.isdigit()


async def _add_messages(tx: Transaction, changed: Mapping[str, tuple[str, ...]], *, operations: str) -> None:
    now = await tx.slack_users.current_time()
    for error, ids in changed.items():
        kind = MessageKind.GROUPS_UNREADABLE if error else MessageKind.GROUPS_READABLE
        more = f", … (+{len(ids) - NAMED_AT_MOST})" if len(ids) > NAMED_AT_MOST else ""
        params = {"groups": ", ".join(ids[:NAMED_AT_MOST]) + more, "error": error}
        about = [findings.group(id) for id in ids] if error else []
        await tx.outbox.add(
            kind, to=operations, key=f"{kind}:{error}:{now.isoformat()}", params=params, about=about
        )
        if not error:
            await tx.outbox.settle({findings.group(id) for id in ids}, at=now)
