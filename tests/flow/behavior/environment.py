"""One stage for many ways in which Heroku may answer: a job is done under each, and all is put back."""

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
from sandbox.heroku.fixtures import DATABASE, OFFICE, SPACE, furnish
from sandbox.heroku.http_types import Answer, Request
from sandbox.heroku.model.privatelink import PrivateLink
from sandbox.heroku.request_log import Entry
from sandbox.slack.web_api import errors as slack_rules
from tests.flow.actions import Acts, words

TIMES = TransitionTimes.of(0.1)
"""Long enough for "not yet" to be met, short enough for many jobs."""

A_WHILE = timedelta(minutes=16)
"""A little longer than every grant of these jobs."""

BETWEEN_LOOKS = 0.1
"""Seconds after which the bot is asked to look once more."""

Meddling = Callable[[], object]


class MeddledHeroku(HerokuEmulator):
    """The default world, where somebody else may act just before a call arrives."""

    def __init__(self) -> None:
        super().__init__(token=HEROKU_TOKEN, times=TIMES)
        self._meddling: dict[str, Meddling] = {}
        furnish(self)

    def before(self, call: str, act: Meddling) -> None:
        """Lets somebody act once, before the next call that looks so (``METHOD /path``, a pattern)."""
        self._meddling[call] = act

    def leave_only(self, cidr: str) -> None:
        """Somebody removes every rule but those for one network."""
        for rule in self.rules(DATABASE, now=now()):
            if rule.cidr != cidr:
                self.delete_rule_externally(DATABASE, rule.id, now=now())

    def leave_alone(self) -> None:
        """Nobody meddles any more."""
        self._meddling.clear()

    def answer(self, request: Request, *, now: datetime) -> Answer:
        for call in list(self._meddling):
            if re.search(call, f"{request.method} {request.path}"):
                self._meddling.pop(call)()
        return super().answer(request, now=now)


class Switched(Acts):
    """Hands and eyes on a stage where others have played before: each job has requests and names of its own.

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
        """Puts Heroku back to what it was at first, but for its certificates, and switches it."""
        self.heroku.leave_alone()
        self.heroku.clear_faults()
        self.heroku.switch(**{each.name: each.default for each in fields(Behavior)})
        self.heroku.keep_times(TIMES)
        self.impatient = False
        await self._refill()
        await self.until(self.has_mtls)
        self.close_privatelink()
        self.heroku.leave_only(OFFICE)
        self.write_list(OFFICE)
        await self.observed()
        self.heroku.switch(**settings)
        self.environment.slack.switch(**{each.name: each.default for each in fields(slack_rules.Behavior)})
        self._before = self._marks()

    async def nudge(self) -> None:
        """Has the bot look at everything, unless it was asked to just now: every look costs calls."""
        if time.monotonic() > self._nudged + BETWEEN_LOOKS:
            self._nudged = time.monotonic()
            await self.environment.refresh_everything()

    async def _refill(self) -> None:
        """All tokens are there again: many jobs make more calls than an hour has."""
        await self.query("UPDATE rate_budget SET tokens = 4500, observations = 1500")

    def _marks(self) -> tuple[int, int, int]:
        """How much the engineer and operations were told, and how often Heroku was called."""
        told = len(self.direct("engineer")), len(self.everything()["operations"])
        return (*told, len(self.heroku.request_log))

    def told(self, person: str, what: str) -> list[str]:
        """What somebody was told in this job."""
        assert person == "engineer"
        return [said for said in self.direct(person)[self._before[0] :] if what in said]

    def heard(self, what: str) -> int:
        """How often operations were told something in this job."""
        return sum(what in said for said in self.everything()["operations"][self._before[1] :])

    def calls(self, pattern: str) -> list[str]:
        """Calls of this job that reached Heroku, as ``METHOD /path``."""
        made = [f"{entry.method} {entry.path}" for entry in self._answered()]
        return [call for call in made if re.search(pattern, call)]

    def answers(self, pattern: str) -> list[int]:
        """How Heroku answered such calls of this job: their statuses."""
        return [
            entry.status for entry in self._answered() if re.search(pattern, f"{entry.method} {entry.path}")
        ]

    def _answered(self) -> list[Entry]:
        return list(self.heroku.request_log)[self._before[2] :]

    def has_mtls(self) -> bool:
        """Whether mTLS is there; somebody enables it, at once, where it is off."""
        if self.mtls_status() is None:
            self.heroku.keep_times(TransitionTimes.of(0))
            self.heroku.enable_mtls_externally(DATABASE, now=now())
            self.heroku.keep_times(TIMES)
        return self.mtls_status() == "Operational"

    def close_privatelink(self) -> None:
        """Somebody takes the PrivateLink away, which is gone at once."""
        if self.link() is not None:
            self.heroku.keep_times(TransitionTimes.of(0))
            self.heroku.destroy_privatelink_externally(DATABASE, now=now())
            self.heroku.keep_times(TIMES)

    async def observed(self) -> None:
        """The bot has looked at everything as it is now: the look after the one that may be under way."""
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
        """An address that no other job has had, as a network."""
        return f"203.0.113.{next(self._numbers)}/32"

    def account(self) -> str:
        """An Amazon account that no other job has had."""
        return f"1234567890{next(self._numbers):02}"

    async def is_supported(self) -> None:
        """Heroku's support has opened data services in the space, and an admin has said so."""
        number = await self.approved(f"trusted add {self.address()} to {SPACE} for 15m because of a BI tool")
        await self.until(self.replies)
        pressed = await self.environment.people.clicks(
            "lead", channel="#approvals", ts=self.replies()[-1]["ts"], action_id="space.support_done"
        )
        assert pressed.ok, pressed
        await self.hears("is allowed to the whole space")
        await self.times_out(number)

    # --- asked and decided -----------------------------------------------------------------------

    async def asked(self, request_input: str, person: str = "engineer") -> int:
        """Asks, and waits for the card.

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
        await self.until(lambda: f"#{number} waits" in self.card_of(number))
        return number

    async def sent(self, person: str, **fields: str) -> int:
        """Sends the form that is open, and waits for the card of what is asked.

        Returns:
            The request's number.
        """
        ((before,),) = await self.query("SELECT COALESCE(max(id), 0) FROM requests")
        assert (await self.submit(person, **fields)).ok
        number = int(before) + 1
        await self.until(lambda: f"#{number} waits" in self.card_of(number))
        return number

    async def decided(self, number: int) -> None:
        """Somebody approves."""
        card = next(m for m in self.cards() if f"#{number} waits" in words(m))
        pressed = await self.environment.people.clicks(
            "lead", channel="#approvals", ts=card["ts"], action_id="request.approve"
        )
        assert pressed.ok, pressed

    async def approved(self, request_input: str) -> int:
        """Asks, and somebody approves."""
        number = await self.asked(request_input)
        await self.decided(number)
        return number

    def card_of(self, number: int) -> str:
        """What a request's card says; empty while there is none. Its own line begins with a mark."""
        line = re.compile(rf"^:\w+: #{number}\b", re.MULTILINE)
        return next((said for said in map(words, self.cards()) if line.search(said)), "")

    async def soon(self, seen: Callable[[], object]) -> None:
        """Waits until something is seen; the keeper is asked to look, as time would make it."""

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
        """Waits until the engineer was told something so often, and returns it."""
        await self.soon(lambda: len(self.told("engineer", what)) >= times)
        return self.told("engineer", what)[-1]

    async def times_out(self, number: int) -> str:
        """A grant's time is up; returns how its end is told."""
        await self.environment.move_time(A_WHILE)
        return await self.hears(f"#{number} has ended")

    async def discovered(self, name: str) -> None:
        """The bot has come to know a database."""

        async def known() -> bool:
            await self.query("UPDATE periodic_tasks SET due_at = now()")
            await self.nudge()
            sql = f"SELECT observation FROM reconcile_queue l JOIN targets t ON t.id = l.target_id WHERE t.name = '{name}'"
            observations = await self.query(sql)
            return bool(observations) and all(observation for (observation,) in observations)

        await self.until(known)

    async def without_mtls(self) -> None:
        """Somebody disables mTLS, which is gone at once, and the bot has seen it."""
        self.heroku.keep_times(TransitionTimes.of(0))
        self.heroku.disable_mtls_externally(DATABASE, now=now())
        self.heroku.keep_times(TIMES)
        await self.observed()

    async def is_tried(self, number: int) -> None:
        """The keeper has tried to end a grant, and has not been able to."""

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
        """The statuses of the rules that let a network in."""
        return [rule.status for rule in self.heroku.rules(DATABASE, now=now()) if rule.cidr == cidr]

    def sources(self) -> list[str]:
        """The space's list."""
        return [rule.source for rule in self.heroku.ruleset(SPACE).rules]

    def write_list(self, *sources: str) -> None:
        """Somebody else writes the space's list whole."""
        self.heroku.put_ruleset_externally(SPACE, sources, now=now())

    def is_in_force(self) -> bool:
        """Whether the space's list is not only stored."""
        return self.heroku.ruleset(SPACE).applied(now())

    def ready_certificates(self) -> set[UUID]:
        """Certificates that let somebody in."""
        found = self.heroku.certificates(DATABASE, now=now())
        return {each.id for each in found if each.status == "ready"}

    def mtls_status(self) -> str | None:
        """How mTLS stands."""
        endpoint = self.heroku._account.addon(DATABASE).endpoint_at(now())
        return None if endpoint is None else endpoint.status(now())

    def connections(self) -> list[str]:
        """VPC endpoints that stand."""
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
    """The moment, as Heroku's transitions count it."""
    return datetime.now(UTC)


__all__ = ["DATABASE", "OFFICE", "SPACE", "TIMES", "MeddledHeroku", "Switched", "now"]
