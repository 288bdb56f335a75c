"""A shared environment for jobs under different behaviors of Heroku, reset before each job."""

import re
import time
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from sandbox.environment import HEROKU_TOKEN, Environment
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import DATABASE, OFFICE, SPACE, populate
from sandbox.heroku.http_types import Answer, Request
from sandbox.heroku.model.privatelink import PrivateLink
from sandbox.heroku.request_log import LoggedRequest
from sandbox.slack.web_api import errors as slack_rules
from tests.flow.actions import Acts, words

TIMES = TransitionTimes.of(0.1)
"""Long enough for "not yet" to be observed, short enough for many jobs."""

A_WHILE = timedelta(minutes=16)
"""A little longer than every grant of these jobs."""

BETWEEN_LOOKS = 0.1
"""Seconds after which the bot is made to observe again."""

Meddling = Callable[[], object]


class MeddledHeroku(HerokuEmulator):
    """The default fixtures, with external changes just before a call arrives."""

    def __init__(self) -> None:
        super().__init__(token=HEROKU_TOKEN, times=TIMES)
        self._meddling: dict[str, Meddling] = {}
        populate(self)

    def before(self, call: str, act: Meddling) -> None:
        """Runs an external change once, before the next call that matches (``METHOD /path``, a pattern)."""
        self._meddling[call] = act

    def leave_only(self, cidr: str) -> None:
        """Removes every rule but those for one network."""
        for rule in self.rules(DATABASE, now=now()):
            if rule.cidr != cidr:
                self.delete_rule_externally(DATABASE, rule.id, now=now())

    def leave_alone(self) -> None:
        """Cancels pending external changes."""
        self._meddling.clear()

    def answer(self, request: Request, *, now: datetime) -> Answer:
        for call in list(self._meddling):
            if re.search(call, f"{request.method} {request.path}"):
                self._meddling.pop(call)()
        return super().answer(request, now=now)


class Switched(Acts):
    """User actions in an environment that other jobs have used: each job has requests and names of its own.

    Attributes:
        heroku: the stage's.
        impatient: between two looks so much time goes by that a list is written again, a rule whose answer
            was not clear is added again, and all calls of an hour are there again.
    """

    def __init__(self, environment: Environment, heroku: MeddledHeroku) -> None:
        super().__init__(environment)
        self.heroku = heroku
        self.impatient = False
        self._numbers = count(10)
        self._before = (0, 0, 0)
        self._nudged = 0.0

    async def begin(self, **settings: object) -> None:
        """Resets Heroku, except for its certificates, and sets its behavior."""
        self.heroku.leave_alone()
        self.heroku.clear_faults()
        self.heroku.set_behavior(**{each.name: each.default for each in fields(Behavior)})
        self.heroku.set_times(TIMES)
        self.impatient = False
        await self._refill()
        await self.until(self.has_mtls)
        self.close_privatelink()
        self.heroku.leave_only(OFFICE)
        self.write_list(OFFICE)
        await self.observed()
        self.heroku.set_behavior(**settings)
        self.environment.slack.set_behavior(
            **{each.name: getattr(slack_rules.Behavior(), each.name) for each in fields(slack_rules.Behavior)}
        )
        self._before = self._marks()

    async def nudge(self) -> None:
        """Makes every observation due, unless done just now: every observation costs calls."""
        if time.monotonic() > self._nudged + BETWEEN_LOOKS:
            self._nudged = time.monotonic()
            await self.environment.refresh_everything()

    async def _refill(self) -> None:
        """Refills the rate budget: many jobs make more calls than an hour allows."""
        await self.query("UPDATE rate_budget SET tokens = 4500, observations = 1500")

    def _marks(self) -> tuple[int, int, int]:
        """Counts the messages to the engineer and to operations, and the calls to Heroku."""
        told = len(self.direct("engineer")), len(self.everything()["operations"])
        return (*told, len(self.heroku.request_log))

    def told(self, person: str, what: str) -> list[str]:
        """Direct messages of this job that contain a text."""
        assert person == "engineer"
        return [said for said in self.direct(person)[self._before[0] :] if what in said]

    def heard(self, what: str) -> int:
        """Counts the messages of this job to operations that contain a text."""
        return sum(what in said for said in self.everything()["operations"][self._before[1] :])

    def calls(self, pattern: str) -> list[str]:
        """Calls of this job that reached Heroku, as ``METHOD /path``."""
        made = [f"{entry.method} {entry.path}" for entry in self._answered()]
        return [call for call in made if re.search(pattern, call)]

    def answers(self, pattern: str) -> list[int]:
        """Statuses of Heroku's answers to matching calls of this job."""
        return [
            entry.status for entry in self._answered() if re.search(pattern, f"{entry.method} {entry.path}")
        ]

    def _answered(self) -> list[LoggedRequest]:
        return list(self.heroku.request_log)[self._before[2] :]

    def has_mtls(self) -> bool:
        """Whether mTLS exists; enables it at once where it is off."""
        if self.mtls_status() is None:
            self.heroku.set_times(TransitionTimes.of(0))
            self.heroku.enable_mtls_externally(DATABASE, now=now())
            self.heroku.set_times(TIMES)
        return self.mtls_status() == "Operational"

    def close_privatelink(self) -> None:
        """Removes the PrivateLink at once, as somebody else."""
        if self.link() is not None:
            self.heroku.set_times(TransitionTimes.of(0))
            self.heroku.destroy_privatelink_externally(DATABASE, now=now())
            self.heroku.set_times(TIMES)

    async def observed(self) -> None:
        """Waits until the present state was observed: by the run after the one that may be in progress."""
        for _ in range(2):
            await self._looked_again()

    async def _looked_again(self) -> None:
        ((moment,),) = await self.query("SELECT clock_timestamp()")

        async def seen() -> bool:
            await self.nudge()
            ((oldest,),) = await self.query(
                "SELECT min(observed_at) FROM reconcile_queue JOIN targets ON targets.id = target_id "
                f"WHERE name IN ('{DATABASE}', '{SPACE}')"
            )
            return bool(oldest > moment)

        await self.until(seen)

    def address(self) -> str:
        """An address that no other job used, as a network."""
        return f"203.0.113.{next(self._numbers)}/32"

    def account(self) -> str:
        """An AWS account that no other job used."""
        return f"1234567890{next(self._numbers):02}"

    async def is_supported(self) -> None:
        """Records that Heroku Support has enabled data services in the space, as an admin."""
        number = await self.approved(f"trusted add {self.address()} to {SPACE} for 15m because of a BI tool")
        await self.until(self.replies)
        pressed = await self.environment.people.clicks(
            "lead", channel="#approvals", ts=self.replies()[-1]["ts"], action_id="space.support_done"
        )
        assert pressed.ok, pressed
        await self.hears("is allowed to the whole space")
        await self.times_out(number)

    # --- requests and decisions --------------------------------------------------------------------

    async def asked(self, request_input: str, person: str = "engineer") -> int:
        """Submits a request, and waits for its card.

        Returns:
            The request's number.
        """
        before = len(self.private(person))
        outcome = await self.type(person, f"/pgaccess {request_input}")
        assert outcome.ok, outcome
        answer = "".join(self.private(person)[before:])
        found = re.search(r"#(\d+)", answer)
        assert found, answer
        number = int(found.group(1))
        await self.until(lambda: f"#{number} is waiting" in self.card_of(number))
        return number

    async def sent(self, person: str, **fields: str) -> int:
        """Submits the open form, and waits for the request's card.

        Returns:
            The request's number.
        """
        ((before,),) = await self.query("SELECT COALESCE(max(id), 0) FROM requests")
        assert (await self.submit(person, **fields)).ok
        number = int(before) + 1
        await self.until(lambda: f"#{number} is waiting" in self.card_of(number))
        return number

    async def decided(self, number: int) -> None:
        """Approves a request."""
        card = next(m for m in self.cards() if f"#{number} is waiting" in words(m))
        pressed = await self.environment.people.clicks(
            "lead", channel="#approvals", ts=card["ts"], action_id="request.approve"
        )
        assert pressed.ok, pressed

    async def approved(self, request_input: str) -> int:
        """Submits and approves a request."""
        number = await self.asked(request_input)
        await self.decided(number)
        return number

    def card_of(self, number: int) -> str:
        """Text of a request's card; empty without one. Its own line begins with an icon."""
        line = re.compile(rf"^:\w+: #{number}\b", re.MULTILINE)
        return next((said for said in map(words, self.cards()) if line.search(said)), "")

    async def soon(self, seen: Callable[[], object]) -> None:
        """Waits until a condition holds, and has the reconciler observe, as time would."""

        async def observed() -> bool:
            if self.impatient:
                await self.query(
                    "UPDATE data_service_access SET written_at = written_at - interval '15 seconds'"
                )
                await self.query("UPDATE mtls_rule_intents SET ambiguous_until = now()")
                await self._refill()
            await self.nudge()
            return bool(seen())

        await self.until(observed)

    async def hears(self, what: str, *, times: int = 1) -> str:
        """Waits until the engineer was sent a text a number of times, and returns the message."""
        await self.soon(lambda: len(self.told("engineer", what)) >= times)
        return self.told("engineer", what)[-1]

    async def times_out(self, number: int) -> str:
        """Lets a grant expire; returns the message that announces its end."""
        await self.environment.move_time(A_WHILE)
        return await self.hears(f"#{number} has ended")

    async def discovered(self, name: str) -> None:
        """Waits until the bot knows a database."""

        async def known() -> bool:
            await self.query("UPDATE periodic_tasks SET due_at = now()")
            await self.nudge()
            sql = (
                "SELECT observation FROM reconcile_queue q JOIN targets t ON t.id = q.target_id "
                f"WHERE t.name = '{name}'"
            )
            observations = await self.query(sql)
            return bool(observations) and all(observation for (observation,) in observations)

        await self.until(known)

    async def without_mtls(self) -> None:
        """Disables mTLS at once, as somebody else, and waits until it was observed."""
        self.heroku.set_times(TransitionTimes.of(0))
        self.heroku.disable_mtls_externally(DATABASE, now=now())
        self.heroku.set_times(TIMES)
        await self.observed()

    async def is_tried(self, number: int) -> None:
        """Waits until the reconciler has tried and failed to end a grant."""

        async def tried() -> bool:
            await self.nudge()
            rows = await self.query(
                "SELECT state FROM grants g JOIN reconcile_queue l USING (target_id, method) "
                f"WHERE request_id = {number} AND failures > 0"
            )
            return rows == [("ending",)]

        await self.until(tried)

    # --- Heroku ----------------------------------------------------------------------------------

    def let_in(self, cidr: str) -> list[str]:
        """Statuses of the rules for a network."""
        return [rule.status for rule in self.heroku.rules(DATABASE, now=now()) if rule.cidr == cidr]

    def sources(self) -> list[str]:
        """The space's list."""
        return [rule.source for rule in self.heroku.ruleset(SPACE).rules]

    def write_list(self, *sources: str) -> None:
        """Writes the space's whole list as somebody else."""
        self.heroku.put_ruleset_externally(SPACE, sources, now=now())

    def is_in_force(self) -> bool:
        """Whether the space's list is applied and not only stored."""
        return self.heroku.ruleset(SPACE).applied(now())

    def ready_certificates(self) -> set[UUID]:
        """Certificates that are valid for connections."""
        found = self.heroku.certificates(DATABASE, now=now())
        return {each.id for each in found if each.status == "ready"}

    def mtls_status(self) -> str | None:
        """The status of mTLS."""
        endpoint = self.heroku._account.addon(DATABASE).endpoint_at(now())
        return None if endpoint is None else endpoint.status(now())

    def connections(self) -> list[str]:
        """Existing VPC endpoints."""
        link = self.link()
        return list(link.connections) if link else []

    def link(self) -> PrivateLink | None:
        """The database's PrivateLink."""
        return self.heroku.privatelink(DATABASE, now=now())

    def accounts(self) -> dict[str, str]:
        """Accounts by number, with their status."""
        link = self.link()
        listed = link.accounts.values() if link else ()
        return {each.arn.split(":")[4]: each.status(now()) for each in listed}


def now() -> datetime:
    """The present, by the clock of Heroku's transitions."""
    return datetime.now(UTC)


__all__ = ["DATABASE", "OFFICE", "SPACE", "TIMES", "MeddledHeroku", "Switched", "now"]
