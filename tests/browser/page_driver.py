"""An environment with the page, and browser windows of its people."""

import contextlib
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal

from sandbox.environment import Environment, start_environment
from sandbox.heroku.emulator import HerokuEmulator
from tests.browser.slack import ControlPanel, Person
from tests.flow.actions import Acts


class Session:
    """An environment in a thread of its own, and the windows of its people.

    Args:
        browser: A Chromium.
        environment: The environment, with the bot running.
        portal: Portal to the environment's thread.
    """

    def __init__(self, browser: Any, environment: Environment, portal: BlockingPortal) -> None:
        self._browser = browser
        self._environment = environment
        self._portal = portal
        self._people: dict[str, Person] = {}

    def person(self, name: str) -> Person:
        """Return a person at their window, which is opened on first use."""
        if name not in self._people:
            self._people[name] = Person(self._browser, self._environment.slack.base_url, name)
        return self._people[name]

    @property
    def engineer(self) -> Person:
        """A requester."""
        return self.person("engineer")

    @property
    def colleague(self) -> Person:
        """A requester who reads Japanese."""
        return self.person("engineer-2")

    @property
    def lead(self) -> Person:
        """An approver."""
        return self.person("lead")

    @property
    def second_lead(self) -> Person:
        """An approver who reads Japanese."""
        return self.person("lead-2")

    @property
    def guest(self) -> Person:
        """A guest, who may neither request nor approve."""
        return self.person("guest")

    @property
    def panel(self) -> ControlPanel:
        """The control panel in the engineer's window."""
        return ControlPanel(self.engineer.page)

    def moves_time(self, by: timedelta) -> None:
        """Move business time further than the page's buttons do."""
        self._portal.call(self._environment.move_time, by)

    def asked(self, request_input: str) -> int:
        """Request an address as the engineer, and wait until the lead sees the card.

        Args:
            request_input: what comes after ``/pgaccess mtls add``, the address first.

        Returns:
            The request's number.
        """
        address = request_input.split()[0]
        network = address if "/" in address else f"{address}/32"
        self.engineer.types(f"/pgaccess mtls add {request_input}")
        number = int(self.engineer.is_told(re.compile(rf"Request #(\d+) submitted:\s+{network} ")))
        self.lead.sees(f"#{number} is waiting for approval from", place="approvals")
        return number

    def opened(self, request_input: str) -> int:
        """Request and approve an address, and wait until it is in force; arguments as of `asked`."""
        number = self.asked(request_input)
        self.lead.presses("Approve", on=f"#{number} is waiting for approval from")
        self.lead.sees(f"#{number} in force since")
        return number

    def resets(self) -> None:
        """Remove what an earlier test left behind: open forms and outages."""
        for person in self._people.values():
            person.resets()
        self._environment.faults.clear()

    def leave(self) -> None:
        """Close every window."""
        with contextlib.ExitStack() as stack:
            for person in self._people.values():
                stack.callback(person.leaves)


@contextlib.contextmanager
def open_session(
    browser: Any, database_url: str, heroku: HerokuEmulator, policy: str, *, probes: bool = False
) -> Iterator[Session]:
    """Start an environment; at the end every window is checked for browser errors.

    Args:
        browser: a Chromium.
        database_url: a migrated database.
        heroku: with whatever is there at the start.
        policy: as TOML.
        probes: whether the bot may test new certificates.
    """
    with start_blocking_portal() as portal:
        coming = start_environment(database_url, heroku, policy=policy, probes=probes)
        with portal.wrap_async_context_manager(coming) as environment:
            portal.call(Acts(environment).settle)
            session = Session(browser, environment, portal)
            try:
                yield session
            finally:
                session.leave()
