"""Default state of the emulated Heroku, for the demo and the acceptance tests."""

from datetime import UTC, datetime, timedelta
from typing import Final

from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.model.certificates import VALIDITY
from sandbox.heroku.model.resources import LONG_AGO

SPACE: Final = "acme-private"
DATABASE: Final = "postgresql-curved-12345"
"""Add-on of the app ``billing``."""

SECOND_DATABASE: Final = "postgresql-graceful-54321"
"""Add-on of the app ``ledger``."""

OFFICE: Final = "198.51.100.0/24"
"""Allowed by a rule that exists from the start."""

CERTIFICATE_LEFT: Final = timedelta(days=300)
"""Remaining validity of each database's client certificate, long enough for the demo not to warn of it."""

MAX_DATABASES: Final = 2
"""Largest number of databases in the Private Space."""


def default_world(
    *,
    token: str,
    databases: int = 1,
    behavior: Behavior | None = None,
    times: TransitionTimes | None = None,
    seed: int = 1,
    now: datetime | None = None,
) -> HerokuEmulator:
    """Return a Heroku with a Private Space with one or two databases, and an app in the Common Runtime.

    Args:
        token: The API token.
        databases: Number in the Private Space, from 1 to `MAX_DATABASES`.
        behavior: See `HerokuEmulator`.
        times: See `HerokuEmulator`.
        seed: See `HerokuEmulator`.
        now: Moment from which the validity of certificates counts; the present if None.

    Raises:
        ValueError: The number of databases is out of range.
    """
    heroku = HerokuEmulator(token=token, behavior=behavior, times=times, seed=seed)
    populate(heroku, databases=databases, now=now)
    return heroku


def populate(heroku: HerokuEmulator, *, databases: int = 1, now: datetime | None = None) -> None:
    """Add the default resources to an empty account; arguments and errors as of `default_world`."""
    if not 1 <= databases <= MAX_DATABASES:
        raise ValueError(f"there can be 1 to {MAX_DATABASES} databases")
    heroku.add_space(SPACE, trusted=(OFFICE,))
    heroku.trust_for_data_services(SPACE)
    _private(heroku, "billing", DATABASE, plan="heroku-postgresql:private-4")
    heroku.add_rule_externally(DATABASE, OFFICE, "office", now=LONG_AGO)
    if databases > 1:
        _private(heroku, "ledger", SECOND_DATABASE, plan="heroku-postgresql:private-0")
    end = (now or datetime.now(UTC)) + CERTIFICATE_LEFT
    for database in (DATABASE, SECOND_DATABASE)[:databases]:
        heroku.add_certificate_externally(database, expires_at=end, now=end - VALIDITY)
    heroku.add_app("website", space=None)
    heroku.add_database("postgresql-shallow-67890", app="website", plan="heroku-postgresql:standard-0")


def _private(heroku: HerokuEmulator, app: str, database: str, *, plan: str) -> None:
    heroku.add_app(app, space=SPACE)
    heroku.add_database(database, app=app, plan=plan, tls_endpoint="Operational")
