"""What anybody may see of the played Heroku at one moment, as JSON for the page and for tests."""

from datetime import datetime
from typing import Final

from sandbox.heroku.account import Account
from sandbox.heroku.exchange import Json
from sandbox.heroku.journal import Journal
from sandbox.heroku.things import Database, Rule

CALLS: Final = 30
"""How many of the latest calls are shown."""


def snapshot(account: Account, journal: Journal, now: datetime) -> Json:
    """Return spaces, databases with their rules, and the latest calls, newest last."""
    return {
        "spaces": [
            {"name": space.name, "region": space.region, "shield": space.shield}
            for space in account.spaces.values()
        ],
        "databases": [_database(database, now) for database in account.databases.values()],
        "calls": [entry.line() for entry in journal.last(CALLS)],
    }


def _database(database: Database, now: datetime) -> Json:
    endpoint, space = database.endpoint_at(now), database.app.space
    return {
        "name": database.name,
        "app": database.app.name,
        "space": space.name if space else None,
        "plan": database.plan,
        "tls_endpoint": endpoint.status(now) if endpoint else None,
        "rules": [shown(rule) for rule in database.rules_at(now)],
    }


def shown(rule: Rule) -> Json:
    """Return a rule, its time in ISO 8601 whatever the Data API writes."""
    return {
        "id": str(rule.id),
        "cidr": rule.cidr,
        "description": rule.description,
        "status": rule.status,
        "created_at": rule.created_at.isoformat(),
    }
