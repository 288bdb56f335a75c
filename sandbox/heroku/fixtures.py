"""The world that the demo and the acceptance tests begin with."""

from datetime import UTC, datetime, timedelta
from typing import Final

from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.model.certificates import VALIDITY
from sandbox.heroku.model.resources import LONG_AGO

SPACE: Final = "acme-private"
DATABASE: Final = "postgresql-curved-12345"
"""The add-on of the app ``billing``."""

SECOND_DATABASE: Final = "postgresql-graceful-54321"
"""The add-on of the app ``ledger``."""

OFFICE: Final = "198.51.100.0/24"
"""Let in by somebody long before pgaccess came."""

CERTIFICATE_LEFT: Final = timedelta(days=300)
"""What is left of each database's client certificate: nobody who tries this world has to renew it."""

MOST: Final = 2
"""Private databases that this world can have."""


def default_world(
    *,
    token: str,
    databases: int = 1,
    behavior: Behavior | None = None,
    times: TransitionTimes | None = None,
    seed: int = 1,
    now: datetime | None = None,
) -> HerokuEmulator:
    """Return a Private Space with one or two databases, and an app that has nothing to do with it.

    Args:
        token: The API token.
        databases: In the Private Space, from 1 to `MOST`.
        switches: As of `HerokuEmulator`.
        pace: As of `HerokuEmulator`.
        seed: As of `HerokuEmulator`.
        now: The moment that the certificates' days are counted from; the present if None.

    Raises:
        ValueError: This world cannot have so many databases.
    """
    heroku = HerokuEmulator(token=token, behavior=behavior, times=times, seed=seed)
    furnish(heroku, databases=databases, now=now)
    return heroku


def furnish(heroku: HerokuEmulator, *, databases: int = 1, now: datetime | None = None) -> None:
    """Put the default world's things into an empty account; arguments and errors as of `default_world`."""
    if not 1 <= databases <= MOST:
        raise ValueError(f"this world has 1 to {MOST} databases")
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
