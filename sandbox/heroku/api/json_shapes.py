"""JSON representations of resources, field for field as Heroku's.

Facts: the Platform API's hyper-schema (heroku/platform-api, 2026-02) for spaces, apps and add-ons; the
samples published with herokux (2020-09) for the mTLS API, where ``app`` and ``addon`` are plain names and
times come in several spellings.
"""

from datetime import datetime
from typing import Final

from sandbox.heroku.behavior import Dates
from sandbox.heroku.http_types import Json
from sandbox.heroku.model.account import EMAIL
from sandbox.heroku.model.certificates import Certificate
from sandbox.heroku.model.resources import App, Attachment, Database, Endpoint, Rule, Space, lasting_id

TEAM: Final = "acme"
_GENERATION: Final = "cedar"
_CIDR, _DATA_CIDR = "10.0.0.0/16", "10.1.0.0/16"
"""Heroku's defaults of a space's networks."""


def named(kind: str, name: str) -> Json:
    """Return a reference by id and name."""
    return {"id": str(lasting_id(kind, name)), "name": name}


def called(thing: Space | App | Database) -> Json:
    """Return a reference by id and present name."""
    return {"id": str(thing.id), "name": thing.name}


def platform_time(moment: datetime) -> str:
    """Return a time as the Platform API writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def data_time(moment: datetime, dates: Dates) -> str:
    """Return a time as the Data API writes it, in one of its spellings."""
    if dates == "rfc3339":
        return moment.isoformat(timespec="milliseconds")
    return f"{moment:%Y-%m-%d %H:%M:%S} {'+0000' if dates == 'offset' else 'UTC'}"


def account() -> Json:
    """Return the account."""
    return {"id": str(lasting_id("account", EMAIL)), "email": EMAIL, "name": "operations", "verified": True}


def space(thing: Space) -> Json:
    """Return a space."""
    return {
        **called(thing),
        "shield": thing.shield,
        "state": thing.state,
        "region": named("region", thing.region),
        "team": named("team", TEAM),
        "organization": {"name": TEAM},
        "cidr": _CIDR,
        "data_cidr": _DATA_CIDR,
        "generation": named("generation", thing.generation),
        "created_at": platform_time(thing.created_at),
        "updated_at": platform_time(thing.created_at),
    }


def nat(thing: Space) -> Json:
    """Return a space's outbound addresses, which it has once they are enabled, in a documentation network."""
    first = 1 + thing.id.int % 80 * 3
    addresses = [f"192.0.2.{first + number}" for number in range(3)]
    return {
        "sources": addresses if thing.nat == "enabled" else [],
        "state": thing.nat,
        "created_at": platform_time(thing.created_at),
        "updated_at": platform_time(thing.created_at),
    }


def app(thing: App) -> Json:
    """Return an app; its space is null in the Common Runtime."""
    home = thing.space
    return {
        **called(thing),
        "space": {**called(home), "shield": home.shield} if home else None,
        "region": named("region", thing.region),
        "team": named("team", TEAM),
        "generation": named("generation", home.generation if home else _GENERATION),
        "owner": {"id": str(lasting_id("account", EMAIL)), "email": EMAIL},
        "maintenance": False,
        "created_at": platform_time(thing.created_at),
        "updated_at": platform_time(thing.created_at),
    }


def addon(thing: Database) -> Json:
    """Return an add-on."""
    owner = called(thing.app)
    return {
        **called(thing),
        "state": thing.state,
        "plan": named("plan", thing.plan),
        "addon_service": named("addon_service", thing.service),
        "app": owner,
        "billing_entity": {**owner, "type": "app"},
        "billed_price": None,
        "config_vars": list(thing.config_vars),
        "provider_id": str(lasting_id("provider", thing.born)),
        "web_url": f"https://addons-sso.heroku.com/apps/{owner['id']}/addons/{thing.id}",
        "created_at": platform_time(thing.created_at),
        "updated_at": platform_time(thing.created_at),
    }


def attachment(addon: Database, thing: Attachment) -> Json:
    """Return an attachment; ``namespace`` is null for the default credential."""
    reference = {"id": str(thing.id), "name": thing.name}
    web = f"https://addons-sso.heroku.com/apps/{thing.app.id}/addons/{addon.id}"
    return {
        **reference,
        "addon": {**called(addon), "app": called(addon.app)},
        "app": called(thing.app),
        "namespace": thing.namespace,
        "web_url": web,
        "log_input_url": None,
        "created_at": platform_time(addon.created_at),
        "updated_at": platform_time(addon.created_at),
    }


def connection(thing: Database) -> str:
    """Return the URL in a database's config vars."""
    user, password, base = (f"{part}{thing.id.hex[:12]}" for part in ("u", "p", "d"))
    return f"postgres://{user}:{password}@{thing.server or f'{thing.born}.emulated.example:5432'}/{base}"


def rule(thing: Rule, dates: Dates) -> Json:
    """Return an IP rule."""
    return {
        "id": str(thing.id),
        "cidr": thing.cidr,
        "description": thing.description,
        "status": thing.status,
        "created_at": data_time(thing.created_at, dates),
        "updated_at": data_time(thing.updated_at, dates),
    }


def certificate(thing: Certificate, dates: Dates) -> Json:
    """Return a client certificate as the list shows it: without its private key and chain."""
    end = thing.shown_end
    return {
        "id": str(thing.id),
        "name": thing.name,
        "status": thing.status,
        "created_at": data_time(thing.created_at, dates),
        "updated_at": data_time(thing.updated_at, dates),
        "expires_at": data_time(end, dates) if end else None,
    }


def endpoint(database: Database, thing: Endpoint, dates: Dates, now: datetime) -> Json:
    """Return an mTLS endpoint; the CA is absent until the endpoint is operational."""
    status = thing.status(now)
    shown: Json = {
        "app": database.app.name,
        "addon": database.name,
        "status": status,
        "enabled_by": EMAIL,
        "active_ip_rules": [
            rule(each, dates) for each in database.rules_at(now) if each.status == "Authorized"
        ],
    }
    return (
        shown
        if status == "Provisioning"
        else shown | {"certificate_authority_chain": thing.server.certificate}
    )
