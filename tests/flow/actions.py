"""What users do and see in the emulated environment, as methods for tests."""

import asyncio
import contextlib
import inspect
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sandbox.environment import HEROKU_TOKEN, Environment
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import DATABASE, default_world
from sandbox.heroku.http_types import Refused
from sandbox.heroku.model.privatelink import Connection
from sandbox.slack.delivery import Delivery
from sandbox.slack.users.simulated_users import Outcome

PATIENCE = 15.0
"""Seconds before a wait fails; usually it takes a tenth of one."""


def heroku_emulator(*, behavior: Behavior | None = None, databases: int = 1) -> HerokuEmulator:
    """Returns the default fixtures, with transitions of a fifth of a second."""
    return default_world(
        token=HEROKU_TOKEN, behavior=behavior, databases=databases, times=TransitionTimes.of(0.2)
    )


class Acts:
    """User actions in an environment, and what users see in it.

    Attributes:
        patience: seconds before a wait fails.
    """

    patience = PATIENCE

    def __init__(self, environment: Environment) -> None:
        self.environment = environment

    async def settle(self) -> None:
        """Waits until the bot has observed its databases and synchronized its users."""

        groups = len(self.environment.app.policy.groups)
        read = "(SELECT count(*) FROM slack_groups WHERE known_at IS NOT NULL OR error <> '')"

        async def known() -> bool:
            # One question, as it is asked again and again while the bot starts. Groups are read, or refused,
            # each by itself; nobody decides before.
            ((settled,),) = await self.query(
                "SELECT EXISTS (SELECT 1 FROM slack_users WHERE id = 'U0ENGINEER' AND known_at IS NOT NULL) "
                "AND EXISTS (SELECT 1 FROM targets WHERE absent_at IS NULL) "
                "AND NOT EXISTS (SELECT 1 FROM reconcile_queue JOIN targets ON targets.id = target_id "
                "WHERE absent_at IS NULL AND observation IS NULL) "
                f"AND {groups} <= {read}"
            )
            return bool(settled)

        await self.until(known)

    async def until(self, seen: Callable[[], object]) -> None:
        """Waits until a condition holds; it may be a coroutine function."""
        deadline = time.monotonic() + self.patience
        while True:
            found = seen()
            if await found if inspect.isawaitable(found) else found:
                return
            assert time.monotonic() < deadline, f"never seen; the last that Slack showed: {self.last_shown()}"
            await asyncio.sleep(0.04)

    # --- people ----------------------------------------------------------------------------------

    async def type(self, person: str, line: str) -> Outcome:
        return await self.environment.people.types(person, line)

    async def ask(self, line: str = "/pgaccess mtls add 203.0.113.4", person: str = "engineer") -> Outcome:
        """Types a request and waits for its card."""
        before = len(self.cards())
        outcome = await self.type(person, line)
        assert outcome.ok, outcome
        await self.until(lambda: len(self.cards()) > before)
        return outcome

    async def press(self, person: str, action: str, card: int = -1) -> Outcome:
        message = self.cards()[card]
        return await self.environment.people.clicks(
            person, channel="#approvals", ts=message["ts"], action_id=action
        )

    def built_click(self, person: str, action: str) -> Delivery:
        """Builds a click on the newest card as it is now, to be sent later."""
        return self.environment.slack.acts.click(
            person,
            "#approvals",
            self.cards()[-1]["ts"],
            action,
            block_id=None,
            selected=None,
            now=datetime.now(UTC),
        )

    async def press_own(self, person: str, action: str, saying: str = "") -> Outcome:
        """Presses a button in a direct message: the newest with that text and button, once there is one."""

        def offered() -> list[dict[str, Any]]:
            shown = reversed(self.messages("@pgaccess", person))
            return [each for each in shown if saying in words(each) and action in str(each["blocks"])]

        # What became of a request may be said by an earlier message first, which has no button for it.
        await self.until(offered)
        return await self.environment.people.clicks(
            person, channel="@pgaccess", ts=offered()[0]["ts"], action_id=action
        )

    async def submit(self, person: str, **fields: str) -> Outcome:
        """Submits the open form with these fields changed."""
        values = {name: {name: value} for name, value in fields.items()}
        return await self.environment.people.submits(person, values)

    async def approve(self, person: str = "lead", card: int = -1) -> Outcome:
        return await self.press(person, "request.approve", card)

    async def ask_and_open(self, line: str = "/pgaccess mtls add 203.0.113.4") -> None:
        """The main job up to "in force"."""
        await self.ask(line)
        assert (await self.approve()).ok
        await self.until(lambda: self.told("engineer", "can reach"))

    async def connects(self, account: str) -> str:
        """Creates a VPC endpoint for billing, which Amazon accepts a while after Heroku is ready.

        Returns:
            The VPC endpoint's id.
        """
        made: list[Connection] = []

        def known() -> bool:
            with contextlib.suppress(Refused):
                here = datetime.now(UTC)
                made.append(self.environment.heroku.create_vpc_endpoint(DATABASE, account=account, now=here))
            return bool(made)

        await self.until(known)
        return made[0].endpoint_id

    # --- what users see --------------------------------------------------------------------------

    def cards(self) -> list[dict[str, Any]]:
        found = self.messages("#approvals")
        return [m for m in found if not m["ephemeral"] and m["thread_ts"] in (None, m["ts"])]

    def replies(self) -> list[dict[str, Any]]:
        """Messages in threads of the approvals channel."""
        return [m for m in self.messages("#approvals") if m["thread_ts"] not in (None, m["ts"])]

    def card(self) -> str:
        """Text of the newest card; empty without one."""
        return words(self.cards()[-1]) if self.cards() else ""

    def messages(self, channel: str, viewer: str = "lead") -> list[dict[str, Any]]:
        return self.environment.slack.messages(channel, viewer)

    def direct(self, person: str) -> list[str]:
        try:
            return [words(m) for m in self.messages("@pgaccess", person)]
        except KeyError:
            return []

    def told(self, person: str, what: str) -> list[str]:
        """Direct messages that contain a text."""
        return [said for said in self.direct(person) if what in said]

    def private(self, person: str) -> list[str]:
        """Ephemeral messages of a person."""
        return [words(m) for m in self.environment.slack.ephemerals(person)]

    def everything(self) -> dict[str, list[str]]:
        return {
            "approvals": [words(m) for m in self.messages("#approvals")],
            "engineer": self.direct("engineer"),
            "operations": [words(m) for m in self.messages("#operations")],
        }

    def rules(self, database: str = DATABASE) -> list[str]:
        return [rule.cidr for rule in self.environment.heroku.rules(database, now=datetime.now(UTC))]

    def ours(self, database: str = DATABASE) -> list[str]:
        found = self.environment.heroku.rules(database, now=datetime.now(UTC))
        return [rule.cidr for rule in found if rule.description.startswith("pgaccess/")]

    def calls(self, pattern: str) -> list[str]:
        """Calls that reached Heroku, as ``METHOD /path``."""
        made = [f"{entry.method} {entry.path}" for entry in self.environment.heroku.request_log]
        return [call for call in made if re.search(pattern, call)]

    def last_shown(self) -> dict[str, list[str]]:
        """The newest messages that everybody sees, short enough for a test report."""
        return {where: [said[:200] for said in shown[-3:]] for where, shown in self.everything().items()}

    # --- the store -------------------------------------------------------------------------------

    async def query(self, sql: str) -> list[Any]:
        """Reads or changes the store directly, for example to move Postgres' time for one row."""
        async with self.environment.app.store.transaction() as tx:
            connection = await tx._connection.execution_options(no_parameters=True)
            result = await connection.exec_driver_sql(sql)
            rows = list(result.all()) if result.returns_rows else []
            await connection.commit()
            return rows

    async def states(self) -> list[str]:
        rows = await self.query(
            "SELECT COALESCE(g.state, r.state) FROM requests r "
            "LEFT JOIN grants g ON g.request_id = r.id ORDER BY r.id"
        )
        return [row[0] for row in rows]


def words(message: dict[str, Any]) -> str:
    """All text of a message, blocks included, as one string."""
    said = [message.get("text") or ""]

    def read(part: Any) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("text"), str):
                said.append(part["text"])
            for value in part.values():
                read(value)
        elif isinstance(part, list):
            for value in part:
                read(value)

    read(message.get("blocks") or [])
    return "\n".join(said)
