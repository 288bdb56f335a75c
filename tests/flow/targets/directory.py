"""What users see of targets, and what others do to them at Heroku."""

from typing import Any, Final

from sandbox.heroku.emulator import HerokuEmulator
from tests.flow.actions import Acts, words

RULES: Final = """
[[rules]]
name = "production"
environments = ["production"]
approvers = ["S0LEADS"]
approvals = 2
longest_duration = "8h"
minimum_reason = 5

[[rules]]
name = "everything else"
environments = ["default"]
approvers = ["U0LEAD"]
longest_duration = "5d"
permanent = true
"""
"""Two people decide on production, for at most 8 hours; one on everything else."""

CHANNELS: Final = """
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
unmatched = "default"
"""

POLICY: Final = f"""{CHANNELS}
admins = ["U0LEAD"]

[targets.money]
database = "postgresql-curved-12345"
environment = "production"
{RULES}"""

LONG: Final = "mtls add 203.0.113.4 to {target} for 5d"
"""What only the lax rule allows."""

ALLOWED: Final = "mtls add 203.0.113.4 to {target} for 8h because a migration"


class Directory(Acts):
    """Actions and assertions about targets."""

    _asked = 0

    @property
    def heroku(self) -> HerokuEmulator:
        return self.environment.heroku

    async def discover(self) -> None:
        """Has the bot read at Heroku which databases and spaces there are, and observe them."""
        await self.read_targets()
        await self.settle()

    async def read_targets(self) -> None:
        """Has the bot read at Heroku which databases and spaces there are."""
        await self.query("UPDATE periodic_tasks SET due_at = now() WHERE name = 'databases'")

        async def done() -> bool:
            await self.environment.app.directory_sync().run_due()
            rows = await self.query(
                "SELECT 1 FROM periodic_tasks WHERE name = 'databases' AND due_at > now() + interval '5 min'"
            )
            return bool(rows)

        await self.until(done)

    def operations(self) -> list[str]:
        """What the operations channel shows."""
        return [words(message) for message in self.messages("#operations", "lead")]

    def renames(self) -> list[str]:
        return [said.split("\n")[0] for said in self.operations() if "is now called" in said]

    def offers(self) -> list[dict[str, Any]]:
        """Messages that have a button to answer what has replaced another."""
        shown = self.messages("#operations", "lead")
        return [message for message in shown if "target.replace" in str(message["blocks"])]

    async def offered(self) -> dict[str, Any]:
        await self.until(self.offers)
        return self.offers()[-1]

    async def tell(self, person: str, action: str, message: dict[str, Any] | None = None) -> str:
        """Presses a button of an offer, and returns the private answer."""
        message = message or await self.offered()
        heard = len(self.private(person))
        outcome = await self.environment.people.clicks(
            person, channel="#operations", ts=message["ts"], action_id=action
        )
        assert outcome.ok, outcome
        await self.until(lambda: len(self.private(person)) > heard)
        return self.private(person)[-1]

    async def ask_and_open_twice(self) -> None:
        """Access to production, which two people have approved."""
        await self.ask(f"/pgaccess {self._for_another_address(ALLOWED.format(target='money'))}")
        for person in ("lead", "lead-2"):
            assert (await self.approve(person)).ok
        await self.until(lambda: self.told("engineer", "can reach"))

    async def refused(self, line: str, person: str = "engineer") -> str:
        """Types a line that is refused, and returns the answer."""
        before, heard = await self.count(), len(self.private(person))
        await self.type(person, f"/pgaccess {self._for_another_address(line)}")
        await self.until(lambda: len(self.private(person)) > heard)
        assert await self.count() == before
        return self.private(person)[-1]

    def _for_another_address(self, line: str) -> str:
        """Returns a line for an address of its own: what somebody has asked for already is not judged."""
        self._asked += 1
        return line.replace("203.0.113.4 ", f"203.0.113.{3 + self._asked} ")

    async def count(self) -> int:
        return int((await self.query("SELECT count(*) FROM requests"))[0][0])

    async def judged(self, line: str, person: str = "engineer") -> tuple[str, int, str]:
        """Asks for something, and returns its rule, how many approvals it needs, and its add-on's name."""
        await self.ask(f"/pgaccess {self._for_another_address(line)}", person)
        rows = await self.query(
            "SELECT r.rule, r.required_approvals, t.name FROM requests r "
            "JOIN targets t ON t.id = r.target_id ORDER BY r.id DESC LIMIT 1"
        )
        rule, needed, name = rows[0]
        return rule, needed, name
