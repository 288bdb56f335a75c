"""State of the emulated Heroku at a moment, as JSON for the page and for tests."""

from datetime import datetime
from typing import Final

from sandbox.heroku.api.privatelink_json import connection
from sandbox.heroku.behavior import Behavior
from sandbox.heroku.http_types import Json
from sandbox.heroku.model.account import Account
from sandbox.heroku.model.certificates import Certificate
from sandbox.heroku.model.privatelink import Connection, PrivateLink
from sandbox.heroku.model.resources import Database, Rule, Space
from sandbox.heroku.model.ruleset_lifecycle import in_force
from sandbox.heroku.model.rulesets import Range, Ruleset
from sandbox.heroku.request_log import RequestLog

CALLS: Final = 30
"""Number of latest calls in a snapshot."""

HISTORY: Final = 5
"""Number of earlier rulesets of a space in a snapshot."""


def snapshot(account: Account, request_log: RequestLog, now: datetime) -> Json:
    """Return spaces with their rulesets, databases with their rules, and the latest calls.

    A space's history begins with the ruleset before the current one; the newest call is the last.
    """
    return {
        "spaces": [_space(space, now) for space in account.spaces.values()],
        "databases": [_database(database, account.behavior, now) for database in account.databases.values()],
        "calls": [entry.line() for entry in request_log.last(CALLS)],
    }


def _space(space: Space, now: datetime) -> Json:
    latest = space.rulesets[:-1][: -HISTORY - 1 : -1]
    return {
        "name": space.name,
        "region": space.region,
        "shield": space.shield,
        "generation": space.generation,
        "state": space.state,
        "data_services": space.data_services,
        "ruleset": shown_ruleset(space.rulesets[-1], now),
        "in_force": [shown_range(each) for each in in_force(space, now)],
        "history": [shown_ruleset(ruleset, now) for ruleset in latest],
    }


def shown_ruleset(ruleset: Ruleset, now: datetime) -> Json:
    """Return a ruleset, and whether it is in force whatever the API says of it."""
    return {
        "id": str(ruleset.id),
        "created_at": ruleset.created_at.isoformat(),
        "created_by": ruleset.created_by,
        "applied": ruleset.applied(now),
        "rules": [shown_range(each) for each in ruleset.rules],
    }


def shown_range(rule: Range) -> Json:
    """Return a trusted IP range."""
    return {"action": rule.action, "source": rule.source}


def _database(database: Database, behavior: Behavior, now: datetime) -> Json:
    endpoint, link, space = database.endpoint_at(now), database.link_at(now), database.app.space
    return {
        "name": database.name,
        "app": database.app.name,
        "space": space.name if space else None,
        "plan": database.plan,
        "tls_endpoint": endpoint.status(now) if endpoint else None,
        "rules": [shown(rule) for rule in database.rules_at(now)],
        "certificates": [shown_certificate(each.at(now)) for each in database.certificates_at(now)],
        "privatelink": shown_link(link, behavior, now) if link else None,
    }


def shown(rule: Rule) -> Json:
    """Return a rule, its time in ISO 8601 whatever format the Data API uses."""
    return {
        "id": str(rule.id),
        "cidr": rule.cidr,
        "description": rule.description,
        "status": rule.status,
        "created_at": rule.created_at.isoformat(),
    }


def shown_certificate(certificate: Certificate) -> Json:
    """Return a client certificate without its key, its expiry in ISO 8601; null while it is pending."""
    end = certificate.shown_end
    return {
        "id": str(certificate.id),
        "name": certificate.name,
        "status": certificate.status,
        "expires_at": end.isoformat() if end else None,
    }


def shown_link(link: PrivateLink, behavior: Behavior, now: datetime) -> Json:
    """Return a PrivateLink endpoint, with its service name once it is operational."""
    status = link.status(now)
    return {
        "status": status,
        "service_name": None if status == "Provisioning" else link.service_name,
        "accounts": [{"arn": each.arn, "status": each.status(now)} for each in link.accounts.values()],
        "connections": [shown_connection(each, behavior, now) for each in link.connections.values()],
    }


def shown_connection(vpc_endpoint: Connection, behavior: Behavior, now: datetime) -> Json:
    """Return a customer's VPC endpoint, and whether config vars name it."""
    return {**connection(vpc_endpoint, behavior, now), "announced": now >= vpc_endpoint.announced_at}
