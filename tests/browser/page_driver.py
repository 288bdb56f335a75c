"""The emulated world behind the page, and the people before it."""

import contextlib
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal

from sandbox.environment import Environment, start_environment
from sandbox.heroku.emulator import HerokuEmulator
from tests.browser.slack import Person, World
from tests.flow.actions import Acts


class Session:
    """A stage on a thread of its own, and everybody who came to see it.

    Args:
        browser: a Chromium.
        stage: with the bot at work.
        portal: to the thread of the stage.
    """

    def __init__(self, browser: Any, environment: Environment, portal: BlockingPortal) -> None:
        self._browser = browser
        self._environment = environment
        self._portal = portal
        self._people: dict[str, Person] = {}

    def person(self, name: str) -> Person:
        """Somebody at their window, which opens when they are first spoken of."""
        if name not in self._people:
            self._people[name] = Person(self._browser, self._environment.slack.base_url, name)
        return self._people[name]

    @property
    def engineer(self) -> Person:
        """Who asks."""
        return self.person("engineer")

    @property
    def colleague(self) -> Person:
        """Who asks too, and reads Japanese."""
        return self.person("engineer-2")

    @property
    def lead(self) -> Person:
        """Who decides."""
        return self.person("lead")

    @property
    def second_lead(self) -> Person:
        """Who decides too, and reads Japanese."""
        return self.person("lead-2")

    @property
    def guest(self) -> Person:
        """Who may only watch."""
        return self.person("guest")

    @property
    def world(self) -> World:
        """Heroku, time and outages, as the engineer's window shows them."""
        return World(self.engineer.page)

    def moves_time(self, by: timedelta) -> None:
        """Moves business time further than the page's buttons do."""
        self._portal.call(self._environment.move_time, by)

    def asked(self, request_input: str) -> int:
        """The engineer asks for an address of the test's own, and the lead sees it.

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
        """The main job up to "in force"; as of `asked`."""
        number = self.asked(request_input)
        self.lead.presses("Approve", on=f"#{number} is waiting for approval from")
        self.lead.sees(f"#{number} in force since")
        return number

    def resets(self) -> None:
        """Clears away what a test before may have left in the way: open forms, bad outages."""
        for person in self._people.values():
            person.resets()
        self._environment.faults.clear()

    def leave(self) -> None:
        """Everybody goes home."""
        with contextlib.ExitStack() as stack:
            for person in self._people.values():
                stack.callback(person.leaves)


@contextlib.contextmanager
def open_session(
    browser: Any, database_url: str, heroku: HerokuEmulator, policy: str, *, probes: bool = False
) -> Iterator[Session]:
    """Puts up a stage and gives the people before it; ends by asking each window whether all was well.

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
